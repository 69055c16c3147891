/* haproxy_version.h - which HAProxy a command works for.
 *
 * A command puts VERSION_OPTION among its rows: the version that is named there, else the one
 * that HAProxy's program here says, else the oldest that the toolkit knows.
 * Tests: tests/integration/haproxy/versions.py
 */
#ifndef TOOLS_HAPROXY_VERSION_H
#define TOOLS_HAPROXY_VERSION_H

#include "cli.h"

#include "version/version.h"

/* clang-format off */
#define VERSION_OPTION \
	{ "for", 0, CLI_TEXT, "VERSION", \
	  .what = "the HAProxy it is for, as haproxy -v says it; 3.0 is 3.0.0 (the one here, else 2.6)" }
/* clang-format on */

/* `program` is HAProxy's path; NULL: look for one.  EXIT_DONE, or the exit status, with a
 * message. */
MUST_CHECK int haproxy_version_read(const struct cli *cli, const char *program,
				    struct version *version);

#endif
