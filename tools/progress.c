#include "progress.h"

#include "util/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR = 30, LINE_EVERY_MS = 1000, BAR_EVERY_MS = 100 };

void progress_init(struct progress *p, const char *what)
{
	*p = (struct progress){ .what = what, .is_terminal = isatty(STDERR_FILENO) };
}

static void draw(const char *what, size_t done, size_t all, const char *note)
{
	char bar[BAR + 1];
	size_t full = all > 0 ? done * BAR / all : BAR;

	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '-';
	bar[BAR] = '\0';
	fprintf(stderr, "\r%s [%s] %zu of %zu%s\033[K", what, bar, done, all, note);
	fflush(stderr);
}

void progress_show(struct progress *p, size_t done, size_t all, const char *note)
{
	int64_t now = clock_ms();

	if (p->shown_ms != 0 && now - p->shown_ms < (p->is_terminal ? BAR_EVERY_MS : LINE_EVERY_MS))
		return;
	if (p->is_terminal) {
		draw(p->what, done, all, note);
		p->is_drawn = true;
	} else if (p->shown_ms == 0 || done != p->done) {
		fprintf(stderr, "%s: %zu of %zu%s\n", p->what, done, all, note);
	}
	p->done = done;
	p->shown_ms = now;
}

void progress_end(struct progress *p)
{
	if (p->is_drawn)
		fputc('\n', stderr);
	p->is_drawn = false;
}
