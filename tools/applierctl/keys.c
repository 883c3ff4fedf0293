#include "tools/applierctl/keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hex.h"

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "applierctl: %s: %s\n", what, why);
	return -1;
}

static struct applier_key *last_key(struct applier_job *job)
{
	return job->key_count > 0 ? &job->keys[job->key_count - 1] : NULL;
}

int keys_add(struct applier_job *job, const char *ckn)
{
	struct applier_key *key = &job->keys[job->key_count];
	int len;

	if (job->key_count == APPLIER_KEYS_MAX) {
		return complain(ckn, "one key too many");
	}
	len = hex_decode(ckn, strlen(ckn), key->ckn, sizeof(key->ckn));
	if (len <= 0) {
		return complain(ckn, "a CKN is 2 to 64 hex digits");
	}
	key->ckn_len = (size_t)len;
	job->key_count++;
	return 0;
}

int keys_read_cak(struct applier_job *job, const char *path)
{
	struct applier_key *key = last_key(job);
	char text[2 * SECRET_MAX + 2];
	uint8_t bytes[SECRET_MAX];
	int len = -EINVAL;
	FILE *file;

	if (!key) {
		return complain(path, "--ckn comes first");
	}
	file = fopen(path, "re");
	if (!file) {
		return complain(path, strerror(errno));
	}
	setbuf(file, NULL);
	if (fgets(text, sizeof(text), file)) {
		len = hex_decode(text, strcspn(text, "\r\n"), bytes, sizeof(bytes));
	}
	fclose(file);
	if (len > 0) {
		secret_set(&key->cak, bytes, (size_t)len);
	}
	secret_wipe_bytes(text, sizeof(text));
	secret_wipe_bytes(bytes, sizeof(bytes));
	return len > 0 ? 0 : complain(path, "no hex digits");
}

int keys_set_start(struct applier_job *job, const char *text)
{
	struct applier_key *key = last_key(job);
	const char *digits = *text == '+' ? text + 1 : text;
	char *end;

	if (!key) {
		return complain(text, "--ckn comes first");
	}
	errno = 0;
	key->start = strtoll(digits, &end, 10);
	if (!isdigit((unsigned char)*digits) || *end || errno != 0) {
		return complain(text, "a start is seconds since the epoch, or +N from now");
	}
	if (*text == '+') {
		key->start += time(NULL);
	}
	return 0;
}
