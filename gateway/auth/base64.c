#include "auth/base64.h"

static const char letters_of[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_append(struct buf *out, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	uint8_t *to = n > 0 ? buf_extend(out, (n + 2) / 3 * 4) : NULL;

	if (to == NULL)
		return;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)from[i] << 16;

		three |= i + 1 < n ? (uint32_t)from[i + 1] << 8 : 0;
		three |= i + 2 < n ? from[i + 2] : 0;
		*to++ = (uint8_t)letters_of[three >> 18];
		*to++ = (uint8_t)letters_of[three >> 12 & 63];
		*to++ = i + 1 < n ? (uint8_t)letters_of[three >> 6 & 63] : '=';
		*to++ = i + 2 < n ? (uint8_t)letters_of[three & 63] : '=';
	}
}

/* 0 to 63, or -1. */
static int value_of(uint8_t letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* Four letters, the last `padding` of them left out. */
static bool read_four(struct buf *out, const uint8_t *four, size_t padding)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - padding ? value_of(four[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((bits & ((1U << 8 * padding) - 1)) != 0)
		return false;
	for (size_t i = 0; i < 3 - padding; i++)
		buf_append8(out, (uint8_t)(bits >> (16 - 8 * i)));
	return true;
}

bool base64_read(struct buf *out, const void *letters, size_t n)
{
	const uint8_t *from = letters;
	size_t padding = 0;

	if (n % 4 != 0)
		return false;
	while (padding < 2 && n > 0 && from[n - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < n; i += 4) {
		if (!read_four(out, from + i, i + 4 == n ? padding : 0))
			return false;
	}
	return !out->full;
}
