/* diff_text.h - a difference between two haproxy.cfg, for people and for programs. */
#ifndef TOOLS_DIFF_TEXT_H
#define TOOLS_DIFF_TEXT_H

#include "cfg/diff.h"

#include <jansson.h>
#include <stdio.h>

void diff_text_print(const struct diff *d, FILE *out);
/* {"different", "class", "changes"}; caller releases it. */
json_t *diff_text_object(const struct diff *d);
/* The same on standard output. */
void diff_text_json(const struct diff *d);

#endif
