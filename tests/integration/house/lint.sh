#!/bin/bash
# Lint finds what it is there for: each check passes on sound sources and fails on a planted fault.
set -euo pipefail
cd "$(dirname "$0")/../../.."
root=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
git init -q .
mkdir -p tests gateway/util gateway/kafka gateway/net gateway/upstream haproxy
cp "$root/tests/lint" tests/lint
cp "$root/gateway/util/banned.h" gateway/util
echo '#include "util/a.h"' >gateway/net/a.c
printf '/* a.h - a.  Tests: tests/{ok,lint}*, tests/, tests/NAME.sh */\n#include <stdint.h>\nint16_t a(void);\n' >gateway/util/a.h
printf '#pragma once\n#include "util/a.h"\n' >gateway/kafka/a.h
echo '#include "kafka/a.h"' >gateway/upstream/a.c
printf '#!/bin/bash\nset -euo pipefail\n' >tests/ok.sh
chmod +x tests/ok.sh

# Circles are read from objects, and here none is an old one.
sed -i 's/^OLD_CIRCLES = .*/OLD_CIRCLES = set()/' tests/lint
objects() {
	local source
	rm -rf .git/build
	for source in $(git ls-files -co --exclude-standard 'gateway/*.c' 'haproxy/*.c' 'tools/*.c'); do
		mkdir -p ".git/build/obj/$(dirname "$source")"
		cc -Igateway -c "$source" -o ".git/build/obj/${source%.c}.o"
	done
}
lint() {
	[ "$1" != circles ] || objects
	BUILD=.git/build LANGUAGE= tests/lint "$@" >.git/out 2>&1
}
says() { # WORD: the faults of the last check name it
	grep -qF -- "$1" .git/out || { cat .git/out; echo "not said: $1"; exit 1; }
}
finds() { # CHECK FILE TEXT: with the fault it fails and names the file, without it passes
	local before
	before=$(mktemp -p "$dir/.git")
	[ ! -e "$2" ] || cp -p "$2" "$before"
	lint "$1" || { cat .git/out; echo "$1: fails on sound sources"; exit 1; }
	printf "$3\n" >"$2"
	if lint "$1" || ! grep -q "$2" .git/out; then
		cat .git/out
		echo "$1: does not find: $3"
		exit 1
	fi
	if [ -s "$before" ]; then cp -p "$before" "$2"; else rm "$2"; fi
}

finds layout notes.txt 'x'
finds signposts gateway/net/b.h '/* b.h - b.  Tests: tests/ok.sh, tests/gone.sh */'
finds signposts gateway/net/b.h '/* b.h - b.\n *\n * Tests: tests/ok.sh,\n * tests/net/ */'
finds signposts gateway/net/b.h '/* b.h - b.  Tests: tests/{ok,gone}.sh */'
finds signposts gateway/net/b.h '/* b.h - b.  Tests: tests/gone*.sh */'
finds signposts gateway/net/b.h '/* b.h - b.  Tests: by hand. */'
finds includes gateway/util/b.c '#include "net/a.h"'
finds includes gateway/util/b.c '#include "util/log.h"'
finds includes gateway/kafka/b.c '#include <ev.h>'
finds includes gateway/kafka/b.c '#include "net/a.h"'
finds includes gateway/net/b.c '#include "kafka/a.h"'
finds includes gateway/upstream/b.c '#include "session/a.h"'
finds includes haproxy/b.c '#include "kafka/a.h"'
finds headers gateway/util/b.h 'uint8_t b(void);'
finds scripts tests/ok.sh '#!/bin/bash\nset -euo pipefail\nif'
finds scripts tests/ok.sh '#!/bin/bash\necho no set'
finds scripts tests/bad.py 'def f(:'

# Outside net/ a connection has no fields, whatever it is called there; what else has one of that name is free.
cat >gateway/net/conn.h <<-'END'
	/* A struct conn { int comment; } is no struct. */
	#include <stdbool.h>
	struct conn {
		const struct conn_layer *layer;
		int fd; /* old; */
		enum conn_state { CONN_OPEN, CONN_LOST } state;
		unsigned read_wants, write_wants:2;
		struct { int deep; } in, out;
		char name[8];
		void (*on_ready)(void *owner, int deep);
	};
	int conn_fill(struct conn *c);
END
cat >gateway/upstream/user.h <<-'END'
	#include "net/conn.h"
	struct user { struct conn front; int fd, state; };
END
cat >gateway/upstream/user.c <<-'END'
	#include "upstream/user.h"
	/* u->conn.fd is net/'s */
	static int other(struct conn *c)
	{
		return conn_fill(c);
	}
	int of(struct user *c)
	{
		return c->fd + c->state + other(&c->front);
	}
END
mkdir -p tests/lib
cp gateway/upstream/user.c tests/lib/lame.c
echo 'int f(struct conn *c) { return c->fd; }' >>tests/lib/lame.c
for reach in 'int f(struct x *u) { return u->conn.fd; }' 'int f(struct x *u) { return u->up.conn->state; }' \
	'int f(void) { struct conn c = conn_none(); return c.read_wants; }' 'void f(struct conn *mine) { mine->write_wants = 0; }' \
	'int f(struct user *u) { return u->front.in.deep; }' 'char *f(struct conn *c) { return c->name; }' \
	'void f(struct conn *c) { c->on_ready = 0; }' 'void f(struct conn *a, struct conn *b) { b->layer = 0; }' \
	'int f(struct conn *conn)\n{\n\treturn conn->\n\t\tout.deep;\n}'; do
	finds conn tests/unit_b.c "$reach"
done
says 'tests/unit_b.c:3: conn->'
finds conn gateway/upstream/b.c 'int f(struct conn *c) { return c->fd; }'
echo 'struct conn;' >gateway/net/conn.h
! lint conn || { echo "without a field to refuse nothing is checked"; exit 1; }
rm gateway/net/conn.h gateway/upstream/user.* tests/lib/lame.c

# a calls b; b must not call a, whether straight on or round about, whoever else calls both.
echo 'int up(void), down(void); int down(void) { return 1; } int far(void) { return down(); }' >gateway/net/low.c
echo 'int far(void); static int mine(void) { return far(); } int up(void) { return mine(); }' >gateway/upstream/high.c
finds circles gateway/net/low.c 'int up(void), down(void); int down(void) { return up(); } int far(void) { return 1; }
int turn(void); int turn(void) { return far(); }'
says 'circle of 2 files: gateway/net/low.c gateway/upstream/high.c'
says 'gateway/net/low.c uses gateway/upstream/high.c: up'
says 'gateway/upstream/high.c uses gateway/net/low.c: far'
finds circles gateway/net/low.c 'int up(void); int down(void) { return 1; } int far(void) { return 1; } int (*handed)(void) = up;'
echo 'int mid(void); int down(void); int mid(void) { return down(); }' >haproxy/mid.c
finds circles gateway/net/low.c 'int mid(void); int down(void) { return 1; } int far(void) { return mid(); }'
finds circles haproxy/mid.c 'int mid(void); int up(void); int mid(void) { return up(); }
int far(void) __attribute__((weak)); int far(void) { return 1; }'
finds circles gateway/util/a.h '#pragma once\n#include "kafka/a.h"'
says 'gateway/kafka/a.h uses gateway/util/a.h: #include'
# What is allowed for a time is not a day longer.
sed -i 's,^OLD_CIRCLES = .*,OLD_CIRCLES = {"gateway/net/"},' tests/lint
! lint circles || { echo "an allowance that nobody needs is no fault"; exit 1; }
says 'gateway/net/: no circle is there any more'
echo 'int down(void), more(void); int more(void) { return down(); }' >gateway/net/more.c
echo 'int more(void); int down(void) { return more(); } int far(void) { return 1; }' >gateway/net/low.c
lint circles || { cat .git/out; echo "what is allowed is a fault"; exit 1; }
touch gateway/net/more.c -d '+1 hour'
! BUILD=.git/build tests/lint circles >.git/out || { echo "an object older than its source is read"; exit 1; }
says 'gateway/net/more.c: not built as it is now'
