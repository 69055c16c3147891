/* Zones by networks, network=zone each: gateway.zones. */
#include "config/kinds_haproxy.h"

#include "util/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config_zone **zones_of(struct config *c, const struct config_option *o)
{
	return (struct config_zone **)(void *)((char *)c + o->at);
}

static size_t *count_of(struct config *c, const struct config_option *o)
{
	return (size_t *)(void *)((char *)c + o->at_also);
}

static bool is_same_net(const struct config_net *a, const struct config_net *b)
{
	return a->bits == b->bits && memcmp(&a->addr, &b->addr, sizeof a->addr) == 0;
}

/* As a broker's rack, but that it can be told in a list and in quotes. */
static bool is_name(const char *s)
{
	size_t n = 0;

	for (; s[n] != '\0'; n++) {
		if (!isgraph((unsigned char)s[n]) || strchr(",\"\\=", s[n]) != NULL)
			return false;
	}
	return n > 0;
}

KIND_SET(kinds_set_zone)
{
	const char *name = strchr(text, '=');
	struct config_zone **all = zones_of(c, o), zone = { 0 };
	size_t *count = count_of(c, o);

	if (name == NULL || !is_name(name + 1))
		return kind_wrong(o, text, why);
	if (!kind_parse_net(o, text, (size_t)(name - text), &zone.net, why))
		return false;
	for (size_t i = 0; i < *count; i++) {
		if (!is_same_net(&(*all)[i].net, &zone.net))
			continue;
		snprintf(why, KIND_WHY_MAX, "\"%.100s\" names a network that has a zone already",
			 text);
		return false;
	}
	zone.name = mem_strdup(name + 1);
	*all = mem_realloc(*all, (*count + 1) * sizeof **all);
	(*all)[(*count)++] = zone;
	return true;
}

KIND_PRINT(kinds_print_zones)
{
	struct config *of = (struct config *)(uintptr_t)c;
	const struct config_zone *all = *zones_of(of, o);
	const size_t count = *count_of(of, o);

	fputs("( ", out);
	for (size_t i = 0; i < count; i++) {
		fputc('"', out);
		kind_print_net(&all[i].net, out);
		fprintf(out, "=%s\"%s ", all[i].name, i + 1 < count ? "," : "");
	}
	fputc(')', out);
}

KIND_CLEAR(kinds_clear_zones)
{
	struct config_zone **all = zones_of(c, o);

	for (size_t i = 0; i < *count_of(c, o); i++)
		free((*all)[i].name);
	free(*all);
	*all = NULL;
	*count_of(c, o) = 0;
}
