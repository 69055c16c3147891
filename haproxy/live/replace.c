#include "live/replace.h"

#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As the old file has it; who may not give files away keeps what is its own. */
static bool take_after(int fd, const char *path)
{
	struct stat old, own;

	if (stat(path, &old) != 0)
		return errno == ENOENT && fchmod(fd, 0644) == 0;
	if (fstat(fd, &own) != 0)
		return false;
	if ((old.st_uid != own.st_uid || old.st_gid != own.st_gid) &&
	    fchown(fd, old.st_uid, old.st_gid) != 0)
		return false;
	return fchmod(fd, old.st_mode & 07777) == 0;
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR)
			return false;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* So that the new name outlives a power cut too. */
static void flush_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? mem_strdup(".")
				     : mem_strndup(path, (size_t)(slash - path + 1));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

bool replace_file(const char *path, const char *text, size_t size)
{
	char *real = realpath(path, NULL), *draft;
	bool ok = false;
	int fd, kept;

	if (real == NULL)
		real = mem_strdup(path);
	draft = mem_printf("%s.XXXXXX", real);
	fd = mkostemp(draft, O_CLOEXEC);
	if (fd >= 0) {
		ok = write_all(fd, text, size) && take_after(fd, real) && fsync(fd) == 0;
		ok = close(fd) == 0 && ok;
		ok = ok && rename(draft, real) == 0;
		kept = errno;
		if (!ok)
			unlink(draft);
		else
			flush_folder(real);
		errno = kept;
	}
	free(real);
	free(draft);
	return ok;
}
