/* render_parts.h - the sections of haproxy.cfg, one or a few a file. */
#ifndef HAPROXY_RENDER_PARTS_H
#define HAPROXY_RENDER_PARTS_H

#include "plan/cfgtext.h"
#include "plan/model.h"
#include "plan/render.h"

#define WHY(...) cfgtext_why(out, __VA_ARGS__)
#define LINE(...) cfgtext_line(out, __VA_ARGS__)

/* render_name.c: RENDER_FRONTEND or RENDER_BACKEND, with the listener's name where there are several */
enum { RENDER_NAME_MAX = 64 };
const char *render_name(const struct haproxy_plan *plan, const char *what,
			char to[RENDER_NAME_MAX]);
/* render_frontend.c */
void render_frontend(const struct haproxy_plan *plan, FILE *out);
/* render_backend.c: the nodes, how they are found, limits' tables */
void render_backend(const struct haproxy_plan *plan, FILE *out);
void render_resolvers(const struct haproxy_plan *plan, FILE *out);
void render_limits(const struct haproxy_plan *plan, FILE *out);
/* render_pages.c: for people and for Prometheus */
void render_pages(const struct haproxy_plan *plan, FILE *out);

#endif
