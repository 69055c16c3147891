#include "program/stamp.h"

#include "util/hash.h"

#include <stddef.h>
#include <sys/stat.h>

uint64_t stamp_of(const char *path)
{
	struct {
		int64_t device, inode, size, seconds, nanoseconds;
	} is = { 0 };
	struct stat s;

	if (path == NULL || stat(path, &s) != 0)
		return 0;
	is.device = (int64_t)s.st_dev;
	is.inode = (int64_t)s.st_ino;
	is.size = (int64_t)s.st_size;
	is.seconds = (int64_t)s.st_mtim.tv_sec;
	is.nanoseconds = (int64_t)s.st_mtim.tv_nsec;
	return hash_bytes(&is, sizeof is);
}
