/* The configuration read again: what reloads is handed to everyone who uses it, and the
 * one before is freed when nobody does any more. */
#include "config/reload.h"

#include "program/inside.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void one_has_it(struct program *p)
{
	struct reload *r = &p->reload;

	if (--r->waits_for > 0)
		return;
	if (p->config != p->first)
		config_free(p->config);
	p->config = r->next;
	r->next = NULL;
	log_info("who=main event=reloaded");
	if (r->again) {
		r->again = false;
		reload_begin(p, NULL);
	} else {
		notify_reloaded(&p->notify);
	}
}

/* Called on the thread of a worker or of the topology, which has done with the one before. */
static void on_taken(void *program)
{
	program_post(program, one_has_it);
}

static void hand_out(struct program *p, struct config *next)
{
	enum log_level level;

	p->reload.next = next;
	p->reload.waits_for = p->worker_count + 1;
	if (log_level_parse(next->log_level, &level) == 0)
		log_set_level(level);
	clients_limit(p, next, p->brokers);
	own_account_reload(&p->own, next);
	budget_resize(p->shared.budget, next->memory_budget_bytes, next->memory_per_address);
	for (int i = 0; i < p->worker_count; i++)
		worker_reconfigure(p->workers[i], next, on_taken, p);
	topology_reconfigure(p->shared.topology, next, on_taken, p);
}

static void tell(const struct config_change *c, FILE *out)
{
	if (c->is_taken)
		log_info("who=main event=option key=%s before=\"%s\" after=\"%s\"", c->option->key,
			 c->before, c->after);
	else
		log_warn("who=main event=option key=%s before=\"%s\" after=\"%s\" "
			 "reason=\"needs a restart\"",
			 c->option->key, c->before, c->after);
	if (out != NULL)
		fprintf(out, "%s: %s to %s%s\n", c->option->key, c->before, c->after,
			c->is_taken ? "" : ": needs a restart");
}

/* Mistakes are told a line each, in the log too. */
static void tell_mistakes(char *complaints, FILE *out)
{
	for (char *rest, *line = strtok_r(complaints, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		log_error("who=main event=reload_refused err=\"%s\"", line);
		if (out != NULL)
			fprintf(out, "%s\n", line);
	}
}

/* Files are read again, whatever their paths; where they can't be used the old certificates stay. */
static void renew_certificates(struct program *p, const struct config *next, FILE *out)
{
	char why[TLS_WHY_MAX];

	if (!certificates_renew(&p->certificates, next, why) && out != NULL)
		fprintf(out, "the certificates stay as they are: %s\n", why);
}

static void renew_identities(struct program *p, FILE *out)
{
	char why[IDENTITY_MAP_WHY_MAX];

	if (!identity_file_renew(&p->identity_file, why) && out != NULL)
		fprintf(out, "the identity map stays as it is: %s\n", why);
}

static void renew_users(struct program *p, FILE *out)
{
	char why[USERS_FILE_WHY_MAX];

	if (!known_users_renew(&p->known_users, why) && out != NULL)
		fprintf(out, "the users stay as they are: %s\n", why);
}

bool reload_begin(struct program *p, FILE *out)
{
	struct config_changes changes;
	char *complaints = NULL;
	size_t size;
	FILE *told = open_memstream(&complaints, &size);
	struct config *next;

	if (p->reload.next != NULL) { /* one is under way, for a moment */
		p->reload.again = true;
		fclose(told);
		free(complaints);
		if (out != NULL)
			fputs("another reload is under way; this one follows\n", out);
		return true;
	}
	notify_reloading(&p->notify);
	log_info("who=main event=reloading file=%s", p->config->file ? p->config->file : "none");
	next = config_reload(p->config, &changes, told);
	fclose(told);
	if (next == NULL) {
		tell_mistakes(complaints, out);
		notify_reloaded(&p->notify);
	} else {
		for (size_t i = 0; i < changes.count; i++)
			tell(&changes.list[i], out);
		if (changes.count == 0 && out != NULL)
			fputs("nothing has changed\n", out);
		config_changes_free(&changes);
		renew_certificates(p, next, out);
		renew_identities(p, out);
		renew_users(p, out);
		hand_out(p, next);
	}
	free(complaints);
	return next != NULL;
}

void reload_free(struct program *p)
{
	config_free(p->reload.next);
	if (p->config != p->first)
		config_free(p->config);
	config_free(p->first);
}
