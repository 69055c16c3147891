#include "session/numbering.h"

#include "kafka/api.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/log.h"

#include <inttypes.h>
#include <stdio.h>

enum { CLIENT_ID_TOLD = 128 };

/* What clients choose goes into a line: no quote of theirs ends it, and none of their lines is one. */
static void client_id_text(const struct client *c, char to[CLIENT_ID_TOLD])
{
	snprintf(to, CLIENT_ID_TOLD, "%s", c->client_id != NULL ? c->client_id : "");
	for (char *at = to; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == '"' || *at == '\\' || *at == 127)
			*at = '?';
	}
}

static void tell(const struct client *c, const struct part *p)
{
	const struct request_head *h = &p->request->head;
	char id[CLIENT_ID_TOLD];

	client_id_text(c, id);
	log_debug("conn=%" PRIu64 " client_id=\"%s\" api=%s v=%d corr=%" PRId32 " broker=%" PRId32
		  " broker_corr=%" PRId32,
		  c->id, id, h->api->name, h->version, (int32_t)h->correlation_id, p->broker,
		  (int32_t)p->correlation_id);
}

void numbering_take(struct client *c, struct part *p)
{
	p->correlation_id = c->next_correlation++;
	if (log_is_on(LOG_DEBUG))
		tell(c, p);
}
