/* kinds_words.h - what values may be, in words; how texts, sizes and times are written.
 *
 * What the kinds in kinds.c and kinds_haproxy.c share; knows neither.
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_KINDS_WORDS_H
#define CONFIG_KINDS_WORDS_H

#include "config/options.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { KIND_WHY_MAX = CONFIG_WHY_MAX };

/* What the option may be, for a complaint or for help. */
void kind_expects(const struct config_option *option, char *to, size_t size);
/* A listener or server is an IPv6 address without brackets, so that nobody can tell a port from
 * its last group; then `why` says so. */
bool kind_lacks_brackets(const char *text, char why[KIND_WHY_MAX]);
/* In the form that is read, in quotes; first and last port 0: there is none. */
void kind_print_listener(const char *host, int first, int last, FILE *out);
/* False, and why: the text is not what the option may be. */
bool kind_wrong(const struct config_option *option, const char *text, char why[KIND_WHY_MAX]);
/* Text in quotes, as libconfig reads it. */
void kind_print_text(const char *text, FILE *out);

/* A size or a time, whichever `kind` says: bytes or milliseconds.  False: it is none. */
bool kind_parse_amount(const char *text, enum option_kind kind, int64_t *value);
/* In quotes, with the largest unit of which it is a whole number. */
void kind_print_amount(int64_t value, enum option_kind kind, FILE *out);

#endif
