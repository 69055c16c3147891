/* commands.h - every command of anyportctl, a file each; main.c lists them in the order of --help. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "cli.h"

extern const struct cli_command haproxy_generate_command;
extern const struct cli_command haproxy_check_command;
extern const struct cli_command haproxy_diff_command;
extern const struct cli_command haproxy_apply_command;
extern const struct cli_command haproxy_status_command;
extern const struct cli_command haproxy_drain_command;
extern const struct cli_command haproxy_undrain_command;
extern const struct cli_command haproxy_cert_set_command;
extern const struct cli_command haproxy_sticky_list_command;
extern const struct cli_command haproxy_sticky_clear_command;
extern const struct cli_command haproxy_sticky_move_command;
extern const struct cli_command haproxy_sticky_simulate_command;
extern const struct cli_command haproxy_sticky_advise_command;
extern const struct cli_command status_command;
extern const struct cli_command top_command;
extern const struct cli_command route_command;
extern const struct cli_command verify_command;
extern const struct cli_command acls_command;
extern const struct cli_command user_set_command;
extern const struct cli_command user_list_command;
extern const struct cli_command user_delete_command;
extern const struct cli_command doctor_command;
extern const struct cli_command decode_command;
extern const struct cli_command man_command;
extern const struct cli_command completion_command;

#endif
