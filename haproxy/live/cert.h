/* cert.h - a certificate that HAProxy serves, replaced while it runs.
 *
 *   struct cert_file f;
 *   cert_read(&f, "/new.pem", why)              certificate, its chain and its key
 *   cert_set(all, b, "/etc/haproxy/kafka.pem", &f, why)
 *
 * HAProxy knows a certificate by the name of the file that its own names after `crt`.  Connections
 * that are open keep what they have; who comes from then on is shown the new one.
 * HAProxy's management guide, chapter 9.3 (set ssl cert).
 * Tests: tests/integration/haproxy/cert.py
 */
#ifndef LIVE_CERT_H
#define LIVE_CERT_H

#include "live/balancer.h"

#include <time.h>

enum { CERT_SERIAL_MAX = 64 };

struct cert_file {
	char *pem; /* without blank lines, with which HAProxy ends what it is told */
	char serial[CERT_SERIAL_MAX]; /* in hexadecimal, as HAProxy shows it */
	time_t ends;
};

/* False and why: no certificate, no key, one that is another's, or a time that is not now.  Free
 * with cert_free. */
MUST_CHECK bool cert_read(struct cert_file *f, const char *path, char why[RUNTIME_WHY_MAX]);
void cert_free(struct cert_file *f);

enum cert_shown {
	CERT_SHOWN,
	CERT_NOT_NAMED, /* its file names no such one */
	CERT_NOT_TOLD	/* whether it does is not known */
};

/* The serial of what HAProxy has under that name, or why there is none. */
MUST_CHECK enum cert_shown cert_serial(const struct balancers *all, const struct balancer *b,
				       const char *name, char serial[CERT_SERIAL_MAX],
				       char why[RUNTIME_WHY_MAX]);
/* False and why: nothing has changed. */
MUST_CHECK bool cert_set(const struct balancers *all, const struct balancer *b, const char *name,
			 const struct cert_file *f, char why[RUNTIME_WHY_MAX]);

#endif
