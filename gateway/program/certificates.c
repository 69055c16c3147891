/* The certificates that connections begin with, and their files. */
#include "program/certificates.h"

#include "net/tls_config.h"
#include "util/log.h"

void certificates_init(struct certificates *s)
{
	tls_slot_init(&s->brokers);
	tls_slot_init(&s->clients);
	s->terms.tls = &s->brokers;
}

void certificates_deinit(struct certificates *s)
{
	tls_slot_deinit(&s->brokers);
	tls_slot_deinit(&s->clients);
}

bool certificates_load(struct certificates *s, const struct config *config, char why[TLS_WHY_MAX])
{
	struct tls_context *brokers, *clients;

	if (!tls_for_brokers(config, &brokers, why))
		return false;
	if (!tls_for_clients(config, &clients, why)) {
		tls_context_unref(brokers);
		return false;
	}
	tls_slot_set(&s->brokers, brokers);
	tls_slot_set(&s->clients, clients);
	return true;
}
