#include "check_report.h"

#include "table.h"

#include <jansson.h>
#include <string.h>

enum { WIDTH = 96, INDENT = 4 };

/* --- text --------------------------------------------------------------------- */

/* The text in lines of WIDTH, each indented; the first begins with the label. */
static void print_wrapped(const char *label, const char *text)
{
	int column = printf("%*s%s", INDENT, "", label);

	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		int n = (int)strcspn(text, " ");

		if (column + 1 + n > WIDTH)
			column = printf("\n%*s%.*s", INDENT + 2, "", n, text) - 1;
		else
			column += printf(" %.*s", n, text);
		text += n;
	}
	putchar('\n');
}

static void print_place(const char *file, int number)
{
	if (file != NULL && number > 0)
		printf("%s:%d: ", file, number);
	else if (file != NULL)
		printf("%s: ", file);
}

/* Why and the mend only where the rule comes for the first time. */
static void print_finding(const struct findings *all, size_t at)
{
	const struct finding *f = &all->list[at];

	print_place(f->file, f->number);
	printf("%s %s %s: %s\n", rule_severity_name(f->severity), f->rule->id, f->rule->name,
	       f->what);
	for (size_t i = 0; i < at; i++) {
		if (all->list[i].rule == f->rule)
			return;
	}
	print_wrapped("why: ", f->rule->why);
	print_wrapped("mend:", f->rule->mend);
}

static void print_mistake(const struct cfg_mistake *m)
{
	print_place(m->file, m->line);
	printf("error: %s\n", m->what);
}

/* NULL: it is of no line that was read. */
static const struct cfg_line *line_of(const struct cfg *cfg, const struct verdict_line *v)
{
	for (size_t i = 0; v->file != NULL && i < cfg->line_count; i++) {
		const struct cfg_line *line = cfg->lines[i];

		if (line->number == v->number && strcmp(line->file, v->file) == 0)
			return line;
	}
	return NULL;
}

/* What HAProxy says, as its words: of which line, and whether it takes it. */
static void print_verdict_line(const struct cfg *cfg, const struct verdict_line *v)
{
	const struct cfg_line *line = line_of(cfg, v);

	print_place(v->file, v->number);
	printf("%s haproxy: HAProxy %s ", v->is_bad ? "error" : "warning",
	       v->is_bad ? "refuses" : "warns of");
	if (line != NULL && line->word_count > 0)
		printf("`%s%s%s%s`", line->words[0], line->word_count > 1 ? " " : "",
		       line->word_count > 1 ? line->words[1] : "",
		       line->word_count > 2 ? " ..." : "");
	else
		printf("the file");
	printf(": \"%s\"\n", v->what);
}

static void print_count(size_t n, const char *what, const char *end)
{
	printf("%zu %s%s%s", n, what, n == 1 || strcmp(what, "advice") == 0 ? "" : "s", end);
}

static void print_summary(const struct check *c)
{
	print_count(findings_count(&c->findings, RULE_ERROR) + c->cfg->mistake_count, "error",
		    ", ");
	print_count(findings_count(&c->findings, RULE_WARNING), "warning", ", ");
	print_count(findings_count(&c->findings, RULE_ADVICE), "advice", "");
	if (c->fixed > 0)
		printf(" left after %zu mended", c->fixed);
	if (c->has_verdict)
		printf("; HAProxy itself: %s%s\n", c->verdict.accepts ? "accepted" : "refused",
		       c->verdict.accepts && c->verdict.has_warnings ? ", with warnings" : "");
	else
		printf("; HAProxy itself was not asked\n");
}

void check_report_print(const struct check *c)
{
	for (size_t i = 0; i < c->cfg->mistake_count; i++)
		print_mistake(&c->cfg->mistakes[i]);
	for (size_t i = 0; i < c->findings.count; i++)
		print_finding(&c->findings, i);
	for (size_t i = 0; i < c->verdict.count; i++)
		print_verdict_line(c->cfg, &c->verdict.lines[i]);
	print_summary(c);
}

/* --- JSON --------------------------------------------------------------------- */

static json_t *place_json(const char *file, int number)
{
	json_t *o = json_object();

	json_object_set_new(o, "file", file != NULL ? json_string(file) : json_null());
	json_object_set_new(o, "line", number > 0 ? json_integer(number) : json_null());
	return o;
}

static json_t *findings_json(const struct check *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->cfg->mistake_count; i++) {
		json_t *o = place_json(c->cfg->mistakes[i].file, c->cfg->mistakes[i].line);

		json_object_set_new(o, "id", json_null());
		json_object_set_new(o, "severity", json_string("error"));
		json_object_set_new(o, "what", json_string(c->cfg->mistakes[i].what));
		json_array_append_new(list, o);
	}
	for (size_t i = 0; i < c->findings.count; i++) {
		const struct finding *f = &c->findings.list[i];
		json_t *o = place_json(f->file, f->number);

		json_object_set_new(o, "id", json_string(f->rule->id));
		json_object_set_new(o, "name", json_string(f->rule->name));
		json_object_set_new(o, "severity", json_string(rule_severity_name(f->severity)));
		json_object_set_new(o, "what", json_string(f->what));
		json_object_set_new(o, "why", json_string(f->rule->why));
		json_object_set_new(o, "mend", json_string(f->rule->mend));
		json_object_set_new(o, "fixable", json_boolean(f->rule->fix != NULL));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *verdict_json(const struct check *c)
{
	json_t *o = json_object(), *list = json_array();

	if (!c->has_verdict) {
		json_decref(o);
		json_decref(list);
		return json_null();
	}
	for (size_t i = 0; i < c->verdict.count; i++) {
		const struct verdict_line *line = &c->verdict.lines[i];
		json_t *l = place_json(line->file, line->number);

		json_object_set_new(l, "severity", json_string(line->is_bad ? "error" : "warning"));
		json_object_set_new(l, "what", json_string(line->what));
		json_array_append_new(list, l);
	}
	json_object_set_new(o, "program", json_string(c->program));
	json_object_set_new(o, "accepts", json_boolean(c->verdict.accepts));
	json_object_set_new(o, "lines", list);
	return o;
}

void check_report_json(const struct check *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "findings", findings_json(c));
	json_object_set_new(o, "fixed", json_integer((json_int_t)c->fixed));
	json_object_set_new(o, "haproxy", verdict_json(c));
	table_print_json(stdout, o);
	json_decref(o);
}

/* --- explain -------------------------------------------------------------------- */

/* [{"version": "3.2", "says": "warns"}]: from that version on. */
static json_t *changes_json(const struct rule *rule)
{
	json_t *list = json_array();

	for (const struct rule_change *c = rule->changes; c->haproxy != NULL; c++) {
		char since[VERSION_TEXT_MAX];

		json_array_append_new(list, json_pack("{s:s s:s}", "version",
						      version_print(&c->since, since), "says",
						      c->haproxy));
	}
	return list;
}

static json_t *rule_json(const struct rule *rule)
{
	static const char *const needs[] = { "file", "machine", "gateway", "live", "version" };
	json_t *o = json_object();

	json_object_set_new(o, "id", json_string(rule->id));
	json_object_set_new(o, "name", json_string(rule->name));
	json_object_set_new(o, "severity", json_string(rule_severity_name(rule->severity)));
	json_object_set_new(o, "needs", json_string(needs[rule->needs]));
	json_object_set_new(o, "haproxy", json_string(rule->haproxy));
	json_object_set_new(o, "haproxy_from", changes_json(rule));
	json_object_set_new(o, "why", json_string(rule->why));
	json_object_set_new(o, "mend", json_string(rule->mend));
	json_object_set_new(o, "fixable", json_boolean(rule->fix != NULL));
	return o;
}

static void print_rule(const struct rule *rule)
{
	printf("%s %s (%s%s)\n", rule->id, rule->name, rule_severity_name(rule->severity),
	       rule->fix != NULL ? ", --fix mends it" : "");
	print_wrapped("why: ", rule->why);
	print_wrapped("mend:", rule->mend);
	printf("%*shaproxy -c: %s", INDENT, "", rule->haproxy);
	for (const struct rule_change *c = rule->changes; c->haproxy != NULL; c++) {
		char since[VERSION_TEXT_MAX];

		printf("; from %s on: %s", version_print(&c->since, since), c->haproxy);
	}
	putchar('\n');
}

int check_report_explain(const struct cli *cli, const char *id)
{
	const struct rule *all[RULES_MAX];
	size_t count = rules_all(all), shown = 0;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		if (strcmp(id, "all") != 0 && all[i] != rules_find(id))
			continue;
		if (cli_json(cli))
			json_array_append_new(list, rule_json(all[i]));
		else
			print_rule(all[i]);
		shown++;
	}
	if (cli_json(cli) && shown > 0)
		table_print_json(stdout, list);
	json_decref(list);
	if (shown == 0)
		return cli_usage_error(
			cli, "--explain %s: there is no such rule; --explain all shows them", id);
	return EXIT_DONE;
}
