/* jwt.h - what a JSON Web Token (RFC 7519) says of itself; whether that is true is for brokers to say.
 *
 * Tests: tests/unit/auth/jwt_test.c
 */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include <stddef.h>
#include <stdint.h>

/* When it runs out, in seconds since 1970; 0: it does not say, or is no such token. */
int64_t jwt_expires_at(const char *token);
/* Whom a token of n bytes is for, to be freed; NULL: it does not say, or is no such token. */
char *jwt_subject(const char *token, size_t n);

#endif
