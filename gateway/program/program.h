/* program.h - one gateway node as a process: starts its parts, stops them, and does what
 * signals and the HTTP API ask for.
 *
 *   SIGTERM, SIGINT   drain, then exit 0; a second one: exit at once
 *   SIGHUP            read the configuration again
 *
 * Everything here happens on the main loop; what workers do they are told by letters.
 * Tests: tests/integration/{drain,reload,agent_check,service_manager}.py
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "config/config.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#ifndef ANYPORT_VERSION
#define ANYPORT_VERSION "0.1.0"
#endif

struct program;

/* Runs until it is told to stop; the exit status.  Takes the config. */
int program_run(struct config *config);

/* --- what others may ask for, from any thread but the main one --- */

enum program_action {
	PROGRAM_DRAIN,	    /* and stay, until PROGRAM_UNDRAIN */
	PROGRAM_DRAIN_EXIT, /* and exit with 0 */
	PROGRAM_UNDRAIN,    /* take clients again */
	PROGRAM_RELOAD,	    /* read the configuration again */
	PROGRAM_REBALANCE, /* close what this node has above the nodes' mean, whatever the tolerance */
};

/* Done on the main loop; waits for it, a few seconds at most.  *text is a line or several
 * that say what was done, or why not; caller frees.  False: it was refused. */
MUST_CHECK bool program_ask(struct program *p, enum program_action action, char **text);

struct program_drain {
	bool is_draining;
	int turns, turns_done; /* virtual brokers, or groups of them, one after the other */
	int64_t clients;       /* that are still there */
	int64_t left_ms;       /* until what is left is cut off */
	bool exits;
};

/* From any thread. */
void program_drain_state(struct program *p, struct program_drain *out);

#endif
