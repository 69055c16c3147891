/* Questions of other threads to the main loop, which they wait for. */
#include "program/inside.h"

#include "loop/survey.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE_S = 6 };

struct ask {
	struct survey survey;
	/* an action */
	bool (*call)(struct program *p, int what, FILE *out);
	int what;
	bool good;
	char *text;
	/* a coordinator */
	enum coordinator_type type;
	void *key;
	size_t key_len;
	int32_t broker;
};

static struct ask *ask_of(struct survey *a)
{
	return CONTAINER_OF(a, struct ask, survey);
}

static void ask_free(struct survey *survey)
{
	struct ask *a = ask_of(survey);

	free(a->text);
	free(a->key);
	free(a);
}

static struct ask *ask_new(void (*answer)(struct survey *, void *program))
{
	struct ask *a = mem_zalloc(sizeof *a);

	survey_init(&a->survey, answer, ask_free);
	return a;
}

/* False: nobody answered in time, and the ask still belongs to the main loop. */
static bool ask_main(struct program *p, struct ask *a)
{
	survey_ask(&a->survey, &p->mailbox);
	return survey_wait(&a->survey, PATIENCE_S);
}

static void answer_call(struct survey *survey, void *program)
{
	struct ask *a = ask_of(survey);
	size_t size;
	FILE *out = open_memstream(&a->text, &size);

	a->good = a->call(program, a->what, out);
	fclose(out);
	survey_release(survey);
}

bool program_ask(struct program *p, bool (*call)(struct program *p, int what, FILE *out), int what,
		 char **text)
{
	struct ask *a = ask_new(answer_call);
	bool good = false;

	a->call = call;
	a->what = what;
	if (ask_main(p, a)) {
		good = a->good;
		*text = a->text;
		a->text = NULL;
	} else {
		*text = mem_strdup("the node is too busy to answer");
	}
	survey_release(&a->survey);
	return good;
}

static void on_coordinator(void *owner, int32_t broker)
{
	struct ask *a = owner;

	a->broker = broker;
	survey_release(&a->survey);
}

static void answer_coordinator(struct survey *survey, void *program)
{
	struct ask *a = ask_of(survey);
	struct program *p = program;

	topology_ask_coordinator(p->shared.topology, a->type, a->key, a->key_len, &p->mailbox,
				 on_coordinator, a);
}

int32_t program_ask_coordinator(struct program *p, enum coordinator_type type, const void *key,
				size_t len)
{
	struct ask *a = ask_new(answer_coordinator);
	int32_t broker = NO_BROKER;

	a->type = type;
	a->key = mem_alloc(len);
	memcpy(a->key, key, len);
	a->key_len = len;
	if (ask_main(p, a))
		broker = a->broker;
	survey_release(&a->survey);
	return broker;
}
