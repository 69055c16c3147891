/* version.h - HAProxy's versions, and what differs between them where it matters here.
 *
 * A version is what `haproxy -v` says, or a person: 3.0.11, or 3.0, which is 3.0.0.  Whoever
 * writes, checks or plays a configuration asks here what its HAProxy does; nothing else in the
 * toolkit compares numbers of versions.
 *
 * Measured with Debian's 2.6.12, 3.0.11 and 3.2.26 (`make check-versions`); what is between
 * them and after them is as HAProxy's own list of changes has it.
 * Tests: tests/unit/haproxy/version/version_test.c
 */
#ifndef VERSION_VERSION_H
#define VERSION_VERSION_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

enum { VERSION_TEXT_MAX = 36 };

struct version {
	int major, minor, patch;
};

/* What some versions have and older ones have not. */
enum version_feature {
	VERSION_BALANCE_HASH,	/* `balance hash EXPRESSION` */
	VERSION_HASH_KEY,	/* `hash-key addr`: a consistent hash knows servers by address */
	VERSION_GUID,		/* `guid NAME` on a server, kept over reloads */
	VERSION_TLV_FMT,	/* `set-proxy-v2-tlv-fmt(ID) FORMAT` */
	VERSION_WRITE_TO,	/* `stick-table ... write-to TABLE` */
	VERSION_INIT_STATE,	/* `init-state down`: a server waits for its first check */
	VERSION_RECV_ONLY,	/* `stick-table ... recv-only`: learns what is local elsewhere */
	VERSION_STRICT_MAXCONN, /* `strict-maxconn` on a server */
	VERSION_HASH_KEY_GUID,	/* `hash-key guid`, `hash-key id32` */
	VERSION_FEATURES
};

/* The oldest one that is written for: a file for it is taken by all later ones. */
extern const struct version VERSION_OLDEST;

/* "3.0", "3.0.11", "3.0.11-1+deb13u4".  False: it is none. */
MUST_CHECK bool version_parse(const char *text, struct version *v);
/* The first line of `haproxy -v`. */
MUST_CHECK bool version_parse_banner(const char *text, struct version *v);
/* "3.0.11"; without a third number when that is 0. */
const char *version_print(const struct version *v, char to[VERSION_TEXT_MAX]);
/* Below 0: a is older. */
int version_compare(const struct version *a, const struct version *b);

bool version_has(const struct version *v, enum version_feature feature);
/* The first one that has it. */
struct version version_since(enum version_feature feature);

/* Whether `hash-type consistent` hashes a server's id twice.  From 3.0.0 on it did by
 * mistake, until 3.0.13, 3.1.10 and 3.2.7: such a HAProxy sends most keys elsewhere than one
 * before and after.  `hash-key addr` is not touched by it. */
bool version_hashes_ids_twice(const struct version *v);
/* Whether leastconn draws among servers that are equally busy, as from 3.2 on; else they
 * take turns. */
bool version_leastconn_draws(const struct version *v);
/* Whether a peers section with no other peer than this HAProxy itself is in sync at once, as
 * from 3.0 on; else after 5 s. */
bool version_lone_peer_is_in_sync(const struct version *v);

/* Bytes that an entry of a stick table with a server takes: key_length is 4 for an integer
 * or `ip`, 16 for `ipv6`, N for `string len N`.  Debian's builds: up to 2.6 the memory comes
 * from glibc, from 3.0 on from jemalloc. */
size_t version_entry_bytes(const struct version *v, size_t key_length);
/* How many entries a full table throws out at once to make room: one in 256 and one, from 3.2
 * on a hundred. */
size_t version_thrown_out(const struct version *v, size_t table_size);

#endif
