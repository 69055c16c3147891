/* The files that the program carries along: they are copied in by the assembler. */
#include "http/carry.h"
#include "http/inside.h"
#include "http/manual.h"
#include "util/mem.h"

#include <microhttpd.h>
#include <string.h>

CARRY(page, "gateway/http/page.html");
CARRY(openapi, "gateway/http/openapi.json");

static const char html[] = "text/html; charset=utf-8";

static struct http_reply carried(const char *type, const char *from, const char *end)
{
	size_t size = (size_t)(end - from);

	return (struct http_reply){ MHD_HTTP_OK, type, mem_strndup(from, size), size };
}

struct http_reply answer_page(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	return carried(html, carried_page, carried_page_end);
}

struct http_reply answer_openapi(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	return carried("application/json", carried_openapi, carried_openapi_end);
}

static struct http_reply manual_page(const char *name)
{
	for (const struct manual_page *p = manual_pages; p->name != NULL; p++) {
		if (strcmp(p->name, name) == 0)
			return carried(html, p->text, p->end);
	}
	return http_error(MHD_HTTP_NOT_FOUND, "the manual has no page %s: see /docs", name);
}

struct http_reply answer_docs(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	return manual_page("index");
}

struct http_reply answer_manual(void *ctx, const struct http_request *r)
{
	(void)ctx;
	return manual_page(r->rest);
}
