#include "cluster/trust.h"

#include <stddef.h>

const char *member_trust_text(enum member_trust trust)
{
	static const char *const texts[] = {
		[MEMBER_BELIEVED] = NULL,
		[MEMBER_UNSEALED] = "it has no cluster secret",
		[MEMBER_WRONG_SEAL] = "it has another cluster secret, or is not who it says it is",
		[MEMBER_OLD_SEAL] = "it has said something newer: a replay, or its clock went back",
	};

	return texts[trust];
}
