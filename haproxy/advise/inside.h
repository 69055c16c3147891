/* inside.h - between the files of advise/. */
#ifndef ADVISE_INSIDE_H
#define ADVISE_INSIDE_H

#include "advise/advise.h"

struct advisor {
	const struct advise_file *file;
	const struct facts *facts;
	struct advised *out;
};

/* say.c */
/* Takes all three texts but `matter`; better may be NULL. */
void advise_say(struct advisor *a, const char *matter, char *now, char *better, bool is_edited,
		char *why);
/* "11m", "24h", "30s". */
char *advise_time(int64_t ms);

void advise_stickiness(struct advisor *a); /* stickiness.c */
void advise_size(struct advisor *a);	   /* tables.c */
void advise_expiry(struct advisor *a);
void advise_peers(struct advisor *a);
void advise_timeouts(struct advisor *a); /* settings.c */
void advise_redispatch(struct advisor *a);
void advise_maxconn(struct advisor *a);
void advise_source_limit(struct advisor *a);

#endif
