/* list.h - the APIs with rows by name; one file each beside this one. */
#ifndef KAFKA_API_LIST_H
#define KAFKA_API_LIST_H

#include "kafka/api.h"

#define ROWS(key, name, api) extern const struct kapi api;
#define PLAIN(key, name, text, versions, flexible, route)
KAFKA_APIS(ROWS, PLAIN)
#undef PLAIN
#undef ROWS

#endif
