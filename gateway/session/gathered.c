#include "session/gathered.h"

enum { IOV_AT_ONCE = 256 };

/* All of it into the socket's own buffer, or nothing. */
static bool put_whole(struct sock *s, struct gather *g, struct bufpool *bufs)
{
	uint8_t together[SOCK_SMALL];
	uint32_t n = 0;

	if (g->size > sizeof together)
		return false;
	for (int i = 0; i < g->count; i++) {
		memcpy(together + n, g->iov[i].iov_base, g->iov[i].iov_len);
		n += (uint32_t)g->iov[i].iov_len;
	}
	return sock_put(s, bufs, together, n);
}

size_t gather_write(struct sock *s, struct gather *g, int *at, struct bufpool *bufs)
{
	size_t all = 0;

	if (*at == 0 && put_whole(s, g, bufs)) {
		*at = g->count;
		return g->size;
	}
	while (*at < g->count && sock_flush(s, bufs) && s->writable && !s->lost) {
		struct iovec *v = &g->iov[*at];
		int n = g->count - *at < IOV_AT_ONCE ? g->count - *at : IOV_AT_ONCE;
		size_t sent = sock_writev(s, v, n);

		all += sent;
		for (; *at < g->count && sent >= v->iov_len; v++, (*at)++)
			sent -= v->iov_len;
		if (sent > 0) {
			v->iov_base = (uint8_t *)v->iov_base + sent;
			v->iov_len -= sent;
		}
	}
	return all;
}
