#include "auth/secret.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void secret_buf_deinit(struct buf *b)
{
	if (b->data != NULL)
		OPENSSL_cleanse(b->data, b->room);
	buf_deinit(b);
}

void secret_text_free(char *text)
{
	if (text == NULL)
		return;
	OPENSSL_cleanse(text, strlen(text));
	free(text);
}

bool secret_equals(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}
