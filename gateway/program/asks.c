/* What other threads ask the main loop for, and wait for. */
#include "program/inside.h"

#include "loop/answers.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE_S = 6 };

struct ask {
	struct answers answers;
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

static struct ask *ask_of(struct answers *a)
{
	return CONTAINER_OF(a, struct ask, answers);
}

static void ask_free(struct answers *answers)
{
	struct ask *a = ask_of(answers);

	free(a->text);
	free(a->key);
	free(a);
}

static struct ask *ask_new(void (*answer)(struct answers *, void *program))
{
	struct ask *a = mem_zalloc(sizeof *a);

	answers_init(&a->answers, answer, ask_free);
	return a;
}

/* False: nobody answered in time, and the ask still belongs to the main loop. */
static bool ask_main(struct program *p, struct ask *a)
{
	answers_ask(&a->answers, &p->mailbox);
	return answers_wait(&a->answers, PATIENCE_S);
}

static void answer_call(struct answers *answers, void *program)
{
	struct ask *a = ask_of(answers);
	size_t size;
	FILE *out = open_memstream(&a->text, &size);

	a->good = a->call(program, a->what, out);
	fclose(out);
	answers_release(answers);
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
	answers_release(&a->answers);
	return good;
}

static void on_coordinator(void *owner, int32_t broker)
{
	struct ask *a = owner;

	a->broker = broker;
	answers_release(&a->answers);
}

static void answer_coordinator(struct answers *answers, void *program)
{
	struct ask *a = ask_of(answers);
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
	answers_release(&a->answers);
	return broker;
}
