#include "session/asked_name.h"

#include "kafka/head.h"
#include "kafka/say.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 3, FRAME_MAX = 4096 };

/* A request's, in its arena. */
struct asked_name {
	uint8_t *answer; /* of the step; NULL: the part has it */
	uint32_t size;
	bool is_under_way;
};

static const struct kapi *api(void)
{
	return api_of(KEY_CREATE_DELEGATION_TOKEN);
}

static int version_of(const struct client *c)
{
	const struct kversions v = c->worker->snapshot->offers[KEY_CREATE_DELEGATION_TOKEN];

	return v.max < VERSION ? v.max : VERSION;
}

/* A token that nobody can have. */
static bool compose(struct client *c, struct part *p)
{
	const struct say renewer[] = { say_text(TO_RENEW_TYPE, "Nobody"),
				       say_text(TO_RENEW_NAME, "nobody") };
	const struct say all[] = { SAY_ONE(TO_RENEW, renewer), say_number(TOKEN_LIFETIME_MS, 1) };
	struct buf frame;
	bool good;

	buf_init(&frame, FRAME_MAX);
	good = version_of(c) >= 0 && say_frame(api(), version_of(c), c->next_correlation,
					       c->client_id, SAY_ALL(all), &frame);
	if (good) {
		gather_init(&p->frame, &p->request->arena);
		gather_copy(&p->frame, frame.data, frame.len);
		p->frame_at = 0;
		p->correlation_id = c->next_correlation++;
	}
	buf_deinit(&frame);
	return good;
}

bool asked_name_begin(struct client *c, struct request *r)
{
	struct part *p = r->parts;
	struct asked_name *a;

	if (r->of_course != NULL || !compose(c, p))
		return false;
	a = arena_zalloc(&r->arena, sizeof *a);
	*a = (struct asked_name){ p->answer, p->answer_size, true };
	r->of_course = a;
	p->answer = NULL;
	p->answer_size = 0;
	part_set(p, PART_TO_SEND);
	return true;
}

bool asked_name_is_under_way(const struct request *r)
{
	const struct asked_name *a = r->of_course;

	return a != NULL && a->is_under_way;
}

/* NULL: it says none, or one that is no user's; a token that was made all the same is not looked at. */
static char *read_name(const struct client *c, const struct part *p)
{
	const uint32_t left = p->answer_size - ANSWER_FIXED;
	const uint8_t *body = p->answer + ANSWER_FIXED;
	bool is_user = false, is_refused = false;
	enum walk_result got;
	struct walk_event e;
	uint32_t tags = 0;
	char *name = NULL;
	struct walk w;

	if (api_answer_has_tags(api(), version_of(c)) &&
	    answer_tags_skip(body, left, left, &tags) != HEAD_OK)
		return NULL;
	body += tags;
	walk_init(&w, api_plan(api(), version_of(c), RESPONSE), left - tags);
	walk_input(&w, body, left - tags);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		const char *text = (const char *)body + e.at + e.size - e.len;

		if (e.is == ERROR_CODE)
			is_refused = e.number != 0;
		else if (e.is == OWNER_TYPE)
			is_user = e.len == 4 && memcmp(text, "User", 4) == 0;
		else if (e.is == OWNER_NAME && e.len > 0 && name == NULL)
			name = mem_strndup(text, e.len);
	}
	if (got == WALK_DONE && is_user && is_refused)
		return name;
	free(name);
	return NULL;
}

void asked_name_take(struct client *c, struct request *r)
{
	struct asked_name *a = r->of_course;
	struct part *p = r->parts;

	free(c->claim.named);
	c->claim.named = read_name(c, p);
	free(p->answer);
	p->answer = a->answer;
	p->answer_size = a->size;
	*a = (struct asked_name){ .answer = NULL };
}

void asked_name_leave(struct request *r)
{
	struct asked_name *a = r->of_course;

	if (a == NULL || a->answer == NULL)
		return;
	OPENSSL_cleanse(a->answer, a->size);
	free(a->answer);
	a->answer = NULL;
}
