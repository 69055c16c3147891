#include "route/lost.h"

#include "kafka/errors.h"

/* An InitProducerId without a transactional id: any broker answers it, none coordinates it.  Told
 * that its coordinator is gone, kafka-python asks for that of no id at all, for ever. */
static bool has_no_coordinator(const struct kapi *api, const struct layout *request)
{
	return api->route == TO_TXN && request->has_key && request->key == NULL;
}

/* The client may try again at once. */
static int unsent_code(const struct kapi *api)
{
	switch (api->route) {
	case TO_LEADER:
		return ERROR_NOT_LEADER_OR_FOLLOWER;
	case TO_GROUP:
	case TO_TXN:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	case TO_RESOURCE:
		return ERROR_REQUEST_TIMED_OUT;
	default:
		break;
	}
	switch (api->lost) {
	case LOST_COORDINATOR:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	case LOST_LOADING:
		return ERROR_COORDINATOR_LOAD_IN_PROGRESS;
	case LOST_TIMED_OUT:
		return ERROR_REQUEST_TIMED_OUT;
	default:
		return LOST_SAYS_NOTHING;
	}
}

int lost_code(const struct kapi *api, const struct layout *request, enum lost_when when)
{
	/* what the broker kept for the connection has ended with its own */
	if (api->response == NULL || api->binds == BINDS_CONNECTION)
		return LOST_SAYS_NOTHING;
	if (api_has_list(api) && !request->all_seen)
		return LOST_SAYS_NOTHING; /* an answer about some of them would be good news of the others */
	if (has_no_coordinator(api, request))
		return ERROR_COORDINATOR_LOAD_IN_PROGRESS; /* as a broker that has no ids yet */
	if (when == LOST_UNSENT)
		return unsent_code(api);
	switch (api->lost) {
	case LOST_NOT_LEADER:
		return ERROR_NOT_LEADER_OR_FOLLOWER;
	case LOST_TIMED_OUT:
		return ERROR_REQUEST_TIMED_OUT;
	case LOST_COORDINATOR:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	case LOST_LOADING:
		return ERROR_COORDINATOR_LOAD_IN_PROGRESS;
	case LOST_CLOSE:
		break;
	}
	return LOST_SAYS_NOTHING;
}

int lost_missing_code(const struct kapi *api)
{
	if (api->missing_is_fine)
		return 0;
	switch (api->route) {
	case TO_LEADER:
		return ERROR_NOT_LEADER_OR_FOLLOWER;
	case TO_REPLICA:
		return ERROR_REPLICA_NOT_AVAILABLE;
	default:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	}
}
