/* program.h - one gateway node as a process: starts its parts, stops them, and does what
 * signals and the HTTP API ask for.
 *
 *   SIGTERM, SIGINT   drain, then exit 0; a second one: exit at once
 *   SIGHUP            read the configuration again
 *
 * Everything here happens on the main loop; what workers do they are told by letters.
 * Tests: tests/integration/operate/{drain,reload,agent_check,service_manager}.py
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "config/config.h"

#ifndef ANYPORT_VERSION
#define ANYPORT_VERSION "0.1.0"
#endif

/* Whether the files that the configuration names can be used; else says which not, and why.  The exit
 * status. */
int program_check(const struct config *config);
/* Runs until it is told to stop; the exit status.  Takes the config. */
int program_run(struct config *config);

#endif
