/* The files that the program carries along: they are copied in by the assembler. */
#include "http/inside.h"
#include "util/mem.h"

#include <microhttpd.h>
#include <string.h>

#define CARRY(name, path)                         \
	__asm__(".section .rodata\n"              \
		".global carried_" #name "\n"     \
		"carried_" #name ":\n"            \
		".incbin \"" path "\"\n"          \
		".global carried_" #name "_end\n" \
		"carried_" #name "_end:\n"        \
		".byte 0\n"                       \
		".previous\n");                   \
	extern const char carried_##name[], carried_##name##_end[]

CARRY(page, "gateway/http/page.html");
CARRY(openapi, "gateway/http/openapi.json");

static struct http_reply carried(const char *type, const char *from, const char *end)
{
	size_t size = (size_t)(end - from);

	return (struct http_reply){ MHD_HTTP_OK, type, mem_strndup(from, size), size };
}

struct http_reply answer_page(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	return carried("text/html; charset=utf-8", carried_page, carried_page_end);
}

struct http_reply answer_openapi(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	return carried("application/json", carried_openapi, carried_openapi_end);
}
