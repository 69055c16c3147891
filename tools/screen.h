/* screen.h - a terminal that shows one page, written anew from time to time, and hears single keys.
 *
 * By termios and the control sequences that every terminal since the VT100 has.  The page stands on the
 * alternate screen, so that what was there before is there again when it ends, however it ends: SIGINT,
 * SIGTERM and SIGHUP are heard as the key 'q'.
 * Tests: tests/integration/operate/top_command.py
 */
#ifndef TOOLS_SCREEN_H
#define TOOLS_SCREEN_H

#include "util/compiler.h"

#include <stdbool.h>

enum { SCREEN_TIME = 0, SCREEN_QUIT = 'q', SCREEN_RESIZED = -1 };

/* False: standard input or output is no terminal. */
MUST_CHECK bool screen_begin(void);
/* Everything as it was; fine when it has not begun. */
void screen_end(void);
int screen_rows(void);
/* Lines; what does not fit, to the right and below, is left out. */
void screen_show(const char *page);
/* Waits so long at most: a key, or one of the words above. */
int screen_key(int ms);

#endif
