#include "config/option_value.h"

#include "config/kinds.h"
#include "config/listeners.h"

void option_print(const struct config *c, const struct config_option *o, FILE *out)
{
	if (o->kind == OPTION_LISTENERS)
		listeners_print(c, out);
	else
		kind_of(o)->print(c, o, out);
}

void option_clear(struct config *c, const struct config_option *o)
{
	if (o->kind == OPTION_LISTENERS)
		listeners_clear(c);
	else if (kind_of(o)->clear != NULL)
		kind_of(o)->clear(c, o);
}
