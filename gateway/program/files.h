/* files.h - how many clients the file descriptors allow.
 *
 * A client needs one for itself and one for each broker that it asks, two where a split Fetch waits
 * at all of them (advertised mode single).  The process needs some of its own, and what is kept for
 * the brokers' side new clients may not have: one that is let in must find its brokers.
 * Pure.  Tests: tests/unit/program/files_test.c
 */
#ifndef PROGRAM_FILES_H
#define PROGRAM_FILES_H

#include <stdbool.h>
#include <stdint.h>

struct files_need {
	int64_t limit; /* RLIMIT_NOFILE */
	int workers, ports, brokers;
	bool is_single;
	int clients;   /* as configured */
	bool is_given; /* the operator said so; else it is the most, and fewer are fine */
};

struct files_plan {
	int a_client;  /* descriptors */
	int clients;   /* so many are taken */
	int fit;       /* so many have all that they may need: less than `clients` is a warning */
	int kept_from; /* descriptors from this one on are not for new clients */
};

struct files_plan files_plan(const struct files_need *need);

#endif
