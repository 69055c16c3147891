/* check_inside.h - what the parts of check.c have in common; for them only.
 *
 * check.c looks at what there is one of, check_tls.c at TLS, check_listeners.c at each listener and at
 * several together, check_account.c at who the gateway is to the brokers, and who clients are.
 */
#ifndef CONFIG_CHECK_INSIDE_H
#define CONFIG_CHECK_INSIDE_H

#include "config/check.h"
#include "config/mistakes.h"

static inline const struct config_origin *check_origin(const struct config *c, const char *key)
{
	return &c->origins[option_index(key)];
}

/* The value has not been refused already. */
static inline bool check_is_usable(const struct config *c, const char *key)
{
	return !check_origin(c, key)->bad;
}

#define TELL(c, m, key, ...) mistakes_of(m, option_by_key(key), check_origin(c, key), __VA_ARGS__)

/* The name a mistake tells people to look at: the one they would write where they write. */
static inline const char *check_other(const struct mistakes *m, const char *key)
{
	return m->file != NULL ? key : option_by_key(key)->env;
}

/* What is said of TLS on one side. */
struct tls_side {
	const char *protocol_key;
	enum security_protocol protocol;
	struct {
		const char *key, *value;
	} certificate, private_key, ca;
};

/* Options of TLS on one side, which without it, or by halves, would do nothing. */
void check_side(const struct config *c, struct mistakes *m, const struct tls_side *s);
/* To the brokers, and of HTTP. */
void check_tls(const struct config *c, struct mistakes *m);

/* The configuration's only listener; or the named ones, each as if it were that, and all together. */
void check_listener(const struct config *c, struct mistakes *m);
void check_listeners(const struct config *c, struct mistakes *m);
void check_fronts(const struct config *c, struct mistakes *m);

/* Who clients of the only listener are to the brokers, and who says so. */
void check_who_acts(const struct config *c, struct mistakes *m);
void check_proxy_identity(const struct config *c, struct mistakes *m);
/* The gateway's own account. */
void check_sasl(const struct config *c, struct mistakes *m);

#endif
