/* The process as a whole: what a reload leaves, state files, folders and users. */
#include "rules/look.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- K61 -------------------------------------------------------------------- */

static struct cfg_section *global_section(const struct cfg *cfg)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		if (cfg->sections[i]->kind == CFG_GLOBAL)
			return cfg->sections[i];
	}
	return NULL;
}

static bool has_tcp_ways(const struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].frontend->is_tcp)
			return true;
	}
	return false;
}

static void look_old_workers(struct look *l)
{
	const struct cfg_section *global = global_section(l->cfg);

	if (cfg_global(l->cfg, "hard-stop-after", NULL) == NULL &&
	    cfg_global(l->cfg, "mworker-max-reloads", NULL) == NULL && has_tcp_ways(l))
		found(l, global != NULL ? global->header : NULL,
		      "%s: every reload leaves an old process that lives as long as its last Kafka "
		      "connection",
		      global != NULL ? "no hard-stop-after"
				     : "no global section, and so no hard-stop-after");
}

static bool fix_old_workers(struct cfg *cfg, const struct finding *f)
{
	struct cfg_section *global = f->line != NULL ? f->line->section
						     : cfg_section_add_first(cfg, "global");

	return global != NULL && fix_add_last(cfg, global, "hard-stop-after 30m");
}

/* --- K36 -------------------------------------------------------------------- */

static bool loads_state(const struct proxy *p)
{
	const struct cfg_line *line = cfg_setting(p->section, "load-server-state-from-file", NULL);

	return line != NULL && !has_word(line, "none");
}

static void look_state(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; loads_state(p) && k < p->server_count; k++) {
			if (p->servers[k].map == CFG_PORT_OFFSET && p->servers[k].port < 0)
				found(l, p->servers[k].line,
				      "server %s has a negative port offset, which the state file can't "
				      "hold: its state is lost at a reload",
				      p->servers[k].name);
		}
	}
}

/* --- K48, K49: this machine --------------------------------------------------- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void look_socket_folder(struct look *l, const struct cfg_line *line)
{
	const char *path = line->word_count > 2 ? line->words[2] : "";
	char folder[4096];
	char *slash;

	if (strncmp(path, "unix@", 5) == 0)
		path += 5;
	if (path[0] != '/' || line->has_variable)
		return;
	snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	*(slash == folder ? slash + 1 : slash) = '\0';
	if (!is_folder(folder))
		found(l, line, "there is no folder %s for the socket", folder);
}

static void look_folders(struct look *l)
{
	for (size_t i = 0; i < l->cfg->line_count; i++) {
		const struct cfg_line *line = l->cfg->lines[i];

		if (line->section == NULL || line->section->kind != CFG_GLOBAL || line->deleted)
			continue;
		if (cfg_line_is(line, "chroot", NULL) && line->word_count > 1 &&
		    !line->has_variable && !is_folder(line->words[1]))
			found(l, line, "there is no folder %s", line->words[1]);
		else if (cfg_line_is(line, "stats", "socket", NULL))
			look_socket_folder(l, line);
	}
}

static void look_users(struct look *l)
{
	const struct cfg_line *user = cfg_global(l->cfg, "user", NULL);
	const struct cfg_line *group = cfg_global(l->cfg, "group", NULL);

	if (user != NULL && user->word_count > 1 && getpwnam(user->words[1]) == NULL)
		found(l, user, "there is no user %s", user->words[1]);
	if (group != NULL && group->word_count > 1 && getgrnam(group->words[1]) == NULL)
		found(l, group, "there is no group %s", group->words[1]);
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K36", "offset-and-state-file", RULE_WARNING, RULE_FILE, "silent",
	  "`show servers state` writes a negative offset as 4294957296; the next process does not read "
	  "that line, and a node that was being drained gets connections again.",
	  "Positive offsets or the same ports on both sides, or no state file.", look_state },
	{ "K48", "no-such-folder", RULE_ERROR, RULE_MACHINE, "silent",
	  "`haproxy -c` does not look; the start fails.",
	  "Make the folder (RuntimeDirectory= of the unit), or name another one.", look_folders },
	{ "K49", "no-such-user", RULE_ERROR, RULE_MACHINE, "refuses",
	  "HAProxy does not start with it.", "Make the user, or name another one.", look_users },
	{ "K61", "old-workers-live-on", RULE_WARNING, RULE_FILE, "silent",
	  "A reload starts a new process; the old one lives until its last connection ends, and Kafka "
	  "connections live for hours.  Ten reloads a day leave ten processes, each with its memory "
	  "and with connections that no statistics show.",
	  "`hard-stop-after 30m` in global.", look_old_workers, fix_old_workers },
};

const struct rule_group global_rules = { rules, ARRAY_LEN(rules) };
