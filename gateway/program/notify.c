#include "program/notify.h"

#include "util/compiler.h"
#include "util/log.h"
#include "util/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STOP_MARGIN_MS = 10000 }; /* to close what is left, after the drain's timeout */

static void refuse(const char *path, const char *why)
{
	log_warn("who=main event=no_service_manager socket=%s err=\"%s\"", path, why);
}

/* '@' is the abstract name space's zero byte. */
static bool set_address(const char *path, struct sockaddr_un *to, socklen_t *len)
{
	size_t n = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || path[1] == '\0') {
		refuse(path, "neither a path nor an abstract name");
		return false;
	}
	if (n >= sizeof to->sun_path) {
		refuse(path, "the name is too long");
		return false;
	}
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(to->sun_path, path, n);
	if (path[0] == '@')
		to->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
	return true;
}

static int open_socket(const char *path)
{
	const struct timeval second = { 1, 0 };
	struct sockaddr_un to;
	socklen_t len;
	int fd;

	if (!set_address(path, &to, &len))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second) == 0 &&
	    connect(fd, (struct sockaddr *)&to, len) == 0)
		return fd;
	refuse(path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The watchdog's interval; 0: there is none, or it is another process's. */
static int64_t watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t us, whose;

	if (usec == NULL)
		return 0;
	if (pid != NULL && (!text_int64(pid, &whose) || whose != getpid()))
		return 0;
	return text_int64(usec, &us) && us > 1000 ? us / 1000 : 0;
}

void notify_init(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = path != NULL && *path != '\0' ? open_socket(path) : -1 };
	if (n->fd >= 0)
		n->watchdog_ms = watchdog_ms();
}

void notify_deinit(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static void tell(struct notify *n, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void tell(struct notify *n, const char *fmt, ...)
{
	char text[512];
	va_list args;
	int len;

	if (n->fd < 0)
		return;
	va_start(args, fmt);
	len = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (len >= (int)sizeof text)
		len = sizeof text - 1;
	if (send(n->fd, text, (size_t)len, MSG_NOSIGNAL) < 0)
		log_warn("who=main event=service_manager err=\"%s\"", strerror(errno));
}

void notify_ready(struct notify *n, const char *status)
{
	n->is_ready = true;
	tell(n, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(struct notify *n)
{
	struct timespec now;

	if (!n->is_ready || n->is_stopping)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	tell(n, "RELOADING=1\nMONOTONIC_USEC=%lld",
	     (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_reloaded(struct notify *n)
{
	if (n->is_ready && !n->is_stopping)
		tell(n, "READY=1");
}

void notify_stopping(struct notify *n, int64_t most_ms)
{
	if (n->is_stopping)
		return;
	n->is_stopping = true;
	tell(n, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld",
	     (long long)(most_ms + STOP_MARGIN_MS) * 1000);
}

void notify_status(struct notify *n, const char *status)
{
	tell(n, "STATUS=%s", status);
}

void notify_alive(struct notify *n)
{
	tell(n, "WATCHDOG=1");
}
