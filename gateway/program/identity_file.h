/* identity_file.h - the file of gateway.identity_map, as what clients are made of.
 *
 * It and the password files that it names are looked at every few seconds, and read when one is another
 * one, by SIGHUP and by POST /v1/reload: all of it or nothing.  While something is wrong the rows before
 * stay, which the log tells.  All on the main loop.
 * Tests: tests/integration/operate/identity_map.py
 */
#ifndef PROGRAM_IDENTITY_FILE_H
#define PROGRAM_IDENTITY_FILE_H

#include "auth/identities.h"
#include "config/identity_map.h"
#include "program/granted.h"
#include "util/compiler.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum { IDENTITY_FILE_LOOK_S = 10 };

struct identity_file {
	const char *path; /* NULL: there is none; borrowed from the configuration */
	struct identities *identities;
	struct granted *granted; /* the accounts of those that have tokens made for them */
	char **others;		 /* the password files */
	size_t other_count;
	uint64_t stamp; /* of all of them as they were read; 0: they could not be used */
	char trouble[IDENTITY_MAP_WHY_MAX]; /* that was told last; "": none */
	ev_timer timer;
};

/* The file at that path, which is borrowed; NULL: none.  False, and why. */
MUST_CHECK bool identity_file_init(struct identity_file *f, const char *path,
				   char why[IDENTITY_MAP_WHY_MAX]);
/* Nobody uses the identities any more. */
void identity_file_deinit(struct identity_file *f);
/* Reads it again.  False, and why: what was there stays. */
bool identity_file_renew(struct identity_file *f, char why[IDENTITY_MAP_WHY_MAX]);
/* Looks at the files from now on. */
void identity_file_watch(struct identity_file *f, struct ev_loop *loop);
void identity_file_unwatch(struct identity_file *f, struct ev_loop *loop);

#endif
