#include "simulate/read.h"

#include "util/hash.h"
#include "util/mem.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_BYTES = 64 << 10, FIELDS = 10, SECOND_MS = 1000 };

/* --- clients: one for each (source, client.id) --- */

struct reader {
	struct population *p;
	struct client_slot {
		const char *source, *client_id;
		unsigned number;
	} * slots; /* open addressing; as many as a power of two */
	size_t slot_count;
	const char *table_type; /* of `show table` */
};

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static size_t start_of(const struct reader *r, const char *source, const char *client_id)
{
	uint64_t h = source == NULL ? 0 : hash_bytes(source, strlen(source));

	if (client_id != NULL)
		h = h * 31 + hash_bytes(client_id, strlen(client_id));
	return h & (r->slot_count - 1);
}

static struct client_slot *slot_of(const struct reader *r, const char *source,
				   const char *client_id)
{
	size_t at = start_of(r, source, client_id);

	while (r->slots[at].number != 0 &&
	       !(same(r->slots[at].source, source) && same(r->slots[at].client_id, client_id)))
		at = (at + 1) & (r->slot_count - 1);
	return &r->slots[at];
}

static void grow(struct reader *r)
{
	struct client_slot *old = r->slots;
	size_t count = r->slot_count;

	r->slot_count = count == 0 ? 256 : 2 * count;
	r->slots = mem_zalloc(r->slot_count * sizeof *r->slots);
	for (size_t i = 0; i < count; i++) {
		if (old[i].number != 0)
			*slot_of(r, old[i].source, old[i].client_id) = old[i];
	}
	free(old);
}

static unsigned client_number(struct reader *r, const char *source, const char *client_id)
{
	struct client_slot *slot;

	if (2 * (size_t)r->p->client_count >= r->slot_count)
		grow(r);
	slot = slot_of(r, source, client_id);
	if (slot->number == 0)
		*slot = (struct client_slot){ source, client_id, ++r->p->client_count };
	return slot->number - 1;
}

static const char *kept(struct reader *r, const char *text)
{
	return text == NULL || *text == '\0' ? NULL
					     : arena_strndup(r->p->texts, text, strlen(text));
}

static void see(struct reader *r, enum population_sees what, bool is_there)
{
	if (is_there)
		r->p->sees |= 1U << what;
}

/* Adds what was read; takes over texts that are `kept`. */
static bool add(struct reader *r, const struct population_connection *read)
{
	struct population_connection *c = population_add(r->p);

	if (c == NULL)
		return false;
	*c = *read;
	see(r, SEES_SOURCE, c->source != NULL);
	see(r, SEES_CLIENT_ID, c->client_id != NULL);
	see(r, SEES_PORT, c->port != 0);
	see(r, SEES_SNI, c->sni != NULL);
	see(r, SEES_CERT, c->cert != NULL);
	see(r, SEES_BYTES, c->bytes > 0);
	see(r, SEES_NODE, c->node != NULL);
	return true;
}

static bool number_of(const char *text, int64_t least, int64_t most, int64_t *value)
{
	return text != NULL && text_int64(text, value) && *value >= least && *value <= most;
}

/* --- the population's own file --- */

static const char *field(const char *text)
{
	return strcmp(text, "-") == 0 ? NULL : text;
}

/* "-": still open. */
static bool end_of(const char *text, int64_t begins, int64_t *ends)
{
	*ends = INT64_MAX;
	return field(text) == NULL || number_of(text, begins, INT64_MAX - 1, ends);
}

static bool read_own(struct reader *r, char *line)
{
	char *fields[FIELDS] = { 0 }, *rest = line;
	struct population_connection c = { 0 };
	int64_t client, port, bytes;
	size_t n = 0;

	while (n < FIELDS && (fields[n] = strsep(&rest, "\t")) != NULL)
		n++;
	if (n < FIELDS - 1 || rest != NULL || !number_of(fields[0], 0, POPULATION_MAX, &client) ||
	    !number_of(fields[3], 0, UINT16_MAX, &port) ||
	    !number_of(fields[6], 0, INT64_MAX / 2, &c.begins_ms) ||
	    !end_of(fields[7], c.begins_ms, &c.ends_ms) ||
	    !number_of(fields[8], 0, INT64_MAX, &bytes))
		return false;
	c.client = (unsigned)client;
	c.source = kept(r, field(fields[1]));
	c.client_id = kept(r, field(fields[2]));
	c.port = (unsigned)port;
	c.sni = kept(r, field(fields[4]));
	c.cert = kept(r, field(fields[5]));
	c.bytes = (double)bytes;
	c.node = n < FIELDS ? NULL : kept(r, field(fields[9]));
	if (c.client >= r->p->client_count)
		r->p->client_count = c.client + 1;
	see(r, SEES_TIME, true);
	return add(r, &c);
}

/* --- show table, show sess: words "name=value" --- */

/* The value of name=value among the words of the line, up to the blank that is
 * not escaped; written over `to`. */
static const char *value_of(const char *line, const char *name, char *to, size_t size)
{
	size_t length = strlen(name), n = 0;
	const char *at = line;

	while ((at = strstr(at, name)) != NULL && at != line && at[-1] != ' ')
		at += length;
	if (at == NULL)
		return NULL;
	for (at += length; *at != '\0' && *at != ' ' && n + 1 < size; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		to[n++] = *at;
	}
	to[n] = '\0';
	return to;
}

static bool is_address(const char *text)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* HAProxy writes an IPv4 address in a table of type ipv6 as ::ffff:a.b.c.d. */
static const char *plain_address(const char *text)
{
	return strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.') != NULL ? text + 7 : text;
}

static bool take_table_key(struct reader *r, char *key, struct population_connection *c)
{
	char *bar = strchr(key, '|');
	int64_t port;

	if (strcmp(r->table_type, "integer") == 0) {
		if (!number_of(key, 1, UINT16_MAX, &port))
			return false;
		c->port = (unsigned)port;
	} else if (strncmp(r->table_type, "ip", 2) == 0 || is_address(key)) {
		c->source = kept(r, plain_address(key));
	} else if (bar != NULL) {
		*bar = '\0';
		c->source = kept(r, key);
		c->client_id = kept(r, bar + 1);
	} else {
		c->client_id = kept(r, key);
	}
	return true;
}

/* An entry is a client, as far as a table knows. */
static bool read_entry(struct reader *r, char *line)
{
	struct population_connection c = { .ends_ms = INT64_MAX };
	char key[LINE_MAX_BYTES / 16], node[256], count[32];
	int64_t connections = 1;

	if (value_of(line, "key=", key, sizeof key) == NULL || !take_table_key(r, key, &c))
		return false;
	c.node = kept(r, value_of(line, "server_key=", node, sizeof node));
	if (same(c.node, "-"))
		c.node = NULL;
	if (value_of(line, "conn_cur=", count, sizeof count) != NULL &&
	    (!number_of(count, 0, POPULATION_MAX, &connections)))
		return false;
	c.client = r->p->client_count++;
	for (int64_t n = 0; n < (connections == 0 ? 1 : connections); n++) {
		if (!add(r, &c))
			return false;
	}
	return true;
}

static bool read_table(struct reader *r, char *line)
{
	char *type;

	if (strncmp(line, "# table:", 8) != 0)
		return r->table_type != NULL && read_entry(r, line);
	type = strstr(line, "type: ");
	if (type == NULL)
		return false;
	type += strlen("type: ");
	type[strcspn(type, ",")] = '\0';
	r->table_type = kept(r, type);
	return r->table_type != NULL;
}

/* "1h2m", "35s" before now */
static bool age_of(const char *text, int64_t *seconds)
{
	static const struct {
		char unit;
		int seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

	*seconds = 0;
	while (*text != '\0') {
		char *end;
		long n = strtol(text, &end, 10);
		size_t u = 0;

		while (u < ARRAY_LEN(units) && units[u].unit != *end)
			u++;
		if (end == text || n < 0 || n > INT_MAX || u == ARRAY_LEN(units))
			return false;
		*seconds += n * units[u].seconds;
		text = end + 1;
	}
	return true;
}

/* Sessions that wait for a server, or are not of clients, are no mistakes. */
static bool read_session(struct reader *r, char *line)
{
	struct population_connection c = { .ends_ms = INT64_MAX };
	char source[128], node[256], age[64], host[TEXT_HOST_MAX];
	int port;
	int64_t seconds;

	if (value_of(line, "src=", source, sizeof source) == NULL ||
	    value_of(line, "age=", age, sizeof age) == NULL || !age_of(age, &seconds))
		return false;
	if (value_of(line, "srv=", node, sizeof node) == NULL || node[0] == '<' ||
	    !text_host_port(source, host, &port))
		return true;
	c.source = kept(r, plain_address(host));
	c.node = kept(r, node);
	c.begins_ms = -seconds * SECOND_MS;
	c.client = client_number(r, c.source, NULL);
	return add(r, &c);
}

/* --- logs --- */

/* "27/Nov/2026:19:53:26.123", in the time zone of the log: only differences count. */
static bool log_time(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%d/%b/%Y:%H:%M:%S", &tm);
	long fraction = 0;

	if (end == NULL)
		return false;
	if (*end == '.')
		fraction = strtol(end + 1, NULL, 10);
	*ms = (int64_t)timegm(&tm) * SECOND_MS + fraction;
	return true;
}

/* The bracket before the time; syslog's head may have others. */
static char *time_in(char *line, int64_t *ms)
{
	char *bracket = strchr(line, '[');

	while (bracket != NULL && !log_time(bracket + 1, ms))
		bracket = strchr(bracket + 1, '[');
	return bracket;
}

static const char *host_of(struct reader *r, const char *address, unsigned *port)
{
	char host[TEXT_HOST_MAX];
	int n;

	if (address == NULL || !text_host_port(address, host, &n))
		return NULL;
	if (port != NULL)
		*port = (unsigned)n;
	return kept(r, plain_address(host));
}

/* The last of Tw/Tc/Tt; '+' is before it when the line was written early. */
static bool total_time(const char *timers, int64_t *ms)
{
	const char *last = strrchr(timers, '/');

	if (last == NULL)
		return false;
	last++;
	return number_of(*last == '+' ? last + 1 : last, 0, INT64_MAX / 4, ms);
}

static double bytes_of(const char *text)
{
	char *rest;
	double sum = fabs(strtod(text, &rest)); /* "+12": the line was written early */

	return *rest == '/' ? sum + fabs(strtod(rest + 1, NULL)) : sum;
}

/* ... CLIENT:PORT [TIME] FRONTEND [BIND:PORT] BACKEND/SERVER Tw/Tc/Tt [UP/]BYTES ... key=... */
static bool read_tcplog(struct reader *r, char *line)
{
	struct population_connection c = { 0 };
	char *bracket = time_in(line, &c.begins_ms), *rest, *word, *client, key[1024];
	int64_t total;

	if (bracket == NULL || bracket == line)
		return false;
	bracket[-1] = '\0';
	client = strrchr(line, ' ');
	c.source = host_of(r, client == NULL ? line : client + 1, NULL);
	rest = strchr(bracket + 1, ']');
	if (c.source == NULL || rest == NULL || rest[1] != ' ')
		return false;
	rest += 2;
	strsep(&rest, " ");
	word = strsep(&rest, " ");
	if (word != NULL && strchr(word, '/') == NULL) {
		if (host_of(r, word, &c.port) == NULL)
			return false;
		word = strsep(&rest, " ");
	}
	if (word == NULL || strchr(word, '/') == NULL)
		return false;
	c.node = kept(r, strchr(word, '/') + 1);
	word = strsep(&rest, " ");
	if (word == NULL || !total_time(word, &total) || (word = strsep(&rest, " ")) == NULL)
		return false;
	if (c.node == NULL || c.node[0] == '<')
		return true; /* it was refused */
	c.bytes = bytes_of(word);
	c.ends_ms = c.begins_ms + total;
	if (rest != NULL && value_of(rest, "key=", key, sizeof key) != NULL && key[0] != '\0' &&
	    !is_address(key))
		c.client_id = kept(r, key);
	c.client = client_number(r, c.source, c.client_id);
	see(r, SEES_TIME, true);
	return add(r, &c);
}

static const char *member(const json_t *o, const char *name, const char *other)
{
	const char *text = json_string_value(json_object_get(o, name));

	if (text == NULL && other != NULL)
		text = json_string_value(json_object_get(o, other));
	return text == NULL || strcmp(text, "-") == 0 ? NULL : text;
}

static double amount(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) ? strtod(json_string_value(v), NULL) : json_number_value(v);
}

static bool take_json(struct reader *r, const json_t *o)
{
	struct population_connection c = { 0 };
	const char *node = member(o, "srv", NULL);
	const json_t *ts = json_object_get(o, "ts");

	c.source = host_of(r, member(o, "client", NULL), NULL);
	if (c.source == NULL || ts == NULL)
		return false;
	if (node == NULL || node[0] == '<')
		return true; /* it was refused */
	c.node = kept(r, node);
	if (member(o, "bind", NULL) != NULL)
		host_of(r, member(o, "bind", NULL), &c.port);
	c.client_id = kept(r, member(o, "client_id", "cid"));
	c.sni = kept(r, member(o, "sni", NULL));
	c.cert = kept(r, member(o, "cert", "cn"));
	c.bytes = amount(o, "in") + amount(o, "out");
	c.begins_ms = (int64_t)(amount(o, "ts") * SECOND_MS); /* when it was accepted */
	c.ends_ms = c.begins_ms + (int64_t)amount(o, "tt");
	c.client = client_number(r, c.source, c.client_id);
	see(r, SEES_TIME, true);
	return c.begins_ms > 0 && c.ends_ms >= c.begins_ms && add(r, &c);
}

/* syslog puts a head in front of the object. */
static bool read_json(struct reader *r, char *line)
{
	const char *open = strchr(line, '{');
	json_t *o = open == NULL ? NULL : json_loads(open, 0, NULL);
	bool good = json_is_object(o) && take_json(r, o);

	json_decref(o);
	return good;
}

/* --- which of them --- */

struct format {
	const char *kind;
	bool (*is)(char *line);
	bool (*read)(struct reader *r, char *line);
};

static bool is_table(char *line)
{
	return strncmp(line, "# table:", 8) == 0;
}

static bool is_session(char *line)
{
	return strncmp(line, "0x", 2) == 0 && strstr(line, " src=") != NULL;
}

static bool is_json(char *line)
{
	return line[0] == '{' ||
	       (strstr(line, " {\"") != NULL && strstr(line, "\"client\"") != NULL);
}

static bool is_tcplog(char *line)
{
	int64_t ms;

	return time_in(line, &ms) != NULL;
}

static bool is_own(char *line)
{
	return line[0] >= '0' && line[0] <= '9' && strchr(line, '\t') != NULL;
}

static const struct format formats[] = {
	{ "a stick table", is_table, read_table },
	{ "a list of sessions", is_session, read_session },
	{ "a log in JSON", is_json, read_json },
	{ "a population", is_own, read_own },
	{ "a log", is_tcplog, read_tcplog },
};

static const struct format *format_of(char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (formats[i].is(line))
			return &formats[i];
	}
	return NULL;
}

static bool is_comment(char *line)
{
	return line[0] == '#' && !is_table(line);
}

/* The format is that of the first line that has one. */
static void read_line(struct reader *r, char *line, const struct format **format, size_t number,
		      struct read_report *report)
{
	line[strcspn(line, "\r")] = '\0';
	if (line[strspn(line, " \t")] == '\0' || is_comment(line))
		return;
	report->lines++;
	if (*format == NULL)
		*format = format_of(line);
	if (*format != NULL && (*format)->read(r, line))
		return;
	if (report->bad_lines++ == 0)
		report->first_bad = number;
}

/* Times from 0 on; what was read at one moment ends then. */
static void settle(struct population *p)
{
	int64_t first = INT64_MAX, last = INT64_MIN;

	population_sort(p);
	for (size_t i = 0; i < p->count; i++) {
		const struct population_connection *c = &p->connections[i];
		int64_t end = c->ends_ms;

		if (end == INT64_MAX) /* sessions began before now, which is 0 */
			end = c->begins_ms < 0 ? 0 : c->begins_ms;
		first = c->begins_ms < first ? c->begins_ms : first;
		last = end > last ? end : last;
	}
	if (p->count == 0)
		return;
	for (size_t i = 0; i < p->count; i++) {
		p->connections[i].begins_ms -= first;
		if (p->connections[i].ends_ms != INT64_MAX)
			p->connections[i].ends_ms -= first;
	}
	p->end_ms = last - first;
	for (size_t i = 0; (p->sees & 1 << SEES_BYTES) == 0 && i < p->count; i++)
		p->connections[i].bytes = 1; /* nothing is known: all alike */
}

bool read_population(struct population *p, const char *text, size_t n, struct read_report *report)
{
	struct reader r = { .p = p };
	const struct format *format = NULL;
	const char *at = text, *end = text + n;
	char *line = mem_alloc(LINE_MAX_BYTES);
	size_t number = 0;

	*report = (struct read_report){ 0 };
	population_init(p);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop == NULL ? end : stop) - at);

		if (length >= LINE_MAX_BYTES)
			length = LINE_MAX_BYTES - 1;
		memcpy(line, at, length);
		line[length] = '\0';
		read_line(&r, line, &format, ++number, report);
		at = stop == NULL ? end : stop + 1;
	}
	free(line);
	free(r.slots);
	report->kind = format == NULL ? NULL : format->kind;
	settle(p);
	return p->count > 0;
}
