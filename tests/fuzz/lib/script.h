/*
 * An input read as a script: octet by octet, each of which decides something. When it
 * has ended, zeros come.
 */
#ifndef TESTS_FUZZ_SCRIPT_H
#define TESTS_FUZZ_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

struct script {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t script_take(struct script *script)
{
	if (script->left == 0) {
		return 0;
	}
	script->left--;
	return *script->at++;
}

#endif
