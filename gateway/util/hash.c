#include "util/hash.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The paper: Aumasson and Bernstein, "SipHash: a fast short-input PRF". */
struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t process_key[2];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_rounds(struct sip *s, int rounds)
{
	while (rounds-- > 0) {
		s->v0 += s->v1;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v2 = rotate(s->v2, 32);
	}
}

/* Up to eight bytes, the first the lowest. */
static uint64_t little_endian(const unsigned char *p, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

static void absorb(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_rounds(s, 1);
	s->v0 ^= word;
}

uint64_t hash_keyed(const uint64_t key[2], const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t left = n;
	struct sip s = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			 key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };

	for (; left >= 8; left -= 8, p += 8)
		absorb(&s, little_endian(p, 8));
	absorb(&s, (uint64_t)n << 56 | little_endian(p, left));
	s.v2 ^= 0xff;
	sip_rounds(&s, 3);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static void draw_key(void)
{
	if (getrandom(process_key, sizeof process_key, 0) != (ssize_t)sizeof process_key) {
		fprintf(stderr, "no random bytes from the kernel\n");
		abort();
	}
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
	pthread_once(&key_once, draw_key);
	return hash_keyed(process_key, bytes, n);
}
