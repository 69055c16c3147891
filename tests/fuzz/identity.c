/* identity.c - what a stranger in the nodes' group or topic may say is read without harm, and an
 * identity that was read comes back when it is written.
 *
 * Input: what it is (modulo 6) | for an answer: which message, its version | the bytes.
 */
#include "cluster/identity.h"
#include "cluster/load.h"
#include "cluster/reply.h"
#include "cluster/subscription.h"
#include "fuzz/input.h"
#include "kafka/api.h"
#include "kafka/wire.h"
#include "util/crc32c.h"
#include "util/hash.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const char *a, const char *b)
{
	return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

static void check_same(const struct cluster_member *a, const struct cluster_member *b)
{
	assert(same(a->node_id, b->node_id) && same(a->host, b->host) && same(a->rack, b->rack));
	assert(same(a->http, b->http) && same(a->version, b->version) && same(a->kafka, b->kafka));
	assert(a->port == b->port && a->port_count == b->port_count && a->mode == b->mode);
	assert(a->settings == b->settings && a->incarnation == b->incarnation);
	assert(a->is_draining == b->is_draining && a->internal == b->internal);
}

static void read_identity(const void *bytes, size_t n)
{
	struct cluster_member m, again;
	struct buf out;

	if (!identity_read(&m, bytes, n))
		return;
	buf_init(&out, IDENTITY_MAX);
	identity_write(&out, &m);
	assert(!out.full && identity_read(&again, out.data, out.len));
	check_same(&m, &again);
	buf_deinit(&out);
	identity_deinit(&m);
	identity_deinit(&again);
}

static bool on_entry(void *ctx, const struct map_entry *entry)
{
	size_t *left = ctx;

	assert(entry->len <= *left);
	*left -= entry->len;
	read_identity(entry->bytes, entry->len);
	return true;
}

static void read_map(const void *bytes, size_t n)
{
	size_t left = n;
	bool is_map = map_read(bytes, n, on_entry, &left);

	assert(!is_map || left <= n);
}

typedef bool user_data_reader(const void *bytes, size_t n, const uint8_t **data, size_t *len);

static void read_user_data(user_data_reader *reader, const void *bytes, size_t n)
{
	const uint8_t *data;
	size_t len;

	if (reader(bytes, n, &data, &len) && len > 0) {
		assert(len <= n);
		read_map(data, len);
		read_identity(data, len);
	}
}

static void on_load(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
		    const struct cluster_load *load)
{
	size_t *n = owner;

	(void)incarnation;
	(void)load;
	assert(id_len > 0 && id_len <= *n);
	(void)hash_bytes(node_id, id_len); /* all of it is there */
}

static void on_keys(void *owner, const char *node_id, size_t id_len, const struct load_keys *keys)
{
	size_t *n = owner;

	assert(id_len > 0 && id_len + keys->count * sizeof keys->keys[0] <= *n);
	assert(keys->count <= LOAD_KEYS_MAX && (keys->count > 0 || keys->asks));
	(void)hash_bytes(node_id, id_len);
	(void)hash_bytes(keys->keys, keys->count * sizeof keys->keys[0]);
}

/* Sums that are right let it look into the batches. */
static void set_sums(uint8_t *bytes, size_t n)
{
	enum { LENGTH_AT = 8, LENGTH_END = 12, SUM_AT = 17, SUM_END = 21 };

	while (n >= SUM_END) {
		size_t length = wire_get32(bytes + LENGTH_AT);

		if (length > n - LENGTH_END || length < SUM_END - LENGTH_END)
			return;
		wire_put32(bytes + SUM_AT,
			   ~crc32c(UINT32_MAX, bytes + SUM_END, length - (SUM_END - LENGTH_END)));
		bytes += LENGTH_END + length;
		n -= LENGTH_END + length;
	}
}

static void read_loads(uint8_t *bytes, size_t n)
{
	const struct load_events events = { on_load, on_keys, &n };

	set_sums(bytes, n);
	assert(load_read(bytes, n, 7, &events) >= 7);
}

static void read_answer(struct input *in)
{
	static const enum api_key messages[] = {
		KEY_PRODUCE,	      KEY_FETCH,      KEY_LIST_OFFSETS,
		KEY_FIND_COORDINATOR, KEY_JOIN_GROUP, KEY_HEARTBEAT,
		KEY_LEAVE_GROUP,      KEY_SYNC_GROUP, KEY_CREATE_TOPICS,
	};
	enum api_key message = messages[input_byte(in) % (sizeof messages / sizeof *messages)];
	uint8_t version = input_byte(in);
	const uint8_t *body = arena_copy(in->arena, in->at, in->left);
	struct kversions v = api_versions(api_of((int)message));
	struct reply a;

	if (!reply_read(&a, message, v.min + version % (v.max - v.min + 1), body,
			(uint32_t)in->left))
		return;
	assert(a.data.len <= in->left && a.member_id.len <= in->left);
	for (size_t i = 0; i < a.member_count; i++)
		read_user_data(subscription_read, a.members[i].data.bytes, a.members[i].data.len);
	read_user_data(assignment_read, a.data.bytes, a.data.len);
	reply_deinit(&a);
}

static void read_one(struct input *in)
{
	uint8_t what = input_byte(in), *bytes;

	if (what % 6 == 5) {
		read_answer(in);
		return;
	}
	bytes = arena_copy(in->arena, in->at, in->left);
	switch (what % 6) {
	case 0:
		read_identity(bytes, in->left);
		break;
	case 1:
		read_map(bytes, in->left);
		break;
	case 2:
		read_user_data(subscription_read, bytes, in->left);
		break;
	case 3:
		read_user_data(assignment_read, bytes, in->left);
		break;
	default:
		read_loads(bytes, in->left);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_compiled;
	struct arena arena;
	struct input in = { data, size, &arena };

	if (!is_compiled)
		assert(apis_compile(stderr));
	is_compiled = true;
	arena_init(&arena);
	read_one(&in);
	arena_deinit(&arena);
	return 0;
}
