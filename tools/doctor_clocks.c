/* Clocks: this machine's, the other nodes', the cluster's controller's.  Tokens, certificates and what
 * logs say rest on them. */
#include "doctor.h"

#include "kafka/walk.h"
#include "util/clock.h"
#include "util/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/timex.h>

enum { OFF_MS = 1000, FAR_OFF_MS = 60000 };

static void look_ahead(struct doctor *d, const char *whose, int64_t ahead, int64_t unsure)
{
	int64_t by = ahead < 0 ? -ahead : ahead;

	if (by - unsure < OFF_MS)
		return;
	doctor_find(d, by - unsure < FAR_OFF_MS ? DOCTOR_WARNING : DOCTOR_ERROR,
		    mem_strdup("have both clocks kept by NTP (chrony, systemd-timesyncd)"),
		    "the clock of %s is %" PRId64 ".%" PRId64 " s %s the one here: tokens and "
		    "certificates begin and end at other times, and records' times differ",
		    whose, by / 1000, by % 1000 / 100, ahead < 0 ? "behind" : "ahead of");
}

static void look_own(struct doctor *d)
{
	struct timex state = { 0 };

	if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
		doctor_find(
			d, DOCTOR_ADVICE,
			mem_strdup(
				"install chrony or systemd-timesyncd, where it is not the host of "
				"this machine that keeps the clock"),
			"nothing on this machine keeps its clock right, as the kernel knows");
}

static void look_nodes(struct doctor *d)
{
	const char *node;
	json_t *clock;

	json_object_foreach(d->clocks, node, clock)
	{
		char *whose = mem_printf("node %s", node);

		look_ahead(d, whose, json_integer_value(json_object_get(clock, "ahead_ms")),
			   json_integer_value(json_object_get(clock, "unsure_ms")));
		free(whose);
	}
}

void doctor_clocks(struct doctor *d)
{
	look_own(d);
	look_nodes(d);
}

/* --- the controller's --- */

/* The last of the times at which its followers fetched, which is now for itself; -1: not told. */
static int64_t latest(const struct kapi *api, int version, const struct kafka_answer *answer)
{
	int64_t last = -1;
	struct walk_event e;
	struct walk w;

	walk_init(&w, api_plan(api, version, RESPONSE), answer->len);
	walk_input(&w, answer->body, answer->len);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_VALUE && e.is == LAST_FETCH_MS && e.number > last)
			last = e.number;
	}
	return last;
}

/* KIP-836; any broker asks the controller. */
static bool ask_controller(struct doctor *d, struct kafka_client *c, char why[KAFKA_WHY_MAX])
{
	const struct say partition[] = { say_number(QUORUM_PARTITION, 0) };
	const struct say topic[] = { say_text(QUORUM_TOPIC, "__cluster_metadata"),
				     SAY_ONE(QUORUM_PARTITIONS, partition) };
	const struct say says[] = { SAY_ONE(QUORUM_TOPICS, topic) };
	const struct kapi *api = api_of(KEY_DESCRIBE_QUORUM);
	int version = kafka_version(c, KEY_DESCRIBE_QUORUM);
	int64_t asked = clock_wall_ms(), answered, told;
	struct kafka_answer answer;

	if (version < 1) {
		snprintf(why, KAFKA_WHY_MAX,
			 "the brokers are too old to tell it (before Kafka 3.3)");
		return false;
	}
	if (!kafka_ask(c, api, version, SAY_ALL(says), &answer, why))
		return false;
	answered = clock_wall_ms();
	told = latest(api, version, &answer);
	if (told < 0) {
		snprintf(why, KAFKA_WHY_MAX, "it wants the right to describe the cluster");
		return false;
	}
	look_ahead(d, "Kafka's controller", told - (asked + answered) / 2, answered - asked);
	return true;
}

void doctor_kafka_clock(struct doctor *d)
{
	struct kafka_client c = { 0 };
	char why[KAFKA_WHY_MAX] = "no broker answers";

	if (d->asked_port == 0 || !doctor_connect(d, &c, d->asked_host, d->asked_port, why) ||
	    !ask_controller(d, &c, why))
		doctor_pass(d, "%s", why);
	kafka_close(&c);
}
