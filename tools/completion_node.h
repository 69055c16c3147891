/* completion_node.h - what a shell completes behind anyport, the node's own program.
 *
 * Tests: tests/integration/operate/command_line.py, which holds it against what anyport --help says
 */
#ifndef COMPLETION_NODE_H
#define COMPLETION_NODE_H

#include <stdio.h>

void completion_node_bash(FILE *out);
void completion_node_zsh(FILE *out);
void completion_node_fish(FILE *out);

#endif
