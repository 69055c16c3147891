#include "simulate/lbhash.h"

#include <stdio.h>
#include <string.h>

static uint32_t sdbm(const uint8_t *p, size_t n)
{
	uint32_t h = 0;

	for (size_t i = 0; i < n; i++)
		h = h * 65599 + p[i];
	return h;
}

static uint32_t djb2(const uint8_t *p, size_t n)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < n; i++)
		h = h * 33 + p[i];
	return h;
}

static uint32_t rotated(uint32_t x, uint32_t by)
{
	return by == 0 ? x : x << by | x >> (32 - by);
}

/* Two halves that rotate each other by amounts that come from themselves. */
static uint32_t wt6(const uint8_t *p, size_t n)
{
	uint32_t a = 0xa53c965a, b = 0x5ca6953a, by_a = 6, by_b = 18;

	for (size_t i = 0; i < n; i++) {
		uint32_t next_a = rotated(~(b + p[i]), by_a);

		b = rotated(~(a ^ p[i]), by_b);
		a = next_a;
		by_a = (a >> 16 ^ b) & 31;
		by_b = ((a >> 16 ^ b) & 0xffff) >> 11;
	}
	return a ^ b;
}

/* The CRC-32 of Ethernet and zip. */
static uint32_t crc32(const uint8_t *p, size_t n)
{
	uint32_t h = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		h ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			h = h >> 1 ^ (h & 1 ? 0xedb88320 : 0);
	}
	return ~h;
}

static const struct {
	const char *name;
	uint32_t (*of)(const uint8_t *p, size_t n);
} functions[] = {
	[LBHASH_SDBM] = { "sdbm", sdbm },
	[LBHASH_DJB2] = { "djb2", djb2 },
	[LBHASH_WT6] = { "wt6", wt6 },
	[LBHASH_CRC32] = { "crc32", crc32 },
};

/* Bob Jenkins's 32-bit integer hash, times a prime near three quarters of 2^32. */
uint32_t lbhash_mix(uint32_t x)
{
	x = x + 0x7ed55d16 + (x << 12);
	x = x ^ 0xc761c23c ^ x >> 19;
	x = x + 0x165667b1 + (x << 5);
	x = (x + 0xd3a2646c) ^ x << 9;
	x = x + 0xfd7046c5 + (x << 3);
	x = x ^ 0xb55a4f09 ^ x >> 16;
	return x * 3221225473U;
}

uint32_t lbhash_sample(const struct lbhash_type *type, const void *bytes, size_t n)
{
	uint32_t h = functions[type->function].of(bytes, n);

	return type->avalanche ? lbhash_mix(h) : h;
}

uint32_t lbhash_source(const struct lbhash_type *type, const uint8_t *address, size_t n)
{
	uint32_t h = 0;

	for (size_t i = 0; i + 4 <= n; i += 4)
		h ^= (uint32_t)address[i] << 24 | (uint32_t)address[i + 1] << 16 |
		     (uint32_t)address[i + 2] << 8 | address[i + 3];
	return type->avalanche ? lbhash_mix(h) : h;
}

static uint32_t little_endian(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* xxHash's 32 bits of 16 bytes, with the seed 0: one round of its four lanes. */
static uint32_t xxh32_of_16(const uint8_t *p)
{
	static const uint32_t prime[5] = { 2654435761U, 2246822519U, 3266489917U, 668265263U,
					   374761393U };
	uint32_t lanes[4] = { prime[0] + prime[1], prime[1], 0, 0 - prime[0] }, h = 16;
	static const uint32_t by[4] = { 1, 7, 12, 18 };

	for (size_t i = 0; i < 4; i++) {
		lanes[i] += little_endian(p + 4 * i) * prime[1];
		h += rotated(rotated(lanes[i], 13) * prime[0], by[i]);
	}
	h = (h ^ h >> 15) * prime[1];
	h = (h ^ h >> 13) * prime[2];
	return h ^ h >> 16;
}

/* HAProxy takes an IPv4 address as the number that this machine reads in its bytes; little
 * endian here, as on every machine that its packages are measured on. */
uint32_t lbhash_address(const uint8_t *address, size_t n)
{
	return n == 16 ? xxh32_of_16(address) : lbhash_mix(little_endian(address));
}

/* The next of the words with blanks between them; false at the end, or when it is too long. */
static bool next_word(const char **at, char to[16])
{
	size_t n;

	*at += strspn(*at, " \t");
	n = strcspn(*at, " \t");
	if (n == 0 || n >= 16)
		return false;
	memcpy(to, *at, n);
	to[n] = '\0';
	*at += n;
	return true;
}

static bool function_named(const char *word, enum lbhash_function *function)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		if (strcmp(word, functions[i].name) == 0) {
			*function = (enum lbhash_function)i;
			return true;
		}
	}
	return false;
}

bool lbhash_parse(const char *words, struct lbhash_type *type)
{
	char word[16];

	*type = (struct lbhash_type){ 0 };
	if (!next_word(&words, word))
		return false;
	type->consistent = strcmp(word, "consistent") == 0;
	if (!type->consistent && strcmp(word, "map-based") != 0)
		return false;
	if (words[strspn(words, " \t")] == '\0') {
		type->avalanche = type->consistent;
		return true;
	}
	if (!next_word(&words, word) || !function_named(word, &type->function))
		return false;
	if (words[strspn(words, " \t")] == '\0')
		return true;
	type->avalanche = next_word(&words, word) && strcmp(word, "avalanche") == 0;
	return type->avalanche && words[strspn(words, " \t")] == '\0';
}

void lbhash_print(const struct lbhash_type *type, char *to, size_t size)
{
	snprintf(to, size, "%s %s%s", type->consistent ? "consistent" : "map-based",
		 functions[type->function].name, type->avalanche ? " avalanche" : "");
}
