/* words.h - messages as a person writes them, and as one reads them.
 *
 *     Produce 9 id 5 client "app"
 *       acks: -1
 *       topic_data:
 *         - name: "orders"
 *           partition_data:
 *             - index: 0
 *               records: 100 bytes
 *
 * The tree is that of kafka/print.h; what is left out is what the rows call the stub.  Bytes are
 * said as text, or as so many of them.  A name that the version does not have fails the test.
 */
#ifndef UNIT_SESSION_WORDS_H
#define UNIT_SESSION_WORDS_H

#include "kafka/encode.h"
#include "kafka/print.h"
#include "unit/session/scene.h"

#include <ctype.h>
#include <stdio.h>

enum { WORDS_ITEMS = 1024, WORDS_NAME = 48, WORDS_BYTES = 4 << 20 };

/* One line of a tree. */
struct words_item {
	char name[WORDS_NAME];
	const char *value; /* up to the line's end */
	int depth;	   /* of the arrays that it stands in */
	uint32_t index[ENCODE_DEPTH];
	int64_t elements; /* whose lines follow */
	bool was_used;
};

struct words {
	struct words_item items[WORDS_ITEMS];
	int count;
	uint8_t bytes[WORDS_BYTES]; /* of the values said last */
	size_t used;
};

/* --- reading a tree --- */

struct words_level {
	int column, item;
	int64_t element; /* -1: none has begun, it may be a struct */
};

static inline void words_add(struct words *w, const char *line, int len,
			     const struct words_level *levels, int n)
{
	struct words_item *i = &w->items[w->count++];
	const char *colon = memchr(line, ':', (size_t)len);

	assert_true(w->count < WORDS_ITEMS);
	assert_non_null(colon);
	assert_true(colon - line < WORDS_NAME);
	*i = (struct words_item){ .value = colon + 1 };
	memcpy(i->name, line, (size_t)(colon - line));
	for (int l = 0; l < n; l++) {
		if (levels[l].element >= 0)
			i->index[i->depth++] = (uint32_t)levels[l].element;
	}
}

static inline void words_read(struct words *w, const char *text)
{
	struct words_level levels[16];
	int n = 0;

	w->count = 0;
	w->used = 0;
	while (*text != '\0') {
		int len = (int)strcspn(text, "\n"), column = (int)strspn(text, " ");
		const char *line = text + column;
		bool dash = strncmp(line, "- ", 2) == 0;

		text += len + (text[len] == '\n');
		if (column == len)
			continue;
		while (n > 0 && levels[n - 1].column >= column)
			n--;
		if (dash) {
			assert_true(n > 0);
			levels[n - 1].element++;
			w->items[levels[n - 1].item].elements++;
			line += 2;
			column += 2;
			len -= 2;
		}
		words_add(w, line, len - column + (dash ? 2 : 0), levels, n);
		assert_true(n < 16);
		levels[n++] = (struct words_level){ column, w->count - 1, -1 };
	}
}

/* --- values --- */

static inline const char *words_after(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0 ? text + strlen(word) : NULL;
}

static inline void words_text(struct words *w, const char *value, struct encode_value *v)
{
	v->bytes = w->bytes + w->used;
	for (value++; *value != '"' && *value != '\n' && *value != '\0'; value++)
		w->bytes[w->used++] = (uint8_t)*value;
	v->len = (uint32_t)(w->bytes + w->used - v->bytes);
}

/* So many bytes. */
static inline void words_many(struct words *w, long n, struct encode_value *v)
{
	assert_true(w->used + (size_t)n < WORDS_BYTES);
	v->bytes = memset(w->bytes + w->used, 'r', (size_t)n);
	v->len = (uint32_t)n;
	w->used += (size_t)n;
}

static inline void words_uuid(struct words *w, const char *value, struct encode_value *v)
{
	unsigned byte;

	v->bytes = w->bytes + w->used;
	for (v->len = 0; v->len < 16; v->len++) {
		value += *value == '-';
		assert_int_equal(sscanf(value, "%2x", &byte), 1);
		w->bytes[w->used++] = (uint8_t)byte;
		value += 2;
	}
}

static inline void words_value(struct words *w, enum ktype type, const char *value,
			       struct encode_value *v)
{
	value += strspn(value, " ");
	if (words_after(value, "null") != NULL)
		*v = (struct encode_value){ .number = -1 };
	else if (*value == '"')
		words_text(w, value, v);
	else if (type == UUID)
		words_uuid(w, value, v);
	else if (type == BYTES || type == RECORDS)
		words_many(w, strtol(value, NULL, 10), v);
	else if (words_after(value, "true") != NULL)
		v->number = 1;
	else if (words_after(value, "false") != NULL)
		v->number = 0;
	else
		v->number = strtoll(value, NULL, 10);
}

/* The n-th of "[ a, b ]". */
static inline const char *words_element(const char *value, uint32_t n)
{
	value = strchr(value, '[') + 1;
	for (; n > 0; n--)
		value = strchr(value, ',') + 1;
	return value;
}

static inline int64_t words_elements(const struct words_item *i)
{
	const char *at = i->value;
	int64_t n = 0;

	if (i->elements > 0)
		return i->elements;
	at += strspn(at, " ");
	if (*at != '[')
		return words_after(at, "null") != NULL ? -1 : 1; /* a struct: it is there */
	at += 1 + strspn(at + 1, " ");
	for (n = *at != ']'; *at != ']'; at++)
		n += *at == ',';
	return n;
}

/* Two arrays may have fields of the same name: what was said first is the first one's. */
static inline struct words_item *words_find(struct words *w, const struct encode_field *f,
					    int depth)
{
	struct words_item *first = NULL;

	for (struct words_item *i = w->items; i < w->items + w->count; i++) {
		if (strcmp(i->name, f->row->name) != 0 || i->depth != depth ||
		    memcmp(i->index, f->index, (size_t)depth * sizeof i->index[0]) != 0)
			continue;
		if (!i->was_used)
			return i;
		if (first == NULL)
			first = i;
	}
	return first;
}

static inline bool words_fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	struct words *w = ctx;
	int depth = f->is_element ? f->depth - 1 : f->depth;
	struct words_item *i = words_find(w, f, depth);

	if (i == NULL)
		return false;
	i->was_used = true;
	if (f->is_element)
		words_value(w, f->row->of, words_element(i->value, f->index[depth]), v);
	else if (f->row->type == ARRAY || f->row->type == STRUCT)
		v->number = words_elements(i);
	else
		words_value(w, f->row->type, i->value, v);
	return true;
}

static inline void words_encode(const struct kapi *api, int version, enum kdirection d,
				const char *tree, struct buf *out)
{
	struct words *w = mem_alloc(sizeof *w);

	words_read(w, tree);
	assert_true(encode_message(api, version, d, words_fill, w, out));
	for (int i = 0; i < w->count; i++) {
		if (!w->items[i].was_used)
			fail_msg("%s %d has no %s", api->name, version, w->items[i].name);
	}
	free(w);
}

/* --- frames --- */

static inline const struct kapi *words_api(const char *name, size_t len)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	for (size_t i = 0; i < n; i++) {
		if (strlen(all[i]->name) == len && memcmp(all[i]->name, name, len) == 0)
			return all[i];
	}
	fail_msg("no API is called %.*s", (int)len, name);
	return NULL;
}

/* "Produce 9 id 5 client "app"", a line's end, and the tree.  The frame is appended. */
static inline struct scene_asked words_request(const char *text, struct buf *out)
{
	const char *end = strchr(text, '\n'), *client;
	struct scene_asked asked = { .api = words_api(text, strcspn(text, " ")) };
	size_t from = out->len, len = 0;
	unsigned id = 0;
	int version;

	text += strcspn(text, " ");
	assert_true(sscanf(text, "%d id %u", &version, &id) == 2);
	asked.version = version;
	asked.correlation_id = id;
	client = strstr(text, "client \"");
	if (end == NULL)
		end = text + strlen(text);
	if (client != NULL && client < end) {
		client += strlen("client \"");
		len = strcspn(client, "\"");
	} else {
		client = NULL;
	}
	buf_append32(out, 0);
	buf_append16(out, (uint16_t)asked.api->key);
	buf_append16(out, (uint16_t)version);
	buf_append32(out, id);
	buf_append16(out, client != NULL ? (uint16_t)len : UINT16_MAX);
	if (client != NULL)
		buf_append(out, client, len);
	if (api_is_flexible(asked.api, version))
		buf_append8(out, 0);
	words_encode(asked.api, version, REQUEST, end, out);
	wire_put32(out->data + from, (uint32_t)(out->len - from) - 4);
	return asked;
}

static inline void words_answer(const struct scene_asked *to, const char *tree, struct buf *out)
{
	size_t from = out->len;

	buf_append32(out, 0);
	buf_append32(out, to->correlation_id);
	if (api_answer_has_tags(to->api, to->version))
		buf_append8(out, 0);
	words_encode(to->api, to->version, RESPONSE, tree, out);
	wire_put32(out->data + from, (uint32_t)(out->len - from) - 4);
}

/* --- who says it --- */

static inline void words_note(struct scene_asks *asks, struct scene_asked asked)
{
	assert_true(asks->count < SCENE_ASKED);
	asks->all[asks->count++] = asked;
}

/* The client says the first n bytes of a request, or all of it; how many that are. */
static inline size_t client_begins(struct scene *s, int client, size_t n, const char *text)
{
	struct buf frame;

	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(&s->clients[client].said, words_request(text, &frame));
	if (n > frame.len)
		n = frame.len;
	scene_client_sends(s, client, frame.data, n);
	buf_deinit(&frame);
	return n;
}

static inline size_t client_says(struct scene *s, int client, const char *text)
{
	return client_begins(s, client, SIZE_MAX, text);
}

/* What was printed to a stream over `text`, in memory of the caller's. */
static inline char *words_close(FILE *out, char **text)
{
	char *copy;

	fclose(out);
	copy = mem_strdup(*text);
	free(*text);
	return copy;
}

/* What is printed of a frame; the caller frees it. */
static inline char *words_of_request(const uint8_t *frame, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	print_request(out, frame, n);
	return words_close(out, &text);
}

static inline char *words_of_answer(const struct scene_asked *to, const uint8_t *frame, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	print_answer(out, to->api, to->version, frame, n);
	return words_close(out, &text);
}

/* Waits for a request at the broker, takes it and prints it; *end: by which connection it came. */
static inline char *broker_gets(struct scene *s, int broker, int *end)
{
	struct scene_broker *b = &s->brokers[broker];
	struct scene_end *e;
	struct request_head head;
	char *text;
	size_t n;

	scene_until(s, scene_broker_has(s, broker) >= 0);
	*end = scene_broker_has(s, broker);
	e = &b->ends[*end];
	n = scene_frame_size(e);
	assert_int_equal(head_read(e->in.data + e->taken, n, INT32_MAX, &head), HEAD_OK);
	text = words_of_request(e->in.data + e->taken, n);
	words_note(&b->got,
		   (struct scene_asked){ .end = *end,
					 .correlation_id = head.correlation_id,
					 .api = head.api,
					 .version = head.version,
					 .is_answered = strstr(text, "\nacks: 0\n") != NULL });
	e->taken += n;
	return text;
}

/* Takes a request whatever it says. */
static inline void broker_takes(struct scene *s, int broker)
{
	int end;

	free(broker_gets(s, broker, &end));
}

static inline struct scene_asked *broker_owes(struct scene *s, int broker, int end)
{
	struct scene_asks *got = &s->brokers[broker].got;

	for (struct scene_asked *a = got->all; a < got->all + got->count; a++) {
		if (!a->is_answered && (end < 0 || a->end == end))
			return a;
	}
	fail_msg("broker %d has nothing to answer", broker);
	return NULL;
}

/* Answers the oldest request that it took, of a connection or (-1) of all. */
static inline void broker_answers_on(struct scene *s, int broker, int end, const char *tree)
{
	struct scene_asked *to = broker_owes(s, broker, end);
	struct buf frame;

	buf_init(&frame, SCENE_BYTES_MAX);
	words_answer(to, tree, &frame);
	to->is_answered = true;
	scene_send_all(s, s->brokers[broker].ends[to->end].fd, frame.data, frame.len);
	buf_deinit(&frame);
}

static inline void broker_answers(struct scene *s, int broker, const char *tree)
{
	broker_answers_on(s, broker, -1, tree);
}

/* What the client asked with this id. */
static inline const struct scene_asked *client_asked(const struct scene *s, int client, uint32_t id)
{
	const struct scene_asks *said = &s->clients[client].said;

	for (const struct scene_asked *a = said->all; a < said->all + said->count; a++) {
		if (a->correlation_id == id)
			return a;
	}
	fail_msg("the client did not ask %u", (unsigned)id);
	return NULL;
}

/* Waits for an answer at the client, takes it and prints it; the caller frees that. */
static inline char *client_gets(struct scene *s, int client)
{
	struct scene_end *e = &s->clients[client].end;
	const uint8_t *frame;
	size_t n;

	scene_until(s, scene_frame_size(e) > 0 || e->has_ended);
	n = scene_frame_size(e);
	if (n == 0)
		fail_msg("the client was closed without an answer");
	frame = e->in.data + e->taken;
	e->taken += n;
	return words_of_answer(client_asked(s, client, wire_get32(frame + 4)), frame, n);
}

/* Whether the answer's text has all of this in it. */
static inline void assert_client_gets(struct scene *s, int client, const char *words)
{
	char *text = client_gets(s, client);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
	free(text);
}

/* A broker believes whoever logs in at its next connection. */
static inline void broker_believes(struct scene *s, int broker)
{
	broker_takes(s, broker);
	broker_answers(s, broker, "mechanisms: [ \"PLAIN\" ]\n");
	broker_takes(s, broker);
	broker_answers(s, broker, "error_message: \"\"\n");
}

static inline void assert_client_closed(struct scene *s, int client)
{
	struct scene_end *e = &s->clients[client].end;

	scene_until(s, e->has_ended);
	assert_int_equal(scene_unread(e), 0);
}

#endif
