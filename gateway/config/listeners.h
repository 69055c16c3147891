/* listeners.h - listeners with names: gateway.listeners in the file, GATEWAY_LISTENER_<NAME>_*.
 *
 * What a listener may say is told by the rows of options.c that say it of the only one; here is how
 * it is called, and whether that row counts where a listener says nothing.  Names are told apart
 * by their letters, whatever their case; what the environment says of a listener wins over what the
 * file says of it, property by property.
 * Tests: tests/unit/config/listeners_test.c
 */
#ifndef CONFIG_LISTENERS_H
#define CONFIG_LISTENERS_H

#include "config/file.h"

enum { LISTENER_OPTIONS = 16, LISTENER_NAME_MOST = 32 };

struct listener_option {
	const char *key;    /* in the listener's group of the file */
	const char *env;    /* behind GATEWAY_LISTENER_<NAME>_ */
	const char *option; /* the row that says what it may be; NULL: ports */
	bool is_common;	    /* that option holds for all listeners that say nothing else */
	const char *help;   /* of what has no row */
};
extern const struct listener_option listener_options[LISTENER_OPTIONS];

/* A listener as it is said; the texts of `said` are its own. */
struct config_named {
	char *name;
	char *called;		     /* in full, for what it does not say */
	struct config_origin begins; /* where it is named */
	struct listener said;
	int told_start; /* of ports: the first one that clients are told; 0: as bound */
	struct config_origin origins[LISTENER_OPTIONS]; /* ORIGIN_DEFAULT: not said */
	char *names[LISTENER_OPTIONS];			/* of the origins: what was said, in full */
};

/* Which property of a listener the option is; -1: none. */
int listener_option_of(const char *option);
/* The property of that key; NULL: there is none. */
const struct listener_option *listener_option_by_key(const char *key);

/* Takes what the file and the environment say, and tells what can't be. */
void listeners_read(struct config *c, const struct file_values *values, struct mistakes *m);
/* Makes c->listeners out of what is said and of what the options say of all. */
void listeners_derive(struct config *c);

/* For who reads a configuration elsewhere: a listener, and what it says.  False, and why. */
struct config_named *listeners_add(struct config *c, const char *name);
MUST_CHECK bool listeners_say(struct config_named *n, const char *key, const char *text,
			      char why[CONFIG_WHY_MAX]);

/* What the option says each of several listeners must say itself. */
bool listeners_say_themselves(const struct config *c, const struct config_option *o);
/* Of several listeners the named one is the only one from now on: for what is about one of them.  NULL: the
 * only one there is.  False, and why: there is none of that name, or nobody says which. */
MUST_CHECK bool listeners_choose(struct config *c, const char *name, char why[CONFIG_WHY_MAX]);

/* As libconfig reads them; secrets are left out. */
void listeners_print(const struct config *c, FILE *out);
/* What a listener is, by all of its properties that the nodes of a cluster must have in common: not
 * where it listens, and not its host where each node has one of its own. */
void listeners_print_common(const struct listener *l, FILE *out);
void listeners_copy(struct config *to, const struct config *from);
void listeners_clear(struct config *c);
/* The listeners' part of `anyport --help`. */
void listeners_help(FILE *out);

#endif
