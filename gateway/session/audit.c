#include "session/audit.h"

#include "kafka/walk.h"
#include "kafka/wire.h"
#include "session/inside.h"
#include "session/principal.h"
#include "session/request.h"
#include "util/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* NAMES_TOLD: bytes of a line, with backslashes; all that stands in front of a line's names leaves room for them. */
enum { NAMES_TOLD = 300, ERRORS_TOLD = 8, BROKERS_TOLD = 8, PRINCIPAL_TOLD = 160, ID_TOLD = 64 };
static const char goes_on[] = "%...";

struct audit {
	const struct request *of;
	char names[NAMES_TOLD + sizeof goes_on]; /* with commas: those of the next line */
	size_t names_len, names_told;		 /* the latter in the line, with backslashes */
	uint32_t part;				 /* of the next line */
	uint32_t named;				 /* so many there were */
	char client_id[ID_TOLD + 1];
	int16_t resource_type; /* of the resource that is named next; 0: none */
	struct {
		int code;
		uint32_t count;
	} errors[ERRORS_TOLD];
	size_t error_kinds;
	uint32_t other_errors; /* of further codes */
	bool only_validates, is_answered;
};

bool audit_wants(const struct client *c, const struct request *r)
{
	return r->head.api->is_administrative && c->worker->config->audit_log &&
	       r->heard == DOOR_PASS;
}

struct who {
	const char *principal;
	char address[ADDRESS_TEXT];
};

/* --- what it names --- */

static const char *resource_word(int type)
{
	switch (type) {
	case 2:
		return "topic:";
	case 4:
		return "broker:";
	case 8:
		return "broker_logger:";
	case 16:
		return "client_metrics:";
	case 32:
		return "group:";
	default:
		return "";
	}
}

static struct who who_of(const struct request *r)
{
	const struct client *c = r->client;
	const char *principal = principal_told(c);
	struct who who = { .principal = principal != NULL ? principal : "" };

	address_text(&c->came.peer, who.address);
	return who;
}

/* Its room is for others then. */
static void tell_names(struct audit *a)
{
	const struct request *r = a->of;
	const struct who who = who_of(r);

	log_always("who=audit event=names conn=%" PRIu64
		   " client=%s principal=\"%.*s\" api=%s v=%d corr=%" PRId32 " part=%" PRIu32
		   " names=\"%s\"",
		   r->client->id, who.address, PRINCIPAL_TOLD, who.principal, r->head.api->name,
		   r->head.version, (int32_t)r->head.correlation_id, a->part, a->names);
	a->part++;
	a->names_len = a->names_told = 0;
	a->names[0] = '\0';
}

/* It would end a name, or stands for another byte; as %2C. */
static bool is_encoded(char byte)
{
	return byte == ',' || byte == '%' || (unsigned char)byte < ' ' || byte == 0x7f;
}

static size_t bytes_told(char byte)
{
	return is_encoded(byte) ? 3 : byte == '"' || byte == '\\' ? 2 : 1;
}

static void put_byte(struct audit *a, char byte)
{
	const size_t n = bytes_told(byte);

	if (a->names_told + n > NAMES_TOLD) { /* a name longer than a line */
		memcpy(a->names + a->names_len, goes_on, sizeof goes_on);
		tell_names(a);
	}
	a->names_len += (size_t)snprintf(a->names + a->names_len, sizeof a->names - a->names_len,
					 is_encoded(byte) ? "%%%02X" : "%c", (unsigned char)byte);
	a->names_told += n;
}

/* A name of which there is no room for all begins another line: a part of one is another one. */
static void add_name(struct audit *a, const char *name, size_t len)
{
	const char *word = resource_word(a->resource_type);
	size_t n = strlen(word) + 1;

	for (size_t i = 0; i < len && n <= NAMES_TOLD; i++)
		n += bytes_told(name[i]);
	if (a->names_len > 0 && a->names_told + n > NAMES_TOLD)
		tell_names(a);
	if (a->names_len > 0) {
		a->names[a->names_len++] = ',';
		a->names_told++;
	}
	while (*word != '\0')
		put_byte(a, *word++);
	for (size_t i = 0; i < len; i++)
		put_byte(a, name[i]);
	a->named++;
	a->resource_type = 0;
}

static void add_number(struct audit *a, int64_t number)
{
	char text[24];

	add_name(a, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number));
}

static void add_id(struct audit *a, const uint8_t *id)
{
	char text[2 * WIRE_UUID + 1];

	for (int i = 0; i < WIRE_UUID; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	add_name(a, text, 2 * WIRE_UUID);
}

static void value_seen(struct audit *a, const struct walk_event *e)
{
	switch (e->is) {
	case VALIDATE_ONLY:
		a->only_validates = e->number != 0;
		break;
	case RESOURCE_TYPE:
		a->resource_type = (int16_t)e->number;
		break;
	case TOPIC_ID:
		if (!wire_uuid_is_zero(e->bytes))
			add_id(a, e->bytes);
		break;
	case NAMED:
	case TOPIC_NAME:
	case GROUP_ID:
	case RESOURCE_NAME:
	case SCRAM_USER:
	case MADE_FOR_NAME:
	case TO_RENEW_NAME:
		if (e->bytes == NULL)
			add_number(a, e->number);
		else if (e->number >= 0)
			add_name(a, (const char *)e->bytes, e->len);
		break;
	default:
		break;
	}
}

void audit_begin(struct client *c, struct request *r)
{
	const uint32_t size = HEAD_SIZE_BYTES + r->head.size - r->head.body_at;
	struct walk walk;
	struct walk_event e;

	r->audit = arena_zalloc(&r->arena, sizeof *r->audit);
	r->audit->of = r;
	r->audit->part = 1;
	snprintf(r->audit->client_id, sizeof r->audit->client_id, "%s",
		 c->client_id != NULL ? c->client_id : "");
	walk_init(&walk, api_plan(r->head.api, r->head.version, REQUEST), size);
	walk_input(&walk, conn_data(&c->conn) + r->head.body_at, size);
	while (walk_next(&walk, &e) == WALK_EVENT) {
		if (e.kind == WALK_VALUE)
			value_seen(r->audit, &e);
	}
}

/* --- what is answered --- */

void audit_error(struct request *r, int error)
{
	struct audit *a = r->audit;
	size_t i = 0;

	if (a == NULL || error == 0)
		return;
	while (i < a->error_kinds && a->errors[i].code != error)
		i++;
	if (i == ERRORS_TOLD) {
		a->other_errors++;
		return;
	}
	a->errors[i].code = error;
	a->errors[i].count++;
	if (i == a->error_kinds)
		a->error_kinds++;
}

void audit_answered(struct request *r)
{
	if (r->audit != NULL)
		r->audit->is_answered = true;
}

/* --- the line --- */

static const char *outcome(const struct audit *a)
{
	if (!a->is_answered)
		return "unanswered";
	return a->error_kinds > 0 ? "errors" : "ok";
}

/* "36*2,29*1": codes, and how often each was told. */
static void errors_text(const struct audit *a, char *to, size_t size)
{
	size_t n = 0;

	*to = '\0';
	for (size_t i = 0; i < a->error_kinds; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%d*%" PRIu32, i > 0 ? "," : "",
				      a->errors[i].code, a->errors[i].count);
	if (a->other_errors > 0)
		snprintf(to + n, size - n, ",others*%" PRIu32, a->other_errors);
}

/* The brokers of its parts, in their order. */
static void brokers_text(const struct request *r, char *to, size_t size)
{
	size_t n = 0;

	*to = '\0';
	for (uint32_t i = 0; i < r->part_count && i < BROKERS_TOLD; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%" PRId32, i > 0 ? "," : "",
				      r->parts[i].broker);
	if (r->part_count > BROKERS_TOLD)
		snprintf(to + n, size - n, ",...");
}

/* What may be cut at the end of a line is behind the names. */
static void tell(const struct client *c, const struct request *r)
{
	const struct audit *a = r->audit;
	const struct who who = who_of(r);
	const char *listener = c->came.entrance->listener->name;
	char errors[ERRORS_TOLD * 20 + 24], brokers[BROKERS_TOLD * 12 + 8];

	errors_text(a, errors, sizeof errors);
	brokers_text(r, brokers, sizeof brokers);
	log_always("who=audit event=request conn=%" PRIu64
		   " client=%s principal=\"%.*s\" api=%s v=%d corr=%" PRId32
		   " outcome=%s part=%" PRIu32 " named=%" PRIu32
		   " names=\"%s\" errors=\"%s\" brokers=\"%s\" validate_only=%s ms=%.0f "
		   "listener=\"%s\" client_id=\"%s\" why=\"%s\"",
		   c->id, who.address, PRINCIPAL_TOLD, who.principal, r->head.api->name,
		   r->head.version, (int32_t)r->head.correlation_id, outcome(a), a->part, a->named,
		   a->names, errors, brokers, a->only_validates ? "true" : "false",
		   (client_now(c) - r->started) * 1000, listener != NULL ? listener : "",
		   a->client_id, !a->is_answered && c->life.why != NULL ? c->life.why : "");
}

void audit_end(struct request *r)
{
	if (r->audit != NULL)
		tell(r->client, r);
	r->audit = NULL;
}
