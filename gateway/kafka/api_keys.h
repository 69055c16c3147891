/* api_keys.h - the one list of Kafka's APIs: their keys, and what is said of those without rows.
 *
 *   ROWS(key, NAME, api)   api/ has a file for it, which defines `api`
 *   PLAIN(key, NAME, "Name", versions, flexible, route)   nobody here looks inside
 *
 * Versions are those of Kafka 3.9 to 4.4.  What has no rows is passed whole, so a
 * version is listed only when its answer names no address.  A new API is its line here and, when it
 * is looked into, its file.
 * Tests: tests/unit/kafka/apis_test.c
 */
#ifndef KAFKA_API_KEYS_H
#define KAFKA_API_KEYS_H

/* clang-format off */
#define KAFKA_APIS(ROWS, PLAIN) \
	ROWS(0, PRODUCE, api_produce)                                                               \
	ROWS(1, FETCH, api_fetch)                                                                   \
	ROWS(2, LIST_OFFSETS, api_list_offsets)                                                     \
	ROWS(3, METADATA, api_metadata)                                                             \
	PLAIN(4, LEADER_AND_ISR, "LeaderAndIsr", "0-7", "4+", NOT_FOR_CLIENTS)                      \
	PLAIN(5, STOP_REPLICA, "StopReplica", "0-4", "2+", NOT_FOR_CLIENTS)                         \
	PLAIN(6, UPDATE_METADATA, "UpdateMetadata", "0-8", "6+", NOT_FOR_CLIENTS)                   \
	PLAIN(7, CONTROLLED_SHUTDOWN, "ControlledShutdown", "0-3", "3+", NOT_FOR_CLIENTS)           \
	ROWS(8, OFFSET_COMMIT, api_offset_commit)                                                   \
	ROWS(9, OFFSET_FETCH, api_offset_fetch)                                                     \
	ROWS(10, FIND_COORDINATOR, api_find_coordinator)                                            \
	ROWS(11, JOIN_GROUP, api_join_group)                                                        \
	ROWS(12, HEARTBEAT, api_heartbeat)                                                          \
	ROWS(13, LEAVE_GROUP, api_leave_group)                                                      \
	ROWS(14, SYNC_GROUP, api_sync_group)                                                        \
	ROWS(15, DESCRIBE_GROUPS, api_describe_groups)                                              \
	ROWS(16, LIST_GROUPS, api_list_groups)                                                      \
	ROWS(17, SASL_HANDSHAKE, api_sasl_handshake)                                                \
	ROWS(18, API_VERSIONS, api_api_versions)                                                    \
	ROWS(19, CREATE_TOPICS, api_create_topics)                                                  \
	ROWS(20, DELETE_TOPICS, api_delete_topics)                                                  \
	ROWS(21, DELETE_RECORDS, api_delete_records)                                                \
	ROWS(22, INIT_PRODUCER_ID, api_init_producer_id)                                            \
	ROWS(23, OFFSET_FOR_LEADER_EPOCH, api_offset_for_leader_epoch)                              \
	ROWS(24, ADD_PARTITIONS_TO_TXN, api_add_partitions_to_txn)                                  \
	ROWS(25, ADD_OFFSETS_TO_TXN, api_add_offsets_to_txn)                                        \
	ROWS(26, END_TXN, api_end_txn)                                                              \
	ROWS(27, WRITE_TXN_MARKERS, api_write_txn_markers)                                          \
	ROWS(28, TXN_OFFSET_COMMIT, api_txn_offset_commit)                                          \
	ROWS(29, DESCRIBE_ACLS, api_describe_acls)                                                  \
	ROWS(30, CREATE_ACLS, api_create_acls)                                                      \
	ROWS(31, DELETE_ACLS, api_delete_acls)                                                      \
	ROWS(32, DESCRIBE_CONFIGS, api_describe_configs)                                            \
	ROWS(33, ALTER_CONFIGS, api_alter_configs)                                                  \
	ROWS(34, ALTER_REPLICA_LOG_DIRS, api_alter_replica_log_dirs)                                \
	ROWS(35, DESCRIBE_LOG_DIRS, api_describe_log_dirs)                                          \
	ROWS(36, SASL_AUTHENTICATE, api_sasl_authenticate)                                          \
	ROWS(37, CREATE_PARTITIONS, api_create_partitions)                                          \
	ROWS(38, CREATE_DELEGATION_TOKEN, api_create_delegation_token)                              \
	ROWS(39, RENEW_DELEGATION_TOKEN, api_renew_delegation_token)                                \
	ROWS(40, EXPIRE_DELEGATION_TOKEN, api_expire_delegation_token)                              \
	ROWS(41, DESCRIBE_DELEGATION_TOKEN, api_describe_delegation_token)                          \
	ROWS(42, DELETE_GROUPS, api_delete_groups)                                                  \
	ROWS(43, ELECT_LEADERS, api_elect_leaders)                                                  \
	ROWS(44, INCREMENTAL_ALTER_CONFIGS, api_incremental_alter_configs)                          \
	ROWS(45, ALTER_PARTITION_REASSIGNMENTS, api_alter_partition_reassignments)                  \
	ROWS(46, LIST_PARTITION_REASSIGNMENTS, api_list_partition_reassignments)                    \
	ROWS(47, OFFSET_DELETE, api_offset_delete)                                                  \
	ROWS(48, DESCRIBE_CLIENT_QUOTAS, api_describe_client_quotas)                                \
	ROWS(49, ALTER_CLIENT_QUOTAS, api_alter_client_quotas)                                      \
	ROWS(50, DESCRIBE_USER_SCRAM_CREDENTIALS, api_describe_user_scram_credentials)              \
	ROWS(51, ALTER_USER_SCRAM_CREDENTIALS, api_alter_user_scram_credentials)                    \
	PLAIN(52, VOTE, "Vote", "0-2", "0+", NOT_FOR_CLIENTS)                                       \
	PLAIN(53, BEGIN_QUORUM_EPOCH, "BeginQuorumEpoch", "0-1", "1+", NOT_FOR_CLIENTS)             \
	PLAIN(54, END_QUORUM_EPOCH, "EndQuorumEpoch", "0-1", "1+", NOT_FOR_CLIENTS)                 \
	ROWS(55, DESCRIBE_QUORUM, api_describe_quorum)                                              \
	PLAIN(56, ALTER_PARTITION, "AlterPartition", "0-3", "0+", NOT_FOR_CLIENTS)                  \
	ROWS(57, UPDATE_FEATURES, api_update_features)                                              \
	PLAIN(58, ENVELOPE, "Envelope", "0", "0+", NOT_FOR_CLIENTS)                                 \
	PLAIN(59, FETCH_SNAPSHOT, "FetchSnapshot", "0-1", "0+", NOT_FOR_CLIENTS)                    \
	ROWS(60, DESCRIBE_CLUSTER, api_describe_cluster)                                            \
	ROWS(61, DESCRIBE_PRODUCERS, api_describe_producers)                                        \
	PLAIN(62, BROKER_REGISTRATION, "BrokerRegistration", "0-4", "0+", NOT_FOR_CLIENTS)          \
	PLAIN(63, BROKER_HEARTBEAT, "BrokerHeartbeat", "0-2", "0+", NOT_FOR_CLIENTS)                \
	ROWS(64, UNREGISTER_BROKER, api_unregister_broker)                                          \
	ROWS(65, DESCRIBE_TRANSACTIONS, api_describe_transactions)                                  \
	ROWS(66, LIST_TRANSACTIONS, api_list_transactions)                                          \
	PLAIN(67, ALLOCATE_PRODUCER_IDS, "AllocateProducerIds", "0", "0+", NOT_FOR_CLIENTS)         \
	ROWS(68, CONSUMER_GROUP_HEARTBEAT, api_consumer_group_heartbeat)                            \
	ROWS(69, CONSUMER_GROUP_DESCRIBE, api_consumer_group_describe)                              \
	PLAIN(70, CONTROLLER_REGISTRATION, "ControllerRegistration", "0", "0+", NOT_FOR_CLIENTS)    \
	ROWS(71, GET_TELEMETRY_SUBSCRIPTIONS, api_get_telemetry_subscriptions)                      \
	ROWS(72, PUSH_TELEMETRY, api_push_telemetry)                                                \
	PLAIN(73, ASSIGN_REPLICAS_TO_DIRS, "AssignReplicasToDirs", "0", "0+", NOT_FOR_CLIENTS)      \
	ROWS(74, LIST_CONFIG_RESOURCES, api_list_config_resources)                                  \
	ROWS(75, DESCRIBE_TOPIC_PARTITIONS, api_describe_topic_partitions)                          \
	ROWS(76, SHARE_GROUP_HEARTBEAT, api_share_group_heartbeat)                                  \
	ROWS(77, SHARE_GROUP_DESCRIBE, api_share_group_describe)                                    \
	ROWS(78, SHARE_FETCH, api_share_fetch)                                                      \
	ROWS(79, SHARE_ACKNOWLEDGE, api_share_acknowledge)                                          \
	ROWS(80, ADD_RAFT_VOTER, api_add_raft_voter)                                                \
	ROWS(81, REMOVE_RAFT_VOTER, api_remove_raft_voter)                                          \
	PLAIN(82, UPDATE_RAFT_VOTER, "UpdateRaftVoter", "0", "0+", NOT_FOR_CLIENTS)                 \
	PLAIN(83, INITIALIZE_SHARE_GROUP_STATE,                                                     \
	      "InitializeShareGroupState", "0", "0+", NOT_FOR_CLIENTS)                              \
	PLAIN(84, READ_SHARE_GROUP_STATE, "ReadShareGroupState", "0", "0+", NOT_FOR_CLIENTS)        \
	PLAIN(85, WRITE_SHARE_GROUP_STATE, "WriteShareGroupState", "0-1", "0+", NOT_FOR_CLIENTS)    \
	PLAIN(86, DELETE_SHARE_GROUP_STATE, "DeleteShareGroupState", "0", "0+", NOT_FOR_CLIENTS)    \
	PLAIN(87, READ_SHARE_GROUP_STATE_SUMMARY,                                                   \
	      "ReadShareGroupStateSummary", "0-1", "0+", NOT_FOR_CLIENTS)                           \
	ROWS(88, STREAMS_GROUP_HEARTBEAT, api_streams_group_heartbeat)                              \
	ROWS(89, STREAMS_GROUP_DESCRIBE, api_streams_group_describe)                                \
	ROWS(90, DESCRIBE_SHARE_GROUP_OFFSETS, api_describe_share_group_offsets)                    \
	ROWS(91, ALTER_SHARE_GROUP_OFFSETS, api_alter_share_group_offsets)                          \
	ROWS(92, DELETE_SHARE_GROUP_OFFSETS, api_delete_share_group_offsets)                        \
	ROWS(93, STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE,                                         \
	     api_streams_group_topology_description_update)                                         \
	ROWS(94, UNREGISTER_CONTROLLER, api_unregister_controller)
/* clang-format on */

enum { KEYS_END = 128 }; /* of tables by key; every key is below */

enum api_key {
#define ROWS(key, name, api) KEY_##name = (key),
#define PLAIN(key, name, text, versions, flexible, route) KEY_##name = (key),
	KAFKA_APIS(ROWS, PLAIN)
#undef PLAIN
#undef ROWS
};

#endif
