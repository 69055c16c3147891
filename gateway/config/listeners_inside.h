/* listeners_inside.h - what reading listeners shares with what becomes of them; for listeners*.c only. */
#ifndef CONFIG_LISTENERS_INSIDE_H
#define CONFIG_LISTENERS_INSIDE_H

#include "config/listeners.h"

static const char listeners_key[] = "gateway.listeners", listeners_prefix[] = "GATEWAY_LISTENER_";

bool listener_option_is_secret(const struct listener_option *o);
/* Whatever the case of its letters; NULL: there is none. */
struct config_named *listeners_find(const struct config *c, const char *name);

/* Property i as text.  False, and why. */
MUST_CHECK bool listeners_set_value(struct config_named *n, int i, const char *text,
				    char why[CONFIG_WHY_MAX]);
/* Takes the name that the value has where it is said. */
void listeners_set_origin(struct config_named *n, int i, enum origin_kind kind, int line,
			  char *name);

#endif
