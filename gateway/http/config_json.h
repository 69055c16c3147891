/* config_json.h - the configuration as /v1/config tells it.
 *
 * {"file": "/etc/anyport.conf", "options": [{"name": "gateway.port_start", "environment":
 * "GATEWAY_PORT_START", "value": 6969, "origin": "default", "after_restart": {"value": 9092,
 * "origin": "/etc/anyport.conf:3"}, "is_secret": false, "reloads": false, "help": "..."}]}
 * A value has the type that it has in the file; that of a secret is null.  after_restart is
 * null but where the file that was read last says something else than what is in use.
 * Tests: tests/unit/http/config_json_test.c
 */
#ifndef HTTP_CONFIG_JSON_H
#define HTTP_CONFIG_JSON_H

#include "config/config.h"

/* Caller frees. */
char *config_json(const struct config *c);

#endif
