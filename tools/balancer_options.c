#include "balancer_options.h"

#include "shell.h"

#include "cfg/view.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 5000 };

static int add_all(const struct cli *cli, struct balancers *all, const char *option,
		   enum balancer_part part)
{
	size_t at = 0;

	for (const char *text; (text = cli_next(cli, option, &at)) != NULL;) {
		const char *mistake = balancers_add(all, part, text);

		if (mistake != NULL)
			return cli_usage_error(cli, "--%s %s: %s", option, text, mistake);
	}
	return EXIT_DONE;
}

static bool is_admin(const struct cfg_line *line)
{
	const char *level = cfg_line_after(line, "level");

	return level != NULL && strcmp(level, "admin") == 0;
}

/* The global section's `stats socket`, which may be there several times. */
static const struct cfg_line *stats_socket(const struct cfg *cfg)
{
	const struct cfg_line *best = NULL;

	for (size_t i = 0; i < cfg->line_count; i++) {
		const struct cfg_line *line = cfg->lines[i];

		if (line->section == NULL || line->section->kind != CFG_GLOBAL ||
		    !cfg_line_is(line, "stats", "socket", NULL) || line->word_count < 3 ||
		    strncmp(line->words[2], "fd@", 3) == 0)
			continue;
		if (best == NULL || (is_admin(line) && !is_admin(best)))
			best = line;
	}
	return best;
}

char *balancer_options_socket_of(const char *config, char why[RUNTIME_WHY_MAX])
{
	struct cfg *cfg = cfg_new();
	const struct cfg_line *line;
	char *socket = NULL;

	if (!cfg_read(cfg, config))
		snprintf(why, RUNTIME_WHY_MAX, "%.300s: %s", config, strerror(errno));
	else if ((line = stats_socket(cfg)) == NULL)
		snprintf(
			why, RUNTIME_WHY_MAX,
			"%.300s: no stats socket in its global section: set haproxy.stats_socket and "
			"generate it anew, or name the load balancer's with --stats-socket",
			config);
	else if (line->has_variable)
		snprintf(why, RUNTIME_WHY_MAX,
			 "%.200s:%d: the stats socket is behind a variable: name it with "
			 "--stats-socket",
			 line->file, line->number);
	else
		socket = mem_strdup(line->words[2]);
	cfg_free(cfg);
	return socket;
}

static int find_sockets(struct balancers *all)
{
	char why[RUNTIME_WHY_MAX];

	for (size_t i = 0; i < all->count; i++) {
		struct balancer *b = &all->list[i];

		if (b->stats != NULL || b->master != NULL)
			continue;
		b->stats = balancer_options_socket_of(b->config, why);
		if (b->stats == NULL)
			return cli_fail("%s", why);
	}
	return EXIT_DONE;
}

char *balancer_options_said(const struct cli *cli)
{
	static const char *const names[] = { "stats-socket", "master-socket", "config", "backend" };
	char *said = NULL;
	size_t size;
	FILE *out = open_memstream(&said, &size);

	if (out == NULL)
		abort(); /* out of memory */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t at = 0;

		for (const char *text; (text = cli_next(cli, names[i], &at)) != NULL;) {
			fprintf(out, " --%s ", names[i]);
			shell_print(out, text);
		}
	}
	fclose(out);
	return said;
}

int balancer_options_read(const struct cli *cli, struct balancers *all)
{
	int status;

	balancers_init(all, (int)cli_time(cli, "answer-within", TIMEOUT_MS));
	status = add_all(cli, all, "stats-socket", BALANCER_STATS);
	if (status == EXIT_DONE)
		status = add_all(cli, all, "master-socket", BALANCER_MASTER);
	if (status == EXIT_DONE)
		status = add_all(cli, all, "config", BALANCER_CONFIG);
	if (status == EXIT_DONE && all->count == 0)
		status = cli_usage_error(cli, "name a load balancer: its --stats-socket, its "
					      "--master-socket, or its haproxy.cfg with --config");
	return status == EXIT_DONE ? find_sockets(all) : status;
}
