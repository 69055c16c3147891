/* door.h - what a client may ask before it has said who it is, and after that has run out.
 *
 * As a broker's listener with SASL does it (KIP-43, KIP-152, KIP-368), input by input; the client's
 * exchange itself is for a broker to judge, or for auth/judge.h, and what they say is told to the
 * door.  Pure: no socket, no loop, no clock but the time that is given, in milliseconds.
 *
 *   OFF                              nobody is asked who he is: everything passes
 *
 *   SHUT --ApiVersions--> GREETED
 *     `---SaslHandshake-----+------> CHOSEN (1), BARE (0) --good--> OPEN <--good-- AGAIN
 *                                                                    `--SaslHandshake--^
 *   any but OFF --out of order, refused, run out--> OVER
 *
 * While a broker is asked (door_is_waiting) the next frame of the client is not looked at.
 * Tests: tests/unit/auth/door_test.c, tests/fuzz/door.c
 */
#ifndef AUTH_DOOR_H
#define AUTH_DOOR_H

#include "auth/carried.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* sasl.server.max.receive.size: of a frame, its size field not counted */
	DOOR_FRAME_MAX = 524288,
	/* connection.failed.authentication.delay.ms: a refusal is held back for so long */
	DOOR_DELAY_MS = 100,
};

enum door_state {
	DOOR_OFF,
	DOOR_SHUT,    /* nothing has been said */
	DOOR_GREETED, /* ApiVersions was answered; a second one is out of order */
	DOOR_CHOSEN,  /* a mechanism is agreed on: SaslAuthenticate is to come */
	DOOR_BARE,    /* the same by SaslHandshake 0: frames without a head */
	DOOR_OPEN,
	DOOR_AGAIN, /* OPEN, and a mechanism is agreed on for the next login */
	DOOR_OVER,  /* nothing more is heard */
};

/* What a broker is asked. */
enum door_question { ASKED_NOTHING, ASKED_MECHANISM, ASKED_WHO };

struct door {
	enum door_state state;
	enum door_question asked;
	const struct carried *mechanism; /* NULL: none is agreed on */
	const struct carried *was;	 /* AGAIN: that of the login before */
	int64_t runs_out_at;		 /* 0: never; from then on requests are cut off */
};

/* What becomes of a frame. */
enum door_answer {
	DOOR_PASS,
	DOOR_ASK,    /* the broker at which the client logs in */
	DOOR_REFUSE, /* with error 34 in the API's own answer, held back, and closed after it */
	DOOR_CLOSE,  /* without an answer, held back too */
};

/* is_on: clients are asked who they are. */
void door_init(struct door *d, bool is_on);

/* A broker has not answered yet. */
bool door_is_waiting(const struct door *d);
/* The next frame has no head: asked before one is read. */
bool door_is_bare(const struct door *d);
/* The longest frame that is taken, its size field not counted; `usual` is that of requests. */
uint32_t door_frame_max(const struct door *d, uint32_t usual);
/* The client has not been let in, and its time for that runs. */
bool door_is_shut(const struct door *d);
/* The client is in, a broker has said so. */
bool door_is_open(const struct door *d);

/* A request's head was read. */
enum door_answer door_hear(struct door *d, int key, int64_t now);
/* A frame without a head was read. */
enum door_answer door_hear_bare(struct door *d);
/* ApiVersions was answered with that error code. */
void door_greeted(struct door *d, int error);

/* The broker's answer to SaslHandshake of that version: error 0, and a mechanism that the gateway
 * carries; NULL: refused. */
void door_chosen(struct door *d, int version, const struct carried *mechanism);

enum door_verdict {
	DOOR_MORE, /* a further round */
	DOOR_IN,   /* from now on the client is who it says it is */
	DOOR_OUT,
};

/* The broker's answer to a step of the exchange; lifetime_ms: 0 is none. */
enum door_verdict door_judged(struct door *d, int error, const uint8_t *answer, size_t n,
			      int64_t lifetime_ms, int64_t now);

/* What a client is promised of a session that its brokers keep for so long: less, so that what the
 * gateway holds back for it still arrives in time.  0 is none, both ways. */
int64_t door_promise(int64_t lifetime_ms);

#endif
