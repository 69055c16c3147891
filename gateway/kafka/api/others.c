/* The APIs without rows: what nobody here looks into, and what is not served.
 *
 * Versions are those of Kafka 3.9 to 4.4.  TO_ANY and TO_CONTROLLER ones are
 * passed whole, so a version is listed only when its answer names no address.
 */
#include "kafka/api/list.h"

#define API(key_, name_, versions_, flexible_, ...) \
	{ .key = key_, .name = name_, .versions = versions_, .flexible = flexible_, __VA_ARGS__ }
#define ANY(...) API(__VA_ARGS__, .route = TO_ANY)
#define CONTROLLER(...) API(__VA_ARGS__, .route = TO_CONTROLLER)
#define INTERNAL(...) API(__VA_ARGS__, .route = NOT_FOR_CLIENTS)
#define LATER(...) API(__VA_ARGS__, .route = NOT_YET)

const struct kapi api_others[] = {
	INTERNAL(4, "LeaderAndIsr", "0-7", "4+"),
	INTERNAL(5, "StopReplica", "0-4", "2+"),
	INTERNAL(6, "UpdateMetadata", "0-8", "6+"),
	INTERNAL(7, "ControlledShutdown", "0-3", "3+"),
	/* a broker lists both on a listener without SASL too and answers 34 */
	ANY(17, "SaslHandshake", "0-1", "none"),
	CONTROLLER(19, "CreateTopics", "0-7", "5+"),
	CONTROLLER(20, "DeleteTopics", "0-6", "4+"),
	LATER(27, "WriteTxnMarkers", "0-2", "1+"), /* a split by producer, then leader */
	ANY(29, "DescribeAcls", "0-3", "2+"),
	CONTROLLER(30, "CreateAcls", "0-3", "2+"),
	CONTROLLER(31, "DeleteAcls", "0-3", "2+"),
	LATER(34, "AlterReplicaLogDirs", "0-2", "2+"), /* for the broker that was dialled */
	LATER(35, "DescribeLogDirs", "0-5", "2+"),     /* the same */
	ANY(36, "SaslAuthenticate", "0-2", "2+"),
	CONTROLLER(37, "CreatePartitions", "0-3", "2+"),
	CONTROLLER(38, "CreateDelegationToken", "0-3", "2+"),
	CONTROLLER(39, "RenewDelegationToken", "0-2", "2+"),
	CONTROLLER(40, "ExpireDelegationToken", "0-2", "2+"),
	ANY(41, "DescribeDelegationToken", "0-3", "2+"),
	CONTROLLER(43, "ElectLeaders", "0-2", "2+"),
	CONTROLLER(45, "AlterPartitionReassignments", "0-1", "0+"),
	CONTROLLER(46, "ListPartitionReassignments", "0", "0+"),
	ANY(48, "DescribeClientQuotas", "0-1", "1+"),
	CONTROLLER(49, "AlterClientQuotas", "0-1", "1+"),
	ANY(50, "DescribeUserScramCredentials", "0", "0+"),
	CONTROLLER(51, "AlterUserScramCredentials", "0", "0+"),
	INTERNAL(52, "Vote", "0-2", "0+"),
	INTERNAL(53, "BeginQuorumEpoch", "0-1", "1+"),
	INTERNAL(54, "EndQuorumEpoch", "0-1", "1+"),
	CONTROLLER(55, "DescribeQuorum", "0-1", "0+"), /* 2 names the controllers' addresses */
	INTERNAL(56, "AlterPartition", "0-3", "0+"),
	CONTROLLER(57, "UpdateFeatures", "0-2", "0+"),
	INTERNAL(58, "Envelope", "0", "0+"),
	INTERNAL(59, "FetchSnapshot", "0-1", "0+"),
	INTERNAL(62, "BrokerRegistration", "0-4", "0+"),
	INTERNAL(63, "BrokerHeartbeat", "0-2", "0+"),
	CONTROLLER(64, "UnregisterBroker", "0", "0+"),
	INTERNAL(67, "AllocateProducerIds", "0", "0+"),
	INTERNAL(70, "ControllerRegistration", "0", "0+"),
	/* best kept to one broker; another asks the client to subscribe anew */
	ANY(71, "GetTelemetrySubscriptions", "0", "0+"),
	ANY(72, "PushTelemetry", "0", "0+"),
	INTERNAL(73, "AssignReplicasToDirs", "0", "0+"),
	ANY(74, "ListConfigResources", "0-1", "0+"),
	LATER(76, "ShareGroupHeartbeat", "1", "0+"), /* share groups come together */
	LATER(77, "ShareGroupDescribe", "1", "0+"),
	LATER(78, "ShareFetch", "1-2", "0+", .binds = BINDS_CONNECTION), /* a session */
	LATER(79, "ShareAcknowledge", "1-2", "0+", .binds = BINDS_CONNECTION),
	CONTROLLER(80, "AddRaftVoter", "0-1", "0+"),
	CONTROLLER(81, "RemoveRaftVoter", "0", "0+"),
	INTERNAL(82, "UpdateRaftVoter", "0", "0+"),
	INTERNAL(83, "InitializeShareGroupState", "0", "0+"),
	INTERNAL(84, "ReadShareGroupState", "0", "0+"),
	INTERNAL(85, "WriteShareGroupState", "0-1", "0+"),
	INTERNAL(86, "DeleteShareGroupState", "0", "0+"),
	INTERNAL(87, "ReadShareGroupStateSummary", "0-1", "0+"),
	LATER(88, "StreamsGroupHeartbeat", "0-1", "0+"),
	LATER(89, "StreamsGroupDescribe", "0-1", "0+"),
	LATER(90, "DescribeShareGroupOffsets", "0-1", "0+"),
	LATER(91, "AlterShareGroupOffsets", "0", "0+"),
	LATER(92, "DeleteShareGroupOffsets", "0", "0+"),
	LATER(93, "StreamsGroupTopologyDescriptionUpdate", "0", "0+"),
	CONTROLLER(94, "UnregisterController", "0", "0+"),
	{ .name = NULL } };
