#include "version/version.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct version VERSION_OLDEST = { 2, 6, 0 };

static const struct version since[VERSION_FEATURES] = {
	[VERSION_BALANCE_HASH] = { 2, 6, 0 },  [VERSION_HASH_KEY] = { 3, 0, 0 },
	[VERSION_GUID] = { 3, 0, 0 },	       [VERSION_TLV_FMT] = { 2, 9, 0 },
	[VERSION_WRITE_TO] = { 3, 0, 0 },      [VERSION_INIT_STATE] = { 3, 1, 0 },
	[VERSION_RECV_ONLY] = { 3, 2, 0 },     [VERSION_STRICT_MAXCONN] = { 3, 2, 0 },
	[VERSION_HASH_KEY_GUID] = { 3, 4, 0 },
};

/* --- numbers ------------------------------------------------------------------ */

/* The number at *text, which moves behind it; false: there is none, or a silly one. */
static bool next_number(const char **text, int *n)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)**text))
		return false;
	value = strtol(*text, &end, 10);
	*text = end;
	*n = (int)value;
	return value <= 9999;
}

bool version_parse(const char *text, struct version *v)
{
	*v = (struct version){ 0 };
	if (!next_number(&text, &v->major) || *text++ != '.' || !next_number(&text, &v->minor))
		return false;
	if (*text == '.') {
		text++;
		if (!next_number(&text, &v->patch))
			return false;
	}
	/* what a distribution adds: "-1+deb13u4"; "-dev5" and "-rc1" are before the zero */
	return *text == '\0' || *text == '-' || *text == '+' || *text == '~' || *text == ' ';
}

bool version_parse_banner(const char *text, struct version *v)
{
	const char *at = strstr(text, "roxy version ");
	char word[64];
	size_t n;

	if (at == NULL)
		return false;
	at += strlen("roxy version ");
	n = strcspn(at, " \n");
	if (n >= sizeof word)
		return false;
	memcpy(word, at, n);
	word[n] = '\0';
	return version_parse(word, v);
}

const char *version_print(const struct version *v, char to[VERSION_TEXT_MAX])
{
	if (v->patch == 0)
		snprintf(to, VERSION_TEXT_MAX, "%d.%d", v->major, v->minor);
	else
		snprintf(to, VERSION_TEXT_MAX, "%d.%d.%d", v->major, v->minor, v->patch);
	return to;
}

int version_compare(const struct version *a, const struct version *b)
{
	if (a->major != b->major)
		return a->major - b->major;
	return a->minor != b->minor ? a->minor - b->minor : a->patch - b->patch;
}

static bool is_from(const struct version *v, int major, int minor)
{
	return v->major > major || (v->major == major && v->minor >= minor);
}

/* --- what they do ------------------------------------------------------------- */

bool version_has(const struct version *v, enum version_feature feature)
{
	return version_compare(v, &since[feature]) >= 0;
}

struct version version_since(enum version_feature feature)
{
	return since[feature];
}

bool version_hashes_ids_twice(const struct version *v)
{
	static const int mended_by[] = { 13, 10, 7 }; /* of 3.0, 3.1, 3.2 */

	return v->major == 3 && v->minor <= 2 && v->patch < mended_by[v->minor];
}

bool version_leastconn_draws(const struct version *v)
{
	return is_from(v, 3, 2);
}

bool version_lone_peer_is_in_sync(const struct version *v)
{
	return is_from(v, 3, 0);
}

/* jemalloc's sizes: steps of 32 up to 256, then four to each doubling.  A page of them has a
 * little more than its entries: 1.5 %. */
static size_t jemalloc_bytes(size_t n)
{
	size_t step = 32;

	while (n > 8 * step)
		step *= 2;
	n = (n + step - 1) / step * step;
	return n + n * 3 / 200;
}

/* A key of up to 16 bytes has its place in the entry, a longer one takes more, by 32. */
size_t version_entry_bytes(const struct version *v, size_t key_length)
{
	size_t more = key_length <= 16 ? 0 : (key_length - 16 + 31) / 32 * 32;

	if (is_from(v, 3, 2))
		return jemalloc_bytes(224 + more);
	if (is_from(v, 3, 0))
		return jemalloc_bytes(192 + more);
	return 209 + more;
}

size_t version_thrown_out(const struct version *v, size_t table_size)
{
	size_t n = is_from(v, 3, 2) ? 100 : table_size / 256 + 1;

	return n < table_size ? n : table_size;
}
