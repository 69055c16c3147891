/* HTTP of HAProxy itself: the statistics page, and its numbers for Prometheus. */
#include "plan/render_parts.h"

#include <string.h>

static void write_exporter(FILE *out)
{
	LINE("http-request use-service prometheus-exporter if { path /metrics }");
}

static void write_page(FILE *out)
{
	LINE("stats enable");
	LINE("stats uri /");
	LINE("stats refresh 5s");
}

static void begin(const char *name, const char *where, FILE *out)
{
	fprintf(out, "\nfrontend %s from pages\n", name);
	LINE("bind %s", where);
	WHY("Out of what maxconn has to spare: it answers when Kafka's part is full.");
	LINE("maxconn 20");
}

void render_pages(const struct haproxy_plan *plan, FILE *out)
{
	const char *page = plan->config->haproxy.stats_page;
	const char *metrics = plan->config->haproxy.metrics;
	bool both = page != NULL && metrics != NULL && strcmp(page, metrics) == 0;

	if (page == NULL && metrics == NULL)
		return;
	fputs("\ndefaults pages\n", out);
	LINE("mode http");
	LINE("timeout connect 3s");
	LINE("timeout client 30s");
	LINE("timeout server 30s");
	LINE("timeout http-request 5s");
	if (page != NULL) {
		begin("stats_page", page, out);
		if (both)
			write_exporter(out);
		write_page(out);
	}
	if (metrics != NULL && !both) {
		begin("metrics", metrics, out);
		write_exporter(out);
		LINE("http-request return status 404");
	}
}
