/* What stands on descriptor 3: see hook.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/hex.h"
#include "netconf/hook.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3; demanded where vm.memfd_noexec is 2 */
#endif

/* CKN, blank, CAK, blank, start, line end; and a terminator, which hex_encode() writes. */
#define LINE_MAX_LEN (2 * APPLIER_CKN_MAX + 1 + 2 * SECRET_MAX + 1 + 20 + 1 + 1)

static int open_memory(void)
{
	int fd = memfd_create("keyidd-hook", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL
		       ? memfd_create("keyidd-hook", MFD_CLOEXEC | MFD_ALLOW_SEALING)
		       : fd;
}

static size_t put_key(char *line, const struct applier_key *key)
{
	size_t len = 2 * key->ckn_len;

	hex_encode(key->ckn, key->ckn_len, line);
	line[len++] = ' ';
	if (key->cak.len > 0) {
		hex_encode(key->cak.bytes, key->cak.len, line + len);
		len += 2 * key->cak.len;
	} else {
		line[len++] = '-';
	}
	return len + (size_t)sprintf(line + len, " %" PRId64 "\n", key->start);
}

/* Written in place: there is no copy of a CAK's digits elsewhere. */
static int fill(const struct applier_job *job, struct hook_keys *keys)
{
	if (ftruncate(keys->fd, (off_t)keys->size) < 0) {
		return -errno;
	}
	keys->text = mmap(NULL, keys->size, PROT_READ | PROT_WRITE, MAP_SHARED, keys->fd, 0);
	if (keys->text == MAP_FAILED) {
		keys->text = NULL;
		return -errno;
	}
	madvise(keys->text, keys->size, MADV_DONTDUMP);
	for (size_t i = 0; i < job->key_count; i++) {
		keys->len += put_key(keys->text + keys->len, &job->keys[i]);
	}
	return ftruncate(keys->fd, (off_t)keys->len) < 0 ? -errno : 0;
}

/* Writing is sealed for what is opened or mapped later; our mapping stays, to wipe it. */
static int seal(const struct hook_keys *keys)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

	return fcntl(keys->fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int hook_keys_open(const struct applier_job *job, struct hook_keys *keys)
{
	int rc;

	*keys = (struct hook_keys){ .fd = open_memory(),
		.size = job->key_count * LINE_MAX_LEN + 1 };
	if (keys->fd < 0) {
		return -errno;
	}
	rc = fill(job, keys);
	if (rc == 0) {
		rc = seal(keys);
	}
	if (rc < 0) {
		hook_keys_wipe(keys);
	}
	return rc;
}

void hook_keys_wipe(struct hook_keys *keys)
{
	if (keys->text) {
		secret_wipe_bytes(keys->text, keys->len);
		munmap(keys->text, keys->size);
	}
	close(keys->fd);
	*keys = (struct hook_keys){ .fd = -1 };
}
