/* manual.h - the manual's pages as a node shows them at /docs.
 *
 * tools/manual/pages makes them, and the list, when the program is built: a library that had the list could not be
 * built before the program that writes the pages of commands.  So who links http/api.c links the list too.
 * Tests: tests/integration/house/manual.py, tests/integration/operate/http_api.py
 */
#ifndef HTTP_MANUAL_H
#define HTTP_MANUAL_H

struct manual_page {
	const char *name; /* "anyport.conf.5"; "index" is /docs itself; NULL ends the list */
	const char *text, *end;
};

extern const struct manual_page manual_pages[];

#endif
