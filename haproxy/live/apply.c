#include "live/apply.h"

#include "cfg/newer.h"
#include "live/file_lock.h"
#include "live/replace.h"
#include "live/show_stat.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The texts of both files as they are. */
struct texts {
	char *before, *after;
	size_t before_size, after_size;
};

/* Nothing was changed; false, to be returned. */
PRINTF_LIKE(2, 3) static bool refuse(struct apply_result *r, const char *fmt, ...)
{
	va_list args;

	r->outcome = APPLY_REFUSED;
	va_start(args, fmt);
	vsnprintf(r->why, sizeof r->why, fmt, args);
	va_end(args);
	return false;
}

/* --- the files ---------------------------------------------------------------- */

static bool read_cfg(struct apply_result *r, struct cfg *cfg, const char *path, char **text,
		     size_t *size)
{
	FILE *out;

	if (!cfg_read(cfg, path))
		return refuse(r, "%.300s: %s", path, strerror(errno));
	if (cfg->file_count != 1 || strcmp(cfg->files[0], path) != 0)
		return refuse(r, "%.300s: a folder can't be put in place, only a file", path);
	if (cfg->mistake_count > 0)
		return refuse(r, "%.200s:%d: %.200s", path, cfg->mistakes[0].line,
			      cfg->mistakes[0].what);
	out = open_memstream(text, size);
	if (out == NULL)
		abort();
	cfg_print(cfg, 0, out);
	fclose(out);
	return true;
}

static bool read_both(const struct apply *a, struct apply_result *r, struct texts *t)
{
	if (!read_cfg(r, r->before, a->balancer->config, &t->before, &t->before_size) ||
	    !read_cfg(r, r->after, a->file, &t->after, &t->after_size))
		return false;
	r->diff = diff_make(r->before, r->after, &a->version);
	return true;
}

static bool put(const struct apply *a, struct apply_result *r, const char *text, size_t size)
{
	if (replace_file(a->balancer->config, text, size))
		return true;
	return refuse(r, "%.300s: %s", a->balancer->config, strerror(errno));
}

/* The old file under another name, for people. */
static bool keep_previous(const struct apply *a, struct apply_result *r, const struct texts *t)
{
	char *path = mem_printf("%s.previous", a->balancer->config);
	bool ok = replace_file(path, t->before, t->before_size);

	if (!ok)
		refuse(r, "%.300s: %s", path, strerror(errno));
	free(path);
	return ok;
}

/* --- HAProxy's verdict ---------------------------------------------------------- */

/* What HAProxy would call an unknown keyword. */
static bool is_not_too_new(const struct apply *a, struct apply_result *r)
{
	const struct cfg_line *line;
	struct newer_word word;
	char text[160];

	if (!newer_in_cfg(r->after, &a->version, &word, &line))
		return true;
	return refuse(r, "%.200s:%d: %s", a->file, line->number,
		      newer_print(&word, &a->version, text, sizeof text));
}

static bool ask_verdict(const struct apply *a, struct apply_result *r, const char *draft)
{
	char *why = NULL;

	if (!verdict_get(a->program, &draft, 1, &r->verdict, &why)) {
		refuse(r, "%.400s", why);
		free(why);
		return false;
	}
	if (r->verdict.accepts)
		return true;
	if (r->verdict.count == 0)
		return refuse(r, "%.200s: HAProxy refuses it and does not say why", a->file);
	return refuse(r, "%.200s:%d: HAProxy refuses it: \"%.280s\"", a->file,
		      r->verdict.lines[0].number, r->verdict.lines[0].what);
}

/* In the folder of the file, so that it may say what is next to it. */
static bool check_draft(const struct apply *a, struct apply_result *r, const struct texts *t)
{
	char *draft;
	bool ok;
	int fd;

	if (a->program == NULL)
		return refuse(r,
			      "there is no haproxy program here that could check the file: name it "
			      "with --haproxy");
	draft = mem_printf("%s.draft.XXXXXX", a->balancer->config);
	fd = mkostemp(draft, O_CLOEXEC);
	if (fd < 0) {
		refuse(r, "%.300s: %s", draft, strerror(errno));
		free(draft);
		return false;
	}
	ok = write(fd, t->after, t->after_size) == (ssize_t)t->after_size;
	if (!ok)
		refuse(r, "%.300s: %s", draft, strerror(errno));
	close(fd);
	ok = ok && ask_verdict(a, r, draft);
	unlink(draft);
	free(draft);
	return ok;
}

/* --- at run time ------------------------------------------------------------------ */

static bool has_sessions(const struct stat_rows *rows, const char *server)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct stat_row *row = &rows->rows[i];
		size_t n = strlen(row->proxy);

		if (row->type == STAT_SERVER && strncmp(server, row->proxy, n) == 0 &&
		    server[n] == '/' && strcmp(server + n + 1, row->server) == 0)
			return row->sessions > 0;
	}
	return false;
}

/* A server that clients are connected to is not deleted: a reload leaves them where they are. */
static bool servers_are_free(const struct apply *a, struct apply_result *r)
{
	char *text = balancer_ask(a->all, a->balancer, WORKER_CURRENT, "show stat", r->why);
	struct stat_rows rows;
	bool all_free = true;

	if (text == NULL)
		return false;
	rows = show_stat_parse(text);
	free(text);
	for (size_t i = 0; i < r->diff.count; i++) {
		const struct diff_change *c = &r->diff.list[i];

		if (c->kind == DIFF_REMOVED && c->server != NULL)
			all_free &= !has_sessions(&rows, c->server);
	}
	show_stat_free(&rows);
	return all_free;
}

static bool removes_servers(const struct diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->list[i].kind == DIFF_REMOVED && d->list[i].server != NULL)
			return true;
	}
	return false;
}

static bool can_run(const struct apply *a, struct apply_result *r)
{
	return !a->reloads && r->diff.worst == DIFF_RUNTIME &&
	       (!removes_servers(&r->diff) || servers_are_free(a, r));
}

static bool run_commands(const struct apply *a, struct apply_result *r)
{
	for (size_t i = 0; i < r->diff.count; i++) {
		for (size_t k = 0; k < r->diff.list[i].command_count; k++) {
			if (!balancer_do(a->all, a->balancer, WORKER_CURRENT,
					 r->diff.list[i].commands[k], r->why))
				return false;
		}
	}
	return true;
}

/* --- by a reload ------------------------------------------------------------------ */

/* One more thing to say. */
PRINTF_LIKE(2, 3) static void also(struct apply_result *r, const char *fmt, ...)
{
	size_t n = strlen(r->why);
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->why + n, sizeof r->why - n, fmt, args);
	va_end(args);
}

/* The old file again.  When it is not known what became of the reload, the master is to read
 * that one. */
static void roll_back(const struct apply *a, struct apply_result *r, const struct texts *t,
		      enum reload_outcome outcome)
{
	struct reloaded again;
	char why[RUNTIME_WHY_MAX];

	r->outcome = APPLY_ROLLED_BACK;
	if (!replace_file(a->balancer->config, t->before, t->before_size)) {
		r->outcome = APPLY_FAILED;
		also(r, "; the old file could not be put back (%s), it is in %.100s.previous",
		     strerror(errno), a->balancer->config);
	} else if (outcome == RELOAD_UNKNOWN &&
		   reload_worker(a->all, a->balancer, a->patience_ms, &again, why) != RELOAD_DONE) {
		r->outcome = APPLY_FAILED;
		also(r, "; with the old file: %.200s", why);
	}
}

static void reload(const struct apply *a, struct apply_result *r, const struct texts *t)
{
	enum reload_outcome outcome;

	if (a->balancer->master == NULL) {
		refuse(r,
		       "it takes a reload, which goes through the master's socket (haproxy -W -S): name "
		       "it with --master-socket");
		return;
	}
	if (!reload_wait_for_peers(a->all, a->balancer, a->patience_ms, r->why)) {
		r->outcome = APPLY_REFUSED;
		return;
	}
	if (!keep_previous(a, r, t) || !put(a, r, t->after, t->after_size))
		return;
	outcome = reload_worker(a->all, a->balancer, a->patience_ms, &r->reloaded, r->why);
	if (outcome == RELOAD_DONE)
		r->outcome = APPLY_RELOAD;
	else
		roll_back(a, r, t, outcome);
}

/* --- all of it -------------------------------------------------------------------- */

static bool may_go_on(const struct apply *a, struct apply_result *r)
{
	if (r->diff.count > 0 && r->diff.worst == DIFF_DISCONNECTS && !a->may_disconnect)
		return refuse(
			r,
			"clients would lose what they connect to: --disconnect when that is meant");
	for (size_t i = 0; i < r->diff.count; i++) {
		if (r->diff.list[i].class == DIFF_RESTART)
			return refuse(
				r,
				"%.100s of %.100s takes a restart of the master, which loses every "
				"connection: put the file in place and restart HAProxy by hand",
				r->diff.list[i].what, r->diff.list[i].section);
	}
	return true;
}

static enum apply_outcome way_of(const struct apply *a, struct apply_result *r,
				 const struct texts *t)
{
	bool is_same = t->before_size == t->after_size &&
		       (t->after_size == 0 || memcmp(t->before, t->after, t->after_size) == 0);

	if (r->diff.count == 0 && !a->reloads)
		return is_same ? APPLY_NOTHING : APPLY_FILE;
	return r->diff.count > 0 && can_run(a, r) ? APPLY_RUNTIME : APPLY_RELOAD;
}

/* A new worker starts from the file, so some of the commands do no harm; but when there is no
 * new worker they have been run. */
static void run_or_reload(const struct apply *a, struct apply_result *r, const struct texts *t)
{
	char why[RUNTIME_WHY_MAX];

	if (run_commands(a, r)) {
		if (!keep_previous(a, r, t) || !put(a, r, t->after, t->after_size))
			r->outcome = APPLY_FAILED;
		return;
	}
	memcpy(why, r->why, sizeof why);
	reload(a, r, t);
	if (r->outcome == APPLY_RELOAD)
		return;
	r->outcome = APPLY_FAILED;
	also(r, "; commands before this one have been run: %.200s", why);
}

static void carry_out(const struct apply *a, struct apply_result *r, const struct texts *t)
{
	switch (r->outcome) {
	case APPLY_FILE:
		if (keep_previous(a, r, t))
			(void)put(a, r, t->after, t->after_size);
		break;
	case APPLY_RUNTIME:
		run_or_reload(a, r, t);
		break;
	case APPLY_RELOAD:
		reload(a, r, t);
		break;
	default:
		break;
	}
}

static void run(const struct apply *a, struct apply_result *r)
{
	struct texts t = { 0 };

	if (read_both(a, r, &t) && is_not_too_new(a, r) && check_draft(a, r, &t) &&
	    may_go_on(a, r)) {
		r->outcome = way_of(a, r, &t);
		if (!a->dry_run)
			carry_out(a, r, &t);
	}
	free(t.before);
	free(t.after);
}

void apply_run(const struct apply *a, struct apply_result *r)
{
	struct file_lock lock;

	*r = (struct apply_result){ .before = cfg_new(),
				    .after = cfg_new(),
				    .reloaded = { -1, -1 } };
	if (a->balancer->config == NULL) {
		refuse(r, "%.60s: the file that it reads is not known: name it with --config",
		       a->balancer->name);
	} else if (a->dry_run) {
		run(a, r);
	} else if (file_lock_take(&lock, a->balancer->config, r->why)) {
		run(a, r);
		file_lock_release(&lock);
	} else {
		r->outcome = APPLY_REFUSED;
	}
}

void apply_result_free(struct apply_result *r)
{
	diff_free(&r->diff);
	verdict_deinit(&r->verdict);
	cfg_free(r->before);
	cfg_free(r->after);
}
