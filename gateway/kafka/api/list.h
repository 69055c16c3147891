/* list.h - the APIs by name; one file each beside this one. */
#ifndef KAFKA_API_LIST_H
#define KAFKA_API_LIST_H

#include "kafka/api.h"

extern const struct kapi api_produce;
extern const struct kapi api_fetch;
extern const struct kapi api_list_offsets;
extern const struct kapi api_metadata;
extern const struct kapi api_offset_commit;
extern const struct kapi api_offset_fetch;
extern const struct kapi api_find_coordinator;
extern const struct kapi api_join_group;
extern const struct kapi api_heartbeat;
extern const struct kapi api_leave_group;
extern const struct kapi api_sync_group;
extern const struct kapi api_describe_groups;
extern const struct kapi api_list_groups;
extern const struct kapi api_api_versions;
extern const struct kapi api_delete_records;
extern const struct kapi api_init_producer_id;
extern const struct kapi api_offset_for_leader_epoch;
extern const struct kapi api_add_partitions_to_txn;
extern const struct kapi api_add_offsets_to_txn;
extern const struct kapi api_end_txn;
extern const struct kapi api_txn_offset_commit;
extern const struct kapi api_describe_configs;
extern const struct kapi api_alter_configs;
extern const struct kapi api_delete_groups;
extern const struct kapi api_incremental_alter_configs;
extern const struct kapi api_offset_delete;
extern const struct kapi api_describe_cluster;
extern const struct kapi api_describe_producers;
extern const struct kapi api_describe_transactions;
extern const struct kapi api_list_transactions;
extern const struct kapi api_consumer_group_heartbeat;
extern const struct kapi api_consumer_group_describe;
extern const struct kapi api_describe_topic_partitions;

/* Those without rows, in others.c; the last one has no name. */
extern const struct kapi api_others[];

#endif
