/* reload.h - the configuration read again while the node runs.
 *
 * Each option row says whether it reloads.  What does not keeps its value, and
 * where that was said, until the next start; it is named, and its new value is
 * among what waits for one.  Tests: tests/unit/config/reload_test.c
 */
#ifndef CONFIG_RELOAD_H
#define CONFIG_RELOAD_H

#include "config/options.h"

enum { CONFIG_CHANGES_MAX = 128 };

struct config_change {
	const struct config_option *option;
	bool is_taken;	      /* false: needs a restart */
	char *before, *after; /* as --print-config writes them */
};

struct config_changes {
	struct config_change list[CONFIG_CHANGES_MAX];
	size_t count;
};

/* Reads the file that `running` came from, and the environment, as config_load does.
 * NULL: it has mistakes, all of them told to `complaints`, and nothing changes.  Else a
 * configuration of its own (config_free) in which what does not reload is as in `running`. */
MUST_CHECK struct config *config_reload(const struct config *running,
					struct config_changes *changes, FILE *complaints);
void config_changes_free(struct config_changes *changes);

#endif
