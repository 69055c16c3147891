/* apis.h - a group's set-up for tests that need the rows of Kafka's APIs, compiled once. */
#ifndef UNIT_APIS_H
#define UNIT_APIS_H

#include "kafka/api.h"

#include <stdio.h>

static inline int apis_set_up(void **state)
{
	(void)state;
	return apis_compile(stderr) ? 0 : -1;
}

static inline int apis_tear_down(void **state)
{
	(void)state;
	apis_free();
	return 0;
}

#endif
