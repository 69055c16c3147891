/* read.h - a population from what a HAProxy says or wrote.
 *
 *   what                       it tells
 *   population file            everything (population.h)
 *   show table BACKEND         the key of that table: source, client-id,
 *                              source+client-id or port; node; with conn_cur
 *                              stored, how many connections
 *   show sess                  source, node, age
 *   log, option tcplog         source, node, times, bytes of answers; and the
 *                              port when the log has %fi:%fp
 *   log, JSON                  the same, client.id, SNI and bytes both ways (the
 *                              members of generated files: client, bind, srv,
 *                              client_id, sni, tt, in, out, ts)
 *
 * A log has a line for each connection that ended, none for those that are open.
 * One client is one client.id at one source, or one source where no id is told.
 * Tests: tests/unit/haproxy/simulate/read_test.c
 */
#ifndef SIMULATE_READ_H
#define SIMULATE_READ_H

#include "simulate/population.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* What text is, by its first lines, and how many lines were not understood. */
struct read_report {
	const char *kind; /* "a population", "a stick table", ...; NULL: none of these */
	size_t lines;	  /* but blank ones and comments */
	size_t bad_lines;
	size_t first_bad; /* its number, from 1 */
};

/* False: it is none of these, or nothing in it was understood.  population_deinit
 * it in any case.  `text` has n bytes. */
MUST_CHECK bool read_population(struct population *p, const char *text, size_t n,
				struct read_report *report);

#endif
