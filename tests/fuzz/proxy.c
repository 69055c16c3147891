/* proxy.c - whatever arrives, the PROXY header is told the same way.
 *
 * Read at once and as if byte by byte, the answer must agree; a header must be
 * whole, within its maximum, and its addresses of one known family.
 */
#include "net/proxy.h"

#include "util/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct proxy_header *h, size_t used, size_t n)
{
	char *name;
	enum proxy_name is = proxy_client_name(h, &name);

	must((is == PROXY_NAMED) == (name != NULL));
	must(name == NULL || strlen(name) == h->tls.name_len);
	free(name);
	must(used > 0 && used <= n && used <= PROXY_HEADER_MAX);
	must(h->source.ss_family == h->destination.ss_family);
	if (h->is_local)
		must(h->source.ss_family == AF_UNSPEC);
	else
		must(h->source.ss_family == AF_INET || h->source.ss_family == AF_INET6);
}

/* In a buffer of exactly n bytes, so that the sanitizer sees one too many. */
static enum proxy_result read_exactly(const uint8_t *data, size_t n, struct proxy_header *h,
				      size_t *used)
{
	uint8_t *copy = mem_alloc(n + (n == 0));
	enum proxy_result result;

	if (n > 0)
		memcpy(copy, data, n);
	result = proxy_read(copy, n, h, used);
	if (result == PROXY_HEADER)
		check(h, *used, n);
	free(copy);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole, part;
	size_t whole_used, part_used, n = 0;
	enum proxy_result result, at_once;

	if (size > 2048) /* longer ones are a matter of the length alone */
		size = 2048;
	at_once = read_exactly(data, size, &whole, &whole_used);
	do
		result = read_exactly(data, n, &part, &part_used);
	while (result == PROXY_MORE && n++ < size);
	must(result == at_once);
	if (result == PROXY_HEADER) {
		must(whole_used == part_used);
		must(whole.is_local == part.is_local);
		must(memcmp(&whole.source, &part.source, sizeof whole.source) == 0);
		must(memcmp(&whole.destination, &part.destination, sizeof whole.source) == 0);
	}
	return 0;
}
