/* balancer_options.h - how a command line names the load balancers that a command is for.
 *
 * A command puts BALANCER_OPTIONS among its rows, or BALANCER_SOCKET_OPTIONS when it is not about
 * one backend; every one of them is then there to be asked for.  Tests: tests/unit/tools/balancer_options_test.c
 */
#ifndef TOOLS_BALANCER_OPTIONS_H
#define TOOLS_BALANCER_OPTIONS_H

#include "cli.h"
#include "live/balancer.h"

/* clang-format off */
#define BALANCER_SOCKET_OPTIONS \
	{ "stats-socket", 's', CLI_TEXT, "[NAME=]PATH|HOST:PORT", .repeats = true, \
	  .what = "where a load balancer is asked and told things; with names, once for each" }, \
	{ "master-socket", 0, CLI_TEXT, "[NAME=]PATH|HOST:PORT", .repeats = true, \
	  .what = "its master's socket (haproxy -S), through which old workers are reached" }, \
	{ "config", 'c', CLI_TEXT, "[NAME=]FILE", .repeats = true, \
	  .what = "its haproxy.cfg; tells the stats socket when none is named" }, \
	{ "answer-within", 0, CLI_TIME, "TIME", .min = 1, .max = 600000, \
	  .what = "how long a load balancer may take for an answer (5s)" }
#define BALANCER_OPTIONS \
	BALANCER_SOCKET_OPTIONS, \
	{ "backend", 'b', CLI_TEXT, "NAME", \
	  .what = "the backend with the nodes (the only one in TCP mode, anyport_nodes, or anyport_nodes_*)" }
/* clang-format on */

/* Fills `all`, with the config files' names in it.  EXIT_DONE, or the exit status, with a
 * message; `all` is to be freed with balancers_deinit either way. */
MUST_CHECK int balancer_options_read(const struct cli *cli, struct balancers *all);

/* The options by which load balancers were named, as they would be typed, each with a space before
 * it: for a command that is told to who named them so.  Caller frees. */
char *balancer_options_said(const struct cli *cli);

/* The stats socket that a haproxy.cfg opens: one that may change things rather than another.
 * Caller frees.  NULL, and why: it has none, or it is behind a variable, or it can't be read. */
char *balancer_options_socket_of(const char *config, char why[RUNTIME_WHY_MAX]);

#endif
