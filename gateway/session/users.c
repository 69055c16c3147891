#include "session/users.h"

#include "loop/survey.h"
#include "session/inside.h"
#include "util/mem.h"

#include <stdlib.h>

enum { PATIENCE_S = 2 };

struct telling {
	struct survey survey;
	enum usage_kind kind;
	struct usage_told told;
};

static void answer(struct survey *s, void *owner)
{
	struct telling *t = CONTAINER_OF(s, struct telling, survey);
	const struct worker *w = owner;
	struct usage_told own = { 0 };

	if (w->uses.of[t->kind] != NULL)
		usage_tell(w->uses.of[t->kind], &own);
	pthread_mutex_lock(&s->lock);
	usage_append(&t->told, &own);
	pthread_mutex_unlock(&s->lock);
	survey_release(s);
}

static void telling_free(struct survey *s)
{
	struct telling *t = CONTAINER_OF(s, struct telling, survey);

	usage_told_free(&t->told);
	free(t);
}

bool users_list(struct worker *const *workers, int count, const struct usage_wanted *wanted,
		struct usage_told *out)
{
	struct telling *t = mem_zalloc(sizeof *t);
	bool all;

	survey_init(&t->survey, answer, telling_free);
	t->kind = wanted->kind;
	*out = (struct usage_told){ 0 };
	for (int i = 0; i < count; i++)
		survey_ask(&t->survey, &workers[i]->mailbox);
	all = survey_wait(&t->survey, PATIENCE_S);
	if (all) {
		*out = t->told;
		t->told = (struct usage_told){ 0 };
		usage_settle(out, wanted->order, wanted->limit);
	}
	survey_release(&t->survey);
	return all;
}
