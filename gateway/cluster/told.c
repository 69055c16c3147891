#include "cluster/told.h"

#include "cluster/cursor.h"
#include "cluster/view.h"
#include "util/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_MAX = 255 };

static char *copied(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

void told_add(struct told_places *t, const struct told_place *place)
{
	struct told_place *p;

	t->all = mem_realloc(t->all, (t->count + 1) * sizeof *t->all);
	p = &t->all[t->count++];
	*p = *place;
	p->name = copied(place->name);
	p->host = copied(place->host);
}

void told_copy(struct told_places *to, const struct told_places *from)
{
	*to = (struct told_places){ 0 };
	for (size_t i = 0; i < from->count; i++)
		told_add(to, &from->all[i]);
}

void told_deinit(struct told_places *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->all[i].name);
		free(t->all[i].host);
	}
	free(t->all);
	*t = (struct told_places){ 0 };
}

static bool same_place(const struct told_place *a, const struct told_place *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->host, b->host) == 0 &&
	       a->port == b->port && a->port_count == b->port_count &&
	       a->min_broker_id == b->min_broker_id && a->mode == b->mode &&
	       a->port_hint == b->port_hint;
}

bool told_same(const struct told_places *a, const struct told_places *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = same_place(&a->all[i], &b->all[i]);
	return same;
}

const struct told_place *told_find(const struct told_places *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcasecmp(t->all[i].name, name) == 0)
			return &t->all[i];
	}
	return NULL;
}

static struct told_place own_place(const struct cluster_member *m)
{
	return (struct told_place){ .host = m->host,
				    .port = m->port,
				    .port_count = m->port_count,
				    .min_broker_id = m->min_broker_id,
				    .mode = m->mode,
				    .port_hint = m->port_hint };
}

bool member_place(const struct cluster_member *m, const char *listener, struct told_place *place)
{
	const struct told_place *found;

	if (listener != NULL) {
		found = told_find(&m->places, listener);
		if (found != NULL)
			*place = *found;
		return found != NULL;
	}
	*place = own_place(m);
	return m->places.count == 0;
}

bool member_place_beside(const struct cluster_member *self, const struct cluster_member *m,
			 const char *listener, struct told_place *place)
{
	const size_t names = self->places.count, others = m->places.count;

	if (member_place(m, listener, place))
		return true;
	*place = own_place(m);
	return names <= 1 && others <= 1 && (names == 0 || others == 0);
}

/* --- as bytes --- */

static void write_text(struct buf *out, const char *text)
{
	size_t n = strnlen(text, TEXT_MAX);

	buf_append8(out, (uint8_t)n);
	buf_append(out, text, n);
}

void told_write(struct buf *out, const struct told_place *place)
{
	write_text(out, place->name);
	write_text(out, place->host);
	buf_append16(out, (uint16_t)place->port);
	buf_append16(out, (uint16_t)place->port_count);
	buf_append32(out, (uint32_t)place->min_broker_id);
	buf_append8(out, (uint8_t)place->mode);
	buf_append8(out, (uint8_t)place->port_hint);
}

/* To be freed; NULL: it is empty, or can't be shown. */
static char *read_text(struct cursor *c)
{
	size_t n = cursor_8(c);
	const uint8_t *bytes = cursor_bytes(c, n);

	for (size_t i = 0; bytes != NULL && i < n; i++) {
		if (!isgraph(bytes[i]))
			return NULL;
	}
	return bytes != NULL && n > 0 ? mem_strndup((const char *)bytes, n) : NULL;
}

static bool is_good(const struct told_places *t, const struct told_place *p)
{
	return p->name != NULL && p->host != NULL && p->port > 0 && p->port_count > 0 &&
	       p->port + p->port_count - 1 <= PORT_MOST && p->min_broker_id >= 0 &&
	       p->mode <= ADVERTISE_HOST && p->port_hint <= MEMBER_PORT_IS_HINT &&
	       t->count < LISTENERS_MAX && told_find(t, p->name) == NULL;
}

bool told_read(struct told_places *t, const uint8_t *bytes, size_t n)
{
	struct cursor c = cursor_of(bytes, n);
	struct told_place p = { .name = read_text(&c) };
	bool good;

	p.host = read_text(&c);
	p.port = cursor_16(&c);
	p.port_count = cursor_16(&c);
	p.min_broker_id = (int)cursor_32(&c);
	p.mode = (enum advertise_mode)cursor_8(&c);
	p.port_hint = (enum member_hint)cursor_8(&c);
	good = !c.bad && is_good(t, &p);
	if (good)
		told_add(t, &p);
	free(p.name);
	free(p.host);
	return good;
}
