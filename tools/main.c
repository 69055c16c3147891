/* anyportctl - the operator's tool: a thin front on the library in haproxy/. */
#include "commands.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&haproxy_generate_command,
		&haproxy_check_command,
		&haproxy_diff_command,
		&haproxy_apply_command,
		&haproxy_status_command,
		&haproxy_drain_command,
		&haproxy_undrain_command,
		&haproxy_cert_set_command,
		&haproxy_sticky_list_command,
		&haproxy_sticky_clear_command,
		&haproxy_sticky_move_command,
		&haproxy_sticky_simulate_command,
		&haproxy_sticky_advise_command,
		&status_command,
		&top_command,
		&route_command,
		&verify_command,
		&acls_command,
		&user_set_command,
		&user_list_command,
		&user_delete_command,
		&doctor_command,
		&decode_command,
		&man_command,
		&completion_command,
	};

	return cli_main(commands, ARRAY_LEN(commands), argc, argv);
}
