/* versions.h - what brokers speak, and what the gateway says they speak.
 *
 * Pure: no socket, no clock (KAFKA-ROUTING 5.2).
 * Tests: tests/unit/topology/versions_test.c, tests/fuzz/topology.c
 */
#ifndef TOPOLOGY_VERSIONS_H
#define TOPOLOGY_VERSIONS_H

#include "config/config.h"
#include "topology/snapshot.h"
#include "util/compiler.h"

#include <stddef.h>

struct features {
	struct feature *all;
	size_t count;
};

/* One broker's ApiVersions answer. */
struct broker_versions {
	struct kversions keys[SNAPSHOT_KEYS]; /* empty range: not listed */
	struct features supported, finalized;
	int64_t features_epoch; /* -1: it does not tell */
};

enum versions_result {
	VERSIONS_OK,
	VERSIONS_UNSUPPORTED, /* error 35: the body is not of the version asked */
	VERSIONS_BAD,	      /* malformed, or another error */
};

/* Reads an answer's body.  *v is to be deinitialised when it is OK. */
MUST_CHECK enum versions_result versions_read(struct broker_versions *v, int version,
					      const uint8_t *body, uint32_t len);
void versions_deinit(struct broker_versions *v);

/* The version in which to send a request: the highest that the broker and our
 * rows have, -1: none. */
int versions_best(const struct broker_versions *v, int api_key);

/* The versions that clients are offered: per key those that all of the brokers and the rows have
 * in common.  The range of ApiVersions is the gateway's own. */
void offers_make(struct kversions offers[SNAPSHOT_KEYS], const struct broker_versions *const *all,
		 size_t count);

/* The features whose ranges all brokers have in common. */
struct features features_in_common(const struct broker_versions *const *all, size_t count);
struct features features_copy(const struct features *from);
void features_deinit(struct features *f);
/* Lowers a feature that clients act on to what the requests of `offers` allow; false: they must
 * not be told of it at all. */
bool feature_limit(struct feature *f, const struct kversions offers[SNAPSHOT_KEYS]);
/* Takes out, or lowers, the features whose requests are not offered. */
void features_limit(struct features *f, const struct kversions offers[SNAPSHOT_KEYS]);

#endif
