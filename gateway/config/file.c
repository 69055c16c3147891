#include "config/file.h"

#include "config/kinds.h"
#include "config/listeners.h"
#include "config/mistakes.h"
#include "util/mem.h"
#include "util/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <limits.h>
#include <string.h>

enum { FILE_MOST = 1024 * 1024, KEY_MOST = 128, TEXT_MOST = 512 };

struct reader {
	struct file_values *values;
	struct mistakes *m;
};

/* --- the text before libconfig ------------------------------------------ */

static char *slurp(const char *file, struct mistakes *m)
{
	FILE *f = fopen(file, "r");
	char *text = NULL;
	size_t n;

	if (f == NULL) {
		mistakes_in_file(m, 0, "can't be read: %s", strerror(errno));
		return NULL;
	}
	text = mem_alloc(FILE_MOST + 1);
	errno = 0;
	n = fread(text, 1, FILE_MOST + 1, f);
	if (ferror(f) || n > FILE_MOST || memchr(text, '\0', n) != NULL) {
		mistakes_in_file(m, 0, "can't be read: %s",
				 ferror(f) ? strerror(errno) : "not a text of at most 1 MiB");
		free(text);
		text = NULL;
	} else {
		text[n] = '\0';
	}
	fclose(f);
	return text;
}

/* The end of the comment or string that begins at s, or s when there is none. */
static const char *skip_quiet(const char *s)
{
	if (*s == '#' || (s[0] == '/' && s[1] == '/'))
		return s + strcspn(s, "\n");
	if (s[0] == '/' && s[1] == '*') {
		const char *end = strstr(s + 2, "*/");

		return end != NULL ? end + 2 : strchr(s, '\0');
	}
	if (*s != '"')
		return s;
	for (s++; *s != '\0' && *s != '"'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
	}
	return *s == '"' ? s + 1 : s;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_-*+.", c) != NULL;
}

/* libconfig would take another number than the one that is written; or, from 1.7 on, a 64-bit one. */
static bool is_wrapped(const char *word, size_t n)
{
	bool hex = n > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	size_t sign = *word == '-' || *word == '+';
	const char *digits = word + sign;
	size_t length = strspn(digits, "0123456789");
	size_t more = strspn(digits + length, "L"); /* of 64 bits, as is said so */
	long long value;

	if (!hex && (length == 0 || sign + length + more != n))
		return false; /* a name, or a float: the type tells */
	errno = 0;
	value = strtoll(word, NULL, hex ? 16 : 10);
	return errno != 0 || value > (hex ? UINT_MAX : INT_MAX) || value < INT_MIN;
}

static void look_at_word(const char *word, size_t n, int line, struct mistakes *m)
{
	if (is_wrapped(word, n))
		mistakes_in_file(m, line,
				 "%.*s: no option takes a number beyond 32 bits; sizes are "
				 "strings such as \"512 MiB\"",
				 (int)(n < 64 ? n : 64), word);
}

static void look_at_text(const char *text, struct mistakes *m)
{
	int line = 1;

	while (*text != '\0') {
		const char *end = skip_quiet(text);

		if (end != text) {
			for (; text < end; text++)
				line += *text == '\n';
			continue;
		}
		for (; *end != '\0' && is_word(*end); end++)
			;
		if (end != text) {
			look_at_word(text, (size_t)(end - text), line, m);
			text = end;
			continue;
		}
		if (strncmp(text, "@include", 8) == 0)
			mistakes_in_file(m, line, "@include: one file tells all; put it in here");
		line += *text++ == '\n';
	}
}

/* --- the settings ------------------------------------------------------- */

static void add(struct reader *r, const struct config_option *option, const char *name,
		const char *text, int line)
{
	struct file_values *v = r->values;

	v->all = mem_realloc(v->all, (v->count + 1) * sizeof *v->all);
	v->all[v->count++] = (struct file_value){
		.option = option, .name = name, .text = mem_strdup(text), .line = line
	};
}

/* One that is_wrapped has found, where libconfig takes it as a number of 64 bits. */
static bool is_too_large(const config_setting_t *s)
{
	bool hex = config_setting_get_format(s) == CONFIG_FORMAT_HEX;
	long long value;

	if (config_setting_type(s) != CONFIG_TYPE_INT64)
		return false;
	value = config_setting_get_int64(s);
	return value > (hex ? UINT_MAX : INT_MAX) || value < INT_MIN;
}

static void add_bad(struct reader *r, const struct config_option *option, const char *name,
		    const config_setting_t *s)
{
	int line = (int)config_setting_source_line(s);
	char expects[KIND_WHY_MAX];

	kind_expects(option, expects, sizeof expects);
	if (!is_too_large(s)) /* that is told already */
		mistakes_in_file(r->m, line, "%s: must be %s", name, expects);
	add(r, option, name, "", line);
	r->values->all[r->values->count - 1].bad = true;
}

/* A number, a flag or a string as text; false when it is neither or the kind takes no such. */
static bool scalar_text(const struct config_option *o, const config_setting_t *s, char *text)
{
	int type = config_setting_type(s);
	bool plain = o->kind == OPTION_NUMBER || o->kind == OPTION_FLAG;

	if (type == CONFIG_TYPE_STRING && !plain)
		snprintf(text, TEXT_MOST, "%s", config_setting_get_string(s));
	else if (type == CONFIG_TYPE_INT && (o->kind == OPTION_NUMBER || o->kind == OPTION_SIZE))
		snprintf(text, TEXT_MOST, "%d", config_setting_get_int(s));
	else if (type == CONFIG_TYPE_BOOL && o->kind == OPTION_FLAG)
		snprintf(text, TEXT_MOST, "%s", config_setting_get_bool(s) ? "true" : "false");
	else
		return false;
	return type != CONFIG_TYPE_STRING || strlen(config_setting_get_string(s)) < TEXT_MOST;
}

/* { name; host; http_port; rack } as name=host:http_port@rack. */
static bool node_text(const config_setting_t *s, char *text)
{
	const char *name;
	const char *host;
	const char *rack = NULL;
	char address[TEXT_MOST / 2];
	int port = 0;
	int known = 2;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP ||
	    !config_setting_lookup_string(s, "name", &name) ||
	    !config_setting_lookup_string(s, "host", &host))
		return false;
	if (config_setting_get_member(s, "http_port") != NULL) {
		known++;
		if (!config_setting_lookup_int(s, "http_port", &port) || port < 1 || port > 65535)
			return false;
	}
	if (config_setting_lookup_string(s, "rack", &rack))
		known++;
	if (config_setting_length(s) != known)
		return false;
	text_host_port_print(address, sizeof address, host, port);
	return snprintf(text, TEXT_MOST, "%s=%s%s%s", name, address, rack != NULL ? "@" : "",
			rack != NULL ? rack : "") < TEXT_MOST;
}

/* --- listeners --- */

static struct file_value *last(struct reader *r)
{
	return &r->values->all[r->values->count - 1];
}

static void take_property(struct reader *r, const struct config_option *o,
			  const config_setting_t *s)
{
	const char *key = config_setting_name(s);
	const struct listener_option *p = listener_option_by_key(key);
	bool is_name = strcmp(key, "name") == 0;
	const struct config_option *row = p != NULL && p->option != NULL ? option_by_key(p->option)
									 : NULL;
	int line = (int)config_setting_source_line(s);
	char text[TEXT_MOST];
	bool is_good = true;

	if (p == NULL && !is_name) {
		mistakes_in_file(r->m, line,
				 "%s: %s: listeners have no such property; `anyport --help` lists "
				 "them",
				 o->key, key);
		return;
	}
	if (row != NULL)
		is_good = scalar_text(row, s, text);
	else if (config_setting_type(s) == CONFIG_TYPE_STRING)
		snprintf(text, sizeof text, "%s", config_setting_get_string(s));
	else if (p != NULL && config_setting_type(s) == CONFIG_TYPE_INT)
		snprintf(text, sizeof text, "%d", config_setting_get_int(s));
	else
		is_good = false;
	if (is_good)
		add(r, o, o->key, text, line);
	else if (row != NULL)
		add_bad(r, row, key, s);
	else
		mistakes_in_file(r->m, line, "%s: %s: must be a string", o->key, key);
	if (!is_good && row == NULL)
		return;
	last(r)->option = o;
	last(r)->listener = r->values->listener_count;
	last(r)->property = p;
}

static void take_listeners(struct reader *r, const struct config_option *o,
			   const config_setting_t *list)
{
	if (!config_setting_is_list(list)) {
		add_bad(r, o, o->key, list);
		return;
	}
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);

		if (!config_setting_is_group(s)) {
			add_bad(r, o, o->key, s);
			continue;
		}
		r->values->listener_count++;
		for (int j = 0; j < config_setting_length(s); j++)
			take_property(r, o, config_setting_get_elem(s, (unsigned)j));
	}
}

static void take_items(struct reader *r, const struct config_option *o, const char *name,
		       const config_setting_t *list)
{
	char text[TEXT_MOST];

	if (config_setting_length(list) == 0)
		add(r, o, name, "", (int)config_setting_source_line(list));
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		int type = config_setting_type(s);

		if (o->kind == OPTION_NODES ? node_text(s, text)
					    : type == CONFIG_TYPE_STRING && scalar_text(o, s, text))
			add(r, o, name, text, (int)config_setting_source_line(s));
		else
			add_bad(r, o, name, s);
	}
}

static void take_setting(struct reader *r, const struct config_option *o, const char *name,
			 const config_setting_t *s)
{
	char text[TEXT_MOST];
	const char *rest = text;
	char *item;

	if (o->kind == OPTION_LISTENERS) {
		take_listeners(r, o, s);
		return;
	}
	if (kind_of(o)->is_list && (config_setting_is_list(s) || config_setting_is_array(s))) {
		take_items(r, o, name, s);
		return;
	}
	if (o->kind == OPTION_NODES || !scalar_text(o, s, text)) {
		add_bad(r, o, name, s);
		return;
	}
	if (!kind_of(o)->is_list) {
		add(r, o, name, text, (int)config_setting_source_line(s));
		return;
	}
	while ((item = text_next_item(&rest)) != NULL) {
		add(r, o, name, item, (int)config_setting_source_line(s));
		free(item);
	}
}

static bool is_group(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < config_option_count; i++) {
		if (strncmp(config_options[i].key, key, n) == 0 && config_options[i].key[n] == '.')
			return true;
	}
	return false;
}

static void unknown(struct reader *r, const char *key, int line)
{
	const char *near = option_near_key(key);

	if (near != NULL)
		mistakes_in_file(r->m, line, "%s: no such option; %s?", key, near);
	else
		mistakes_in_file(r->m, line, "%s: no such option; `anyport --help` lists them",
				 key);
}

static void take_group(struct reader *r, const config_setting_t *group, const char *path)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct config_option *o;
		char key[KEY_MOST];

		snprintf(key, sizeof key, "%s%s%s", path, *path != '\0' ? "." : "",
			 config_setting_name(s));
		o = option_by_key(key);
		if (o != NULL)
			take_setting(r, o, strcmp(key, o->key) == 0 ? o->key : o->key_also, s);
		else if (config_setting_is_group(s) && is_group(key))
			take_group(r, s, key);
		else
			unknown(r, key, (int)config_setting_source_line(s));
	}
}

bool file_read(struct file_values *values, const char *file, struct mistakes *m)
{
	struct reader r = { values, m };
	char *text = slurp(file, m);
	config_t parsed;
	bool ok;

	*values = (struct file_values){ 0 };
	if (text == NULL)
		return false;
	config_init(&parsed);
	look_at_text(text, m);
	ok = config_read_string(&parsed, text) == CONFIG_TRUE;
	if (ok)
		take_group(&r, config_root_setting(&parsed), "");
	else
		mistakes_in_file(m, config_error_line(&parsed), "%s", config_error_text(&parsed));
	config_destroy(&parsed);
	free(text);
	return ok;
}

void file_free(struct file_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->all[i].text);
	free(values->all);
	*values = (struct file_values){ 0 };
}
