/* options.h - one row an option: it drives the file, the environment, `--help`,
 * `--print-config`, the checks and the sample file.
 *
 * To add an option: a field in struct config, a row in options.c.
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a value looks like; kinds.c has a row for each. */
enum option_kind {
	OPTION_TEXT,	 /* char * */
	OPTION_NUMBER,	 /* int */
	OPTION_FLAG,	 /* bool */
	OPTION_WORD,	 /* int or enum: which of the row's words */
	OPTION_NAME,	 /* char *, one of the row's words */
	OPTION_SIZE,	 /* int64_t, bytes */
	OPTION_TIME,	 /* int, milliseconds */
	OPTION_LISTENER, /* char * and int: host and first port, 0 when not given */
	OPTION_SERVERS,	 /* char *, host:port with commas */
	OPTION_NETWORKS, /* struct config_net * and size_t */
	OPTION_ZONES,	 /* struct config_zone * and size_t */
	OPTION_RANGE,	 /* char *, and two ints: host, first and last port, 0 when not given */
	OPTION_NODES,	 /* struct config_node * and size_t */
	OPTION_PEERS,	 /* struct config_peer * and size_t */
	OPTION_FRONTS,	 /* the same, of listeners */
	OPTION_ROUTES,	 /* struct config_route * and size_t */
	OPTION_LISTENERS /* struct config_named * and size_t */
};

struct config_option {
	const char *key;      /* in the file, with its groups: "gateway.port_start" */
	const char *env;      /* in the environment */
	const char *key_also; /* a second name of each, or NULL */
	const char *env_also;
	enum option_kind kind;
	int at;		      /* offset of its field */
	int at_also;	      /* of its second field, for kinds that have two */
	int64_t min, max;     /* of a number, size or time */
	const char *words;    /* of a word: "a|b|c" */
	bool may_be_empty;    /* a text or name: "" is none, and the field is NULL then */
	const char *standard; /* the default as one types it; NULL: none, or made in config.c */
	const char *standard_help; /* how --help names a default that is not constant */
	bool reloads;		   /* SIGHUP takes a new value; else it needs a restart */
	bool is_secret;		   /* never printed, logged or told */
	const char *env_file; /* of a secret: in the environment, the name of a file that has it */
	const char *help;
};

enum origin_kind { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT };

struct config_origin {
	enum origin_kind kind;
	int line;	  /* in the file */
	const char *name; /* the one of the row's names that was used */
	bool bad;	  /* its value was refused: don't judge others by it */
};

extern const struct config_option config_options[];
extern const size_t config_option_count;

/* An option that needs a restart and whose new value waits for it. */
struct config_waiting {
	const struct config_option *option;
	char *value; /* as --print-config writes it, "(secret)" for a secret */
	struct config_origin origin;
};

/* Where a value was said: "default", "environment" or "FILE:LINE". */
void config_print_origin(const struct config *c, const struct config_origin *origin, FILE *out);

/* The row of a key, which must exist. */
size_t option_index(const char *key);
/* The row that has this name (key or environment, first or second), or NULL. */
const struct config_option *option_by_key(const char *key);
const struct config_option *option_by_env(const char *env);
/* Whether a variable of that name is read: a row's, or of the file that has a secret. */
bool option_has_env(const char *env);
/* The name nearest to a mistyped one, or NULL when none is near. */
const char *option_near_key(const char *key);
const char *option_near_env(const char *env);
/* Whether word is one of "a|b|c"; *which is its place. */
bool option_has_word(const char *words, const char *word, int *which);

#endif
