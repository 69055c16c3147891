#include "topology/query.h"

#include "util/mem.h"

static void query_free(struct topology_query *q)
{
	names_deinit(&q->names);
	names_deinit(&q->ids);
	for (size_t i = 0; i < q->key_count; i++)
		free(q->keys[i].bytes);
	free(q->keys);
	free(q->key);
	free(q);
}

struct topology_query *query_new(struct topology *t, struct mailbox *mailbox,
				 topology_answer answer, void *owner)
{
	struct topology_query *q = mem_zalloc(sizeof *q);

	q->topology = t;
	q->mailbox = mailbox;
	q->answer = answer;
	q->owner = owner;
	return q;
}

void query_begin(struct topology_query *q, struct query_list *ages, int64_t deadline)
{
	q->deadline = deadline;
	q->ages = ages;
	TAILQ_INSERT_TAIL(ages, q, by_age);
}

void query_wait_in(struct topology_query *q, struct query_list *list)
{
	if (q->list != NULL)
		TAILQ_REMOVE(q->list, q, in_list);
	q->list = list;
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, q, in_list);
}

static void deliver(struct letter *letter, void *owner)
{
	struct topology_query *q = CONTAINER_OF(letter, struct topology_query, letter);

	(void)owner;
	if (!q->cancelled)
		q->answer(q->owner, q->broker);
	query_free(q);
}

void query_answer(struct topology_query *q, int32_t broker)
{
	struct topology_query *parent = q->parent;

	query_wait_in(q, NULL);
	if (q->ages != NULL)
		TAILQ_REMOVE(q->ages, q, by_age);
	q->ages = NULL;
	if (parent != NULL) {
		query_free(q);
		if (--parent->open == 0)
			query_answer(parent, NO_BROKER);
		return;
	}
	q->broker = broker;
	q->letter.deliver = deliver;
	mailbox_post(q->mailbox, &q->letter);
}
