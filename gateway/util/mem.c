#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *p, size_t n)
{
	if (p == NULL && n > 0) {
		fprintf(stderr, "out of memory: %zu bytes\n", n);
		abort();
	}
	return p;
}

void *mem_alloc(size_t n)
{
	return checked(malloc(n), n);
}

void *mem_zalloc(size_t n)
{
	return checked(calloc(1, n), n);
}

void *mem_realloc(void *p, size_t n)
{
	return checked(realloc(p, n), n);
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
	char *copy = mem_alloc(n + 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	return text;
}

char *mem_vprintf(const char *fmt, va_list args)
{
	char *text;
	int n = vasprintf(&text, fmt, args);

	return checked(n < 0 ? NULL : text, strlen(fmt) + 1);
}

int64_t mem_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%*s %ld", &pages) != 1)
		pages = -1;
	fclose(f);
	return pages < 0 ? -1 : (int64_t)pages * sysconf(_SC_PAGESIZE);
}
