/* dn.h - whom a certificate is for, as Kafka writes it: Java's X500Principal.getName().
 *
 * RFC 2253, but for what Java makes of it: types other than CN, C, L, ST, O, OU, STREET, DC and UID are
 * numbers, and their values hexadecimal; every # and = is escaped; what is not ASCII stands as it is.
 * Bytes are UTF-8 whatever kind of text they are said to be, as Java 17 has it: newer ones (21.0.13)
 * go by the kind, which makes a difference for BMPString and for letters beyond ASCII in T61String.
 * Tests: tests/unit/auth/dn_test.c, tests/conformance/names.py
 */
#ifndef AUTH_DN_H
#define AUTH_DN_H

struct X509_name_st;

/* Caller frees. */
char *dn_text(const struct X509_name_st *name);

#endif
