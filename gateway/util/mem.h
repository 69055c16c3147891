/* mem.h - memory that is there or the process ends.
 *
 * Running out of memory aborts with one line; so every buffer, queue and
 * message that a peer can make grow has a hard maximum of its own.
 */
#ifndef UTIL_MEM_H
#define UTIL_MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);  /* not cleared */
void *mem_zalloc(size_t n); /* cleared */
void *mem_realloc(void *p, size_t n);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

#endif
