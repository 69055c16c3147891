#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { ROWS_UNKNOWN = 24, COLUMNS_UNKNOWN = 80 };

/* the alternate screen, without a cursor; what is too long, as wide letters are, is cut off */
#define PAGE_BEGIN "\033[?1049h\033[?25l\033[?7l"
#define PAGE_END "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_PAGE "\033[J"

static struct {
	bool is_on;
	struct termios before;
	struct winsize size;
} screen;

static volatile sig_atomic_t was_told_to_end, was_resized;

static void on_end(int number)
{
	(void)number;
	was_told_to_end = 1;
}

static void on_resized(int number)
{
	(void)number;
	was_resized = 1;
}

/* Without SA_RESTART: the wait for a key ends. */
static void hear(int number, void (*on)(int number))
{
	const struct sigaction action = { .sa_handler = on };

	sigaction(number, &action, NULL);
}

static void measure(void)
{
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen.size) == 0 && screen.size.ws_row > 0 &&
	    screen.size.ws_col > 0)
		return;
	screen.size.ws_row = ROWS_UNKNOWN;
	screen.size.ws_col = COLUMNS_UNKNOWN;
}

bool screen_begin(void)
{
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen.before) != 0)
		return false;
	hear(SIGINT, on_end);
	hear(SIGTERM, on_end);
	hear(SIGHUP, on_end);
	hear(SIGWINCH, on_resized);
	raw = screen.before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* a shell would get this page */
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	measure();
	fputs(PAGE_BEGIN, stdout);
	fflush(stdout);
	screen.is_on = true;
	return true;
}

void screen_end(void)
{
	if (!screen.is_on)
		return;
	fputs(PAGE_END, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
	screen.is_on = false;
}

int screen_rows(void)
{
	return screen.size.ws_row;
}

/* As many bytes as letters fit: a continuation byte of UTF-8 takes no place of its own. */
static int fitting(const char *line, size_t n)
{
	size_t at = 0, width = 0;

	for (; at < n; at++) {
		width += ((unsigned char)line[at] & 0xc0) != 0x80;
		if (width > screen.size.ws_col)
			break;
	}
	return (int)at;
}

void screen_show(const char *page)
{
	fputs(HOME, stdout);
	for (int row = 0; row < screen.size.ws_row && *page != '\0'; row++) {
		size_t n = strcspn(page, "\n");

		printf("%s%.*s" REST_OF_LINE, row > 0 ? "\n" : "", fitting(page, n), page);
		page += n + (page[n] == '\n');
	}
	fputs(REST_OF_PAGE, stdout);
	fflush(stdout);
}

int screen_key(int ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	unsigned char key = 0;
	int n = was_told_to_end || was_resized ? 0 : poll(&input, 1, ms);

	if (was_told_to_end)
		return SCREEN_QUIT;
	if (was_resized) {
		was_resized = 0;
		measure();
		return SCREEN_RESIZED;
	}
	if (n <= 0)
		return n < 0 && errno != EINTR ? SCREEN_QUIT : SCREEN_TIME;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : SCREEN_QUIT; /* the terminal has gone */
}
