#include "cluster/identity.h"

#include "cluster/cursor.h"
#include "util/mem.h"

#include <ctype.h>
#include <stdlib.h>

enum { VERSION = 1, TEXT_MAX = 255, PORT_MAX = 65535 };

/* A tag is never given another meaning; a reader passes over tags that it does not know. */
enum tag {
	TAG_NODE_ID = 1,
	TAG_HOST,
	TAG_PORT,
	TAG_PORT_COUNT,
	TAG_MIN_BROKER_ID,
	TAG_MODE,
	TAG_INTERNAL,
	TAG_RACK,
	TAG_HTTP,
	TAG_VERSION,
	TAG_KAFKA,
	TAG_SETTINGS,
	TAG_INCARNATION,
	TAG_DRAINING,
	TAG_SEAL, /* stands last */
	TAG_PORT_HINT,
	TAG_PLACE, /* of one of several listeners: told.h */
};

enum { SEAL_TAG_SIZE = 1 + 2 + SEAL_SIZE };

static void write_text(struct buf *out, enum tag tag, const char *text)
{
	size_t n;

	if (text == NULL || *text == '\0')
		return;
	n = strnlen(text, TEXT_MAX);
	buf_append8(out, (uint8_t)tag);
	buf_append16(out, (uint16_t)n);
	buf_append(out, text, n);
}

static void write_number(struct buf *out, enum tag tag, uint64_t value)
{
	buf_append8(out, (uint8_t)tag);
	buf_append16(out, sizeof value);
	buf_append64(out, value);
}

static void write_place(struct buf *out, const struct told_place *place)
{
	struct buf value;

	buf_init(&value, IDENTITY_MAX);
	told_write(&value, place);
	buf_append8(out, TAG_PLACE);
	buf_append16(out, (uint16_t)value.len);
	buf_append(out, value.data, value.len);
	buf_deinit(&value);
}

void identity_write(struct buf *out, const struct cluster_member *m)
{
	buf_append16(out, VERSION);
	write_text(out, TAG_NODE_ID, m->node_id);
	write_text(out, TAG_HOST, m->host);
	write_number(out, TAG_PORT, (uint64_t)m->port);
	write_number(out, TAG_PORT_COUNT, (uint64_t)m->port_count);
	write_number(out, TAG_MIN_BROKER_ID, (uint64_t)m->min_broker_id);
	write_number(out, TAG_MODE, (uint64_t)m->mode);
	write_number(out, TAG_INTERNAL, m->internal);
	write_text(out, TAG_RACK, m->rack);
	write_text(out, TAG_HTTP, m->http);
	write_text(out, TAG_VERSION, m->version);
	write_text(out, TAG_KAFKA, m->kafka);
	write_number(out, TAG_SETTINGS, m->settings);
	write_number(out, TAG_INCARNATION, (uint64_t)m->incarnation);
	write_number(out, TAG_DRAINING, m->is_draining);
	write_number(out, TAG_PORT_HINT, m->port_hint);
	for (size_t i = 0; i < m->places.count; i++)
		write_place(out, &m->places.all[i]);
}

/* The value of one tag; its error sticks. */
struct value {
	const uint8_t *bytes;
	size_t len;
	bool bad;
};

static void read_text(struct value *v, char **to)
{
	if (v->len == 0 || v->len > TEXT_MAX)
		v->bad = true;
	for (size_t i = 0; i < v->len && !v->bad; i++)
		v->bad = !isgraph(v->bytes[i]) && v->bytes[i] != ' ';
	if (v->bad)
		return;
	free(*to);
	*to = mem_strndup((const char *)v->bytes, v->len);
}

static uint64_t read_number(struct value *v, uint64_t max)
{
	uint64_t number = v->len == sizeof number ? wire_get64(v->bytes) : 0;

	if (v->len != sizeof number || number > max)
		v->bad = true;
	return v->bad ? 0 : number;
}

static void read_value(struct cluster_member *m, enum tag tag, struct value *v)
{
	switch (tag) {
	case TAG_NODE_ID:
		read_text(v, &m->node_id);
		break;
	case TAG_HOST:
		read_text(v, &m->host);
		break;
	case TAG_PORT:
		m->port = (int)read_number(v, PORT_MAX);
		break;
	case TAG_PORT_COUNT:
		m->port_count = (int)read_number(v, PORT_MAX);
		break;
	case TAG_MIN_BROKER_ID:
		m->min_broker_id = (int)read_number(v, INT32_MAX);
		break;
	case TAG_MODE:
		m->mode = (enum advertise_mode)read_number(v, ADVERTISE_HOST);
		break;
	case TAG_INTERNAL:
		m->internal = read_number(v, 1) != 0;
		break;
	case TAG_RACK:
		read_text(v, &m->rack);
		break;
	case TAG_HTTP:
		read_text(v, &m->http);
		break;
	case TAG_VERSION:
		read_text(v, &m->version);
		break;
	case TAG_KAFKA:
		read_text(v, &m->kafka);
		break;
	case TAG_SETTINGS:
		m->settings = read_number(v, UINT64_MAX);
		break;
	case TAG_INCARNATION:
		m->incarnation = (int64_t)read_number(v, INT64_MAX);
		break;
	case TAG_DRAINING:
		m->is_draining = read_number(v, 1) != 0;
		break;
	case TAG_PORT_HINT:
		m->port_hint = (enum member_hint)read_number(v, MEMBER_PORT_IS_HINT);
		break;
	case TAG_PLACE:
		v->bad = !told_read(&m->places, v->bytes, v->len);
		break;
	case TAG_SEAL:
		break; /* identity_judge's */
	}
}

bool identity_read(struct cluster_member *m, const void *bytes, size_t n)
{
	struct cursor c = cursor_of(bytes, n);
	struct value v = { .bad = cursor_16(&c) < VERSION || n > IDENTITY_MAX };

	*m = (struct cluster_member){ .load_at = -1 };
	while (cursor_left(&c) > 0 && !v.bad) {
		enum tag tag = (enum tag)cursor_8(&c);

		v.len = cursor_16(&c);
		v.bytes = cursor_bytes(&c, v.len);
		if (v.bytes != NULL)
			read_value(m, tag, &v);
	}
	if (!v.bad && !c.bad && m->node_id != NULL && m->host != NULL && m->port > 0 &&
	    m->port_count > 0)
		return true;
	identity_deinit(m);
	return false;
}

static struct sealed what_is_sealed(const struct cluster_member *m, const uint8_t *bytes, size_t n)
{
	return (struct sealed){ .kind = SEAL_IDENTITY,
				.node_id = m->node_id,
				.id_len = strlen(m->node_id),
				.incarnation = m->incarnation,
				.content = bytes,
				.len = n };
}

void identity_seal(struct buf *identity, const struct cluster_member *m, struct seal *seal,
		   int64_t now_ms)
{
	struct sealed what = what_is_sealed(m, identity->data, identity->len);
	struct buf sealed;

	if (seal == NULL)
		return;
	buf_init(&sealed, SEAL_SIZE);
	seal_write(seal, &what, now_ms, &sealed);
	buf_append8(identity, TAG_SEAL);
	buf_append16(identity, SEAL_SIZE);
	buf_append(identity, sealed.data, sealed.len);
	buf_deinit(&sealed);
}

void identity_judge(struct cluster_member *m, const void *bytes, size_t n, struct seal *seal)
{
	const uint8_t *tag = n > SEAL_TAG_SIZE ? (const uint8_t *)bytes + n - SEAL_TAG_SIZE : NULL;
	struct sealed what;

	m->is_sealed = tag != NULL && tag[0] == TAG_SEAL && wire_get16(tag + 1) == SEAL_SIZE;
	m->trust = MEMBER_BELIEVED;
	if (seal == NULL)
		return;
	what = what_is_sealed(m, bytes, m->is_sealed ? n - SEAL_TAG_SIZE : n);
	m->trust = seal_check(seal, &what, m->is_sealed ? tag + 3 : NULL,
			      m->is_sealed ? SEAL_SIZE : 0);
}

void identity_deinit(struct cluster_member *m)
{
	told_deinit(&m->places);
	free(m->node_id);
	free(m->host);
	free(m->rack);
	free(m->http);
	free(m->version);
	free(m->kafka);
	*m = (struct cluster_member){ .load_at = -1 };
}

static char *copied(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

void identity_copy(struct cluster_member *to, const struct cluster_member *from)
{
	*to = *from;
	told_copy(&to->places, &from->places);
	to->node_id = copied(from->node_id);
	to->host = copied(from->host);
	to->rack = copied(from->rack);
	to->http = copied(from->http);
	to->version = copied(from->version);
	to->kafka = copied(from->kafka);
}

void map_write(struct buf *out, const struct map_entry *entries, size_t count)
{
	buf_append16(out, VERSION);
	buf_append16(out, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		buf_append16(out, (uint16_t)entries[i].len);
		buf_append(out, entries[i].bytes, entries[i].len);
	}
}

bool map_read(const void *bytes, size_t n,
	      bool (*on_entry)(void *ctx, const struct map_entry *entry), void *ctx)
{
	struct cursor c = cursor_of(bytes, n);
	uint16_t version = cursor_16(&c), count = cursor_16(&c);

	for (uint16_t i = 0; i < count && !c.bad; i++) {
		struct map_entry e = { .len = cursor_16(&c) };

		e.bytes = cursor_bytes(&c, e.len);
		if (e.bytes != NULL && !on_entry(ctx, &e))
			return true;
	}
	return version >= VERSION && !c.bad;
}
