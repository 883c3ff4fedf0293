#include "tests/fuzz/lib/memory_file.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/lib/check.h"

const char *memory_file_set(struct memory_file *file, const void *octets, size_t len)
{
	if (file->fd == 0) {
		file->fd = memfd_create("fuzz", MFD_CLOEXEC);
		check(file->fd > 0);
		snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	}
	check(ftruncate(file->fd, 0) == 0);
	check(pwrite(file->fd, octets, len, 0) == (ssize_t)len);
	return file->path;
}
