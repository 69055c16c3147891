#include "simulate/population.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256, TEXT_MAX = 64, BYTES_A_CONNECTION = 1000000 };

void population_init(struct population *p)
{
	*p = (struct population){ .texts = mem_alloc(sizeof *p->texts) };
	arena_init(p->texts);
}

void population_deinit(struct population *p)
{
	if (p->texts != NULL)
		arena_deinit(p->texts);
	free(p->texts);
	free(p->connections);
	*p = (struct population){ 0 };
}

struct population_connection *population_add(struct population *p)
{
	if (p->count == POPULATION_MAX)
		return NULL;
	if (p->count == p->room) {
		p->room = p->room == 0 ? FIRST_ROOM : 2 * p->room;
		p->connections = mem_realloc(p->connections, p->room * sizeof *p->connections);
	}
	p->connections[p->count] = (struct population_connection){ .ends_ms = INT64_MAX };
	return &p->connections[p->count++];
}

static void merge(struct population_connection *to, const struct population_connection *a,
		  size_t a_count, const struct population_connection *b, size_t b_count)
{
	const struct population_connection *a_end = a + a_count, *b_end = b + b_count;

	while (a < a_end || b < b_end) {
		bool first = b == b_end || (a < a_end && a->begins_ms <= b->begins_ms);

		*to++ = first ? *a++ : *b++;
	}
}

/* qsort does not keep the order of those alike. */
void population_sort(struct population *p)
{
	struct population_connection *from = p->connections, *to;

	if (p->count < 2)
		return;
	to = mem_alloc(p->room * sizeof *to);
	for (size_t run = 1; run < p->count; run *= 2) {
		struct population_connection *swap = from;

		for (size_t at = 0; at < p->count; at += 2 * run) {
			size_t a = p->count - at < run ? p->count - at : run;
			size_t b = p->count - at - a < run ? p->count - at - a : run;

			merge(to + at, from + at, a, from + at + a, b);
		}
		from = to;
		to = swap;
	}
	p->connections = from;
	free(to);
}

static const char *text(struct population *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static const char *text(struct population *p, const char *fmt, ...)
{
	char line[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	return arena_strndup(p->texts, line, strlen(line));
}

/* Addresses, names and how much each client moves; other ones in each run. */
struct names {
	const char **sources, **client_ids, **certs;
	double *client_id_sums, *cert_sums;
};

static const char **names_of(struct population *p, const char *kind, unsigned salt, unsigned count)
{
	const char **names = mem_alloc((count + 1) * sizeof *names);

	for (unsigned n = 0; n < count; n++)
		names[n] = text(p, "%s%x-%u", kind, salt, n + 1);
	return names;
}

static double *sums_of(unsigned count, double zipf)
{
	double *sums = mem_zalloc((count + 1) * sizeof *sums);

	prng_zipf_sums(sums, count, zipf);
	return sums;
}

static void make_names(struct names *names, struct population *p,
		       const struct population_shape *shape, struct prng *r)
{
	unsigned net = (unsigned)prng_below(r, 256), salt = (unsigned)prng_below(r, 65536);

	names->sources = mem_alloc((shape->sources + 1) * sizeof *names->sources);
	for (unsigned n = 0; n < shape->sources; n++) {
		unsigned host = n + 1;

		names->sources[n] = text(p, "10.%u.%u.%u", (net + (host >> 16)) & 255,
					 host >> 8 & 255, host & 255);
	}
	names->client_ids = names_of(p, "app", salt, shape->client_ids);
	names->certs = names_of(p, "user", salt, shape->certs);
	names->client_id_sums = sums_of(shape->client_ids, shape->zipf);
	names->cert_sums = sums_of(shape->certs, shape->zipf);
}

static void free_names(struct names *names)
{
	free(names->sources);
	free(names->client_ids);
	free(names->certs);
	free(names->client_id_sums);
	free(names->cert_sums);
}

/* One session: bootstrap, then each broker. */
static void add_session(struct population *p, const struct population_shape *shape,
			const struct population_connection *client, const char *const *snis,
			int64_t begins_ms, int64_t ends_ms)
{
	for (unsigned n = 0; n <= shape->brokers; n++) {
		struct population_connection *c = population_add(p);
		unsigned port = n == 0 ? 0 : n - 1;

		if (c == NULL)
			return;
		*c = *client;
		c->port = shape->first_port + port;
		c->sni = snis[n];
		c->begins_ms = begins_ms;
		c->ends_ms = ends_ms;
		/* bootstrap is only asked where brokers are */
		c->bytes = n == 0 && shape->brokers > 0 ? 0 : client->bytes;
	}
}

static void add_client(struct population *p, const struct population_shape *shape,
		       const struct population_connection *client, const char *const *snis,
		       struct prng *r)
{
	int64_t at = shape->arrive_ms > 0 ? (int64_t)prng_below(r, (uint64_t)shape->arrive_ms) : 0;

	do {
		int64_t ends = INT64_MAX;

		if (shape->session_ms > 0)
			ends = at + 1 + (int64_t)prng_exponential(r, (double)shape->session_ms);
		add_session(p, shape, client, snis, at, ends < shape->length_ms ? ends : INT64_MAX);
		at = ends;
	} while (at < shape->length_ms);
}

void population_make(struct population *p, const struct population_shape *shape, struct prng *r)
{
	struct names names = { 0 };
	const char **snis;

	assert(shape->clients > 0 && shape->sources > 0);
	population_init(p);
	make_names(&names, p, shape, r);
	snis = mem_alloc((shape->brokers + 1) * sizeof *snis);
	for (unsigned n = 0; n <= shape->brokers; n++)
		snis[n] = n == 0 ? "bootstrap.kafka" : text(p, "broker%u.kafka", n);
	for (unsigned n = 0; n < shape->clients; n++) {
		struct population_connection client = { .client = n };

		client.source = names.sources[prng_below(r, shape->sources)];
		if (shape->client_ids > 0)
			client.client_id = names.client_ids[prng_zipf(r, names.client_id_sums,
								      shape->client_ids)];
		if (shape->certs > 0)
			client.cert = names.certs[prng_zipf(r, names.cert_sums, shape->certs)];
		client.bytes = BYTES_A_CONNECTION * pow(n + 1, -shape->bytes_zipf);
		add_client(p, shape, &client, snis, r);
	}
	free(snis);
	free_names(&names);
	p->client_count = shape->clients;
	p->end_ms = shape->length_ms;
	p->sees = 1 << SEES_SOURCE | 1 << SEES_PORT | 1 << SEES_SNI | 1 << SEES_BYTES |
		  1 << SEES_TIME | (unsigned)(shape->client_ids > 0) << SEES_CLIENT_ID |
		  (unsigned)(shape->certs > 0) << SEES_CERT;
	population_sort(p);
}

static void write_text(const char *text, FILE *out)
{
	fprintf(out, "\t%s", text == NULL || *text == '\0' ? "-" : text);
}

static void write_time(int64_t ms, FILE *out)
{
	if (ms == INT64_MAX)
		fputs("\t-", out);
	else
		fprintf(out, "\t%" PRId64, ms);
}

void population_write(const struct population *p, FILE *out)
{
	fputs("# client\tsource\tclient.id\tport\tsni\tcert\tbegins\tends\tbytes\tnode\n", out);
	for (size_t i = 0; i < p->count; i++) {
		const struct population_connection *c = &p->connections[i];

		fprintf(out, "%u", c->client);
		write_text(c->source, out);
		write_text(c->client_id, out);
		fprintf(out, "\t%u", c->port);
		write_text(c->sni, out);
		write_text(c->cert, out);
		write_time(c->begins_ms, out);
		write_time(c->ends_ms, out);
		fprintf(out, "\t%.0f", c->bytes);
		write_text(c->node, out);
		fputc('\n', out);
	}
}
