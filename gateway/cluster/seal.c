#include "cluster/seal.h"

#include "kafka/wire.h"
#include "util/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { MAC_AT = 8, MAC_SIZE = SEAL_SIZE - MAC_AT, KINDS = SEAL_LOAD + 1 };

/* The newest counter of a node. */
struct heard {
	char *node_id;
	uint64_t counter;
};

struct seal {
	char *secret, *group;
	uint64_t counter; /* the last one that this node gave out */
	struct heard *heard[KINDS];
	size_t count[KINDS];
};

struct seal *seal_new(const char *secret, const char *group)
{
	struct seal *s;

	if (secret == NULL)
		return NULL;
	s = mem_zalloc(sizeof *s);
	s->secret = mem_strdup(secret);
	s->group = mem_strdup(group);
	return s;
}

void seal_free(struct seal *s)
{
	if (s == NULL)
		return;
	for (int kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; i < s->count[kind]; i++)
			free(s->heard[kind][i].node_id);
		free(s->heard[kind]);
	}
	OPENSSL_cleanse(s->secret, strlen(s->secret));
	free(s->secret);
	free(s->group);
	free(s);
}

/* --- the MAC --- */

static void put_bytes(struct buf *b, const void *bytes, size_t n)
{
	buf_append32(b, (uint32_t)n);
	buf_append(b, bytes, n);
}

/* Every part has its length in front, so that no two sayings are the same bytes. */
static void make_mac(const struct seal *s, const struct sealed *what, uint64_t counter,
		     uint8_t mac[EVP_MAX_MD_SIZE])
{
	struct buf said;

	buf_init(&said, UINT32_MAX);
	buf_append8(&said, (uint8_t)what->kind);
	put_bytes(&said, s->group, strlen(s->group));
	put_bytes(&said, what->node_id, what->id_len);
	buf_append64(&said, (uint64_t)what->incarnation);
	buf_append64(&said, counter);
	put_bytes(&said, what->content, what->len);
	if (HMAC(EVP_sha256(), s->secret, (int)strlen(s->secret), said.data, said.len, mac, NULL) ==
	    NULL)
		abort(); /* no memory */
	buf_deinit(&said);
}

void seal_write(struct seal *s, const struct sealed *what, int64_t now_ms, struct buf *out)
{
	uint8_t mac[EVP_MAX_MD_SIZE];

	if (s == NULL)
		return;
	s->counter = (uint64_t)now_ms > s->counter ? (uint64_t)now_ms : s->counter + 1;
	make_mac(s, what, s->counter, mac);
	buf_append64(out, s->counter);
	buf_append(out, mac, MAC_SIZE);
}

/* --- who said what last --- */

static struct heard *heard_of(struct seal *s, const struct sealed *what)
{
	struct heard *all = s->heard[what->kind];

	for (size_t i = 0; i < s->count[what->kind]; i++) {
		if (strlen(all[i].node_id) == what->id_len &&
		    memcmp(all[i].node_id, what->node_id, what->id_len) == 0)
			return &all[i];
	}
	return NULL;
}

/* A place for one more node; when there are as many as a map has, that of the one that was silent
 * for longest. */
static struct heard *new_place(struct seal *s, enum seal_kind kind)
{
	struct heard *oldest;

	if (s->count[kind] < SEAL_NODES_MAX) {
		s->heard[kind] =
			mem_realloc(s->heard[kind], (s->count[kind] + 1) * sizeof *s->heard[kind]);
		return &s->heard[kind][s->count[kind]++];
	}
	oldest = s->heard[kind];
	for (size_t i = 1; i < s->count[kind]; i++) {
		if (s->heard[kind][i].counter < oldest->counter)
			oldest = &s->heard[kind][i];
	}
	free(oldest->node_id);
	return oldest;
}

static bool is_old(struct seal *s, const struct sealed *what, uint64_t counter)
{
	struct heard *h = heard_of(s, what);

	if (h == NULL) {
		h = new_place(s, what->kind);
		*h = (struct heard){ mem_strndup(what->node_id, what->id_len), counter };
		return false;
	}
	if (counter < h->counter || (counter == h->counter && what->kind == SEAL_LOAD))
		return true;
	h->counter = counter;
	return false;
}

enum member_trust seal_check(struct seal *s, const struct sealed *what, const uint8_t *seal,
			     size_t n)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	uint64_t counter;

	if (n == 0)
		return MEMBER_UNSEALED;
	if (n != SEAL_SIZE)
		return MEMBER_WRONG_SEAL;
	counter = wire_get64(seal);
	make_mac(s, what, counter, mac);
	if (CRYPTO_memcmp(mac, seal + MAC_AT, MAC_SIZE) != 0)
		return MEMBER_WRONG_SEAL;
	return is_old(s, what, counter) ? MEMBER_OLD_SEAL : MEMBER_BELIEVED;
}
