/* commands.h - every command of anyportctl: a file each, a row each in main.c.
 *
 * Exit status: 0 done, 1 findings (something is refused or wrong), 2 the
 * command line itself is wrong.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

enum { EXIT_DONE = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

/* argv[0] is the command's last word; what follows are its arguments. */
int haproxy_generate(int argc, char **argv);
int decode(int argc, char **argv);

#endif
