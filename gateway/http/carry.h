/* carry.h - a file that the program carries along: it is copied in by the assembler.
 *
 * CARRY(name, "path") at file scope gives carried_NAME and carried_NAME_end; the path is from where the
 * compiler runs.  Behind the end there is a zero byte.
 * Tests: tests/integration/operate/http_api.py
 */
#ifndef HTTP_CARRY_H
#define HTTP_CARRY_H

#define CARRY(name, path)                         \
	__asm__(".section .rodata\n"              \
		".global carried_" #name "\n"     \
		"carried_" #name ":\n"            \
		".incbin \"" path "\"\n"          \
		".global carried_" #name "_end\n" \
		"carried_" #name "_end:\n"        \
		".byte 0\n"                       \
		".previous\n");                   \
	extern const char carried_##name[], carried_##name##_end[]

#endif
