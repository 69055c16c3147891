/* input.h - a fuzzer's bytes, cut into numbers and blocks. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "util/arena.h"

#include <stdint.h>

struct input {
	const uint8_t *at;
	size_t left;
	struct arena *arena;
};

/* 0 when there are no more. */
static inline uint8_t input_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

struct block {
	uint8_t *bytes;
	uint32_t n;
};

/* A length of two bytes and as many of the rest, in memory of their own: an overrun is seen. */
static inline struct block input_block(struct input *in)
{
	uint32_t n = (uint32_t)input_byte(in) << 8;
	struct block b;

	n |= input_byte(in);
	b.n = n < in->left ? n : (uint32_t)in->left;
	b.bytes = arena_copy(in->arena, in->at, b.n);
	in->at += b.n;
	in->left -= b.n;
	return b;
}

#endif
