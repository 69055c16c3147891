#include "live/file_lock.h"

#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum taken { TAKEN, HELD, AGAIN };

/* Whoever had it before may have taken the file away in between. */
static bool is_in_place(const struct file_lock *lock)
{
	struct stat ours, named;

	return fstat(lock->fd, &ours) == 0 && stat(lock->path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* A record lock, as the system knows whose it is. */
static enum taken take(const struct file_lock *lock, pid_t *holder)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(lock->fd, F_SETLK, &whole) == 0)
		return is_in_place(lock) ? TAKEN : AGAIN;
	if (errno != EACCES && errno != EAGAIN)
		return HELD;
	if (fcntl(lock->fd, F_GETLK, &whole) != 0 || whole.l_type == F_UNLCK)
		return AGAIN;
	*holder = whole.l_pid;
	errno = EAGAIN;
	return HELD;
}

static enum taken try_once(struct file_lock *lock, const char *file, char why[RUNTIME_WHY_MAX])
{
	enum taken result;
	pid_t holder = 0;

	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	result = lock->fd < 0 ? HELD : take(lock, &holder);
	if (result == HELD && holder != 0)
		snprintf(why, RUNTIME_WHY_MAX, "process %lld is at work on %.300s",
			 (long long)holder, file);
	else if (result == HELD)
		snprintf(why, RUNTIME_WHY_MAX, "%.300s: %s", lock->path, strerror(errno));
	if (result != TAKEN && lock->fd >= 0)
		close(lock->fd);
	return result;
}

bool file_lock_take(struct file_lock *lock, const char *file, char why[RUNTIME_WHY_MAX])
{
	char *real = realpath(file, NULL);
	enum taken result;

	lock->path = mem_printf("%s.lock", real != NULL ? real : file);
	free(real);
	while ((result = try_once(lock, file, why)) == AGAIN)
		;
	if (result == TAKEN)
		return true;
	free(lock->path);
	return false;
}

/* Taken away while it is held, so that nobody else can hold what is not there. */
void file_lock_release(struct file_lock *lock)
{
	unlink(lock->path);
	close(lock->fd);
	free(lock->path);
}
