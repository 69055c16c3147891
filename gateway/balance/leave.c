#include "balance/leave.h"

#include "util/hash.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum {
	YOUNG_S = 5, /* a client so young was balanced a moment ago */
	/* The longest that brokers let a transaction last (transaction.max.timeout.ms): its
	 * end may come by another connection, or another node. */
	TRANSACTION_S = 900,
	SHED_S = 1, /* a chosen client that is not between requests in this time stays */
};
static const double notice_s = 0.7;

double leave_notice_s(const struct mapping *mapping)
{
	return mapping != NULL ? notice_s : 0;
}

/* --- what forbids it --- */

void leave_note_request(struct tenure *t, const struct kapi *api, bool is_transactional, double now)
{
	switch (api->binds) {
	case BINDS_TRANSACTION:
		t->transaction_until = now + TRANSACTION_S;
		break;
	case BINDS_IF_TRANSACTIONAL:
		if (is_transactional)
			t->transaction_until = now + TRANSACTION_S;
		break;
	case BINDS_CONNECTION:
		t->is_bound = true;
		break;
	case BINDS_NOTHING:
	case ENDS_TRANSACTION:
		break;
	}
}

void leave_note_answer(struct tenure *t, const struct kapi *api, bool is_answerless, bool has_error)
{
	t->sent_acks0 = is_answerless;
	if (api->binds == ENDS_TRANSACTION && !has_error)
		t->transaction_until = 0;
}

static bool may_leave(const struct tenure *t, double now)
{
	return !t->sent_acks0 && !t->is_bound && now >= t->transaction_until &&
	       !tenure_is_moving(t, now);
}

/* --- when --- */

/* The option with a tenth more or less, so that clients that came together don't go together. */
static double too_old_at(const struct tenure *t, const struct leave_terms *terms)
{
	double from = t->born > terms->aging_since ? t->born : terms->aging_since;
	double draw = (double)(hash_bytes(&t->id, sizeof t->id) % 1000) / 1000;

	return terms->age_limit_s > 0 ? from + terms->age_limit_s * (0.9 + 0.2 * draw) : INFINITY;
}

/* From when on a chosen client may be closed, and until when. */
static double begins(const struct tenure *t, const struct leave_terms *terms)
{
	return tenure_is_chosen(t) ? t->chosen_at + terms->notice_s : INFINITY;
}

static double ends(const struct tenure *t, const struct leave_terms *terms)
{
	return begins(t, terms) + SHED_S;
}

double leave_at(const struct tenure *t, const struct leave_terms *terms, double now)
{
	double limit = fmin(too_old_at(t, terms), begins(t, terms));

	limit = limit > now ? limit : INFINITY; /* once it is past each step looks */
	return fmin(limit, ends(t, terms));
}

bool leave_is_due(const struct tenure *t, const struct leave_terms *terms, double now)
{
	return may_leave(t, now) && (now >= begins(t, terms) || now >= too_old_at(t, terms));
}

bool leave_is_missed(const struct tenure *t, const struct leave_terms *terms, double now)
{
	return now >= ends(t, terms);
}

/* --- choosing --- */

int leave_port_of_turn(const bool *used, int port_count, unsigned turn)
{
	unsigned count = 0, left;
	int port = 0;

	for (int i = 0; i < port_count; i++)
		count += used[i];
	assert(count > 0);
	left = turn % count;
	for (; !used[port] || left > 0; port++)
		left -= used[port];
	return port;
}

bool leave_is_candidate(const struct tenure *t, double now)
{
	return !tenure_is_chosen(t) && may_leave(t, now) && now >= t->born + YOUNG_S;
}

static int compare(const void *a, const void *b)
{
	const struct tenure *x = *(struct tenure *const *)a, *y = *(struct tenure *const *)b;

	if (x->times_chosen != y->times_chosen)
		return x->times_chosen < y->times_chosen ? -1 : 1;
	return x->id < y->id ? -1 : 1;
}

void leave_sort(struct tenure **list, size_t count)
{
	qsort(list, count, sizeof(struct tenure *), compare);
}

void leave_choose(struct tenure *t, double now)
{
	t->chosen_at = now;
	t->times_chosen++;
}
