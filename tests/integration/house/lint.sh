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
echo '#include "util/a.h"' >gateway/kafka/a.h
echo '#include "kafka/a.h"' >gateway/upstream/a.c
printf '#!/bin/bash\nset -euo pipefail\n' >tests/ok.sh
chmod +x tests/ok.sh

lint() {
	LANGUAGE= tests/lint "$@" >.git/out 2>&1
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
