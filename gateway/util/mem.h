/* mem.h - memory that is there or the process ends.
 *
 * Running out of memory aborts with one line; so every buffer, queue and
 * message that a peer can make grow has a hard maximum of its own.
 * Tests: tests/unit/util/mem_test.c
 */
#ifndef UTIL_MEM_H
#define UTIL_MEM_H

#include "util/compiler.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t n);  /* not cleared */
void *mem_zalloc(size_t n); /* cleared */
void *mem_realloc(void *p, size_t n);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
/* A text as long as it gets.  Caller frees. */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *mem_vprintf(const char *fmt, va_list args) PRINTF_LIKE(1, 0);
/* Bytes of the process that are in memory; -1: can't be told. */
int64_t mem_resident(void);

#endif
