/* banned.h - functions that nobody here calls; included in front of every file.
 *
 * What they do can't be bounded or can't report a mistake: use snprintf,
 * memcpy, strtol and strtok_r instead.
 */
#ifndef UTIL_BANNED_H
#define UTIL_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gets strncpy
#endif
