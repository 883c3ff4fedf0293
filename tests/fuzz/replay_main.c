/*
 * Runs a fuzz target over files, for builds without libFuzzer: each file of the
 * folders on the command line, in order of name, and the empty input. Prints TAP;
 * what is wrong ends the process, as it would under the fuzzer, and the last line
 * names the file.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_LEN_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static unsigned tests, failures;

static void result(bool ok, const char *path, const char *text)
{
	printf("%sok %u - %s%s\n", ok ? "" : "not ", ++tests, path, text);
	failures += !ok;
}

/* The input in a heap block of its own size, so that the sanitizer sees what is read beyond it. */
static uint8_t *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	uint8_t *octets = NULL;

	if (!file) {
		return NULL;
	}
	if (fstat(fileno(file), &status) == 0) {
		*len = (size_t)status.st_size;
		octets = malloc(*len > 0 ? *len : 1);
		if (octets && fread(octets, 1, *len, file) != *len) {
			free(octets);
			octets = NULL;
		}
	}
	fclose(file);
	return octets;
}

static void replay_file(const char *path)
{
	size_t len;
	uint8_t *octets = read_file(path, &len);

	if (!octets) {
		result(false, path, " cannot be read");
		return;
	}
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(octets, len);
	free(octets);
	result(true, path, "");
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, alphasort);
	char path[PATH_LEN_MAX];

	if (count <= 0) {
		result(false, folder, " holds no file");
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		replay_file(path);
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
}

int main(int argc, char **argv)
{
	uint8_t *nothing = malloc(1);

	if (argc < 2 || !nothing) {
		fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
		free(nothing);
		return 2;
	}
	if (LLVMFuzzerInitialize) {
		LLVMFuzzerInitialize(&argc, &argv);
	}
	printf("# the empty input\n");
	fflush(stdout);
	LLVMFuzzerTestOneInput(nothing, 0);
	free(nothing);
	result(true, "the empty input", "");
	for (int i = 1; i < argc; i++) {
		replay_folder(argv[i]);
	}
	printf("1..%u\n", tests);
	return failures > 0;
}
