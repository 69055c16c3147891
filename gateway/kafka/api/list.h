/* list.h - the APIs by name; one file each beside this one. */
#ifndef KAFKA_API_LIST_H
#define KAFKA_API_LIST_H

#include "kafka/api.h"

extern const struct kapi api_list_offsets;

#endif
