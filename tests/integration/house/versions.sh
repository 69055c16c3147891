#!/bin/bash
# A HAProxy that can't be had is said loudly, in a sentence with the reason, and counted as skipped; never as passed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir"/{bin,out} "$dir"/tests/{lib,versions,integration/haproxy}
cp tests/run "$dir/tests/run"
cp tests/lib/{guard,haproxy_version,tested}.py "$dir/tests/lib"
cp tests/versions/fetch "$dir/tests/versions"

fake() { # NAME BODY: a command that stands in front of the real one
	printf '#!/bin/bash\n%s\n' "$2" >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}
fail() {
	echo "$1" >&2
	sed 's/^/| /' "$dir/log" >&2
	exit 1
}
fetch() { # SUITE BRANCH; its status and what it says
	status=0
	PATH=$dir/bin:$PATH "$dir/tests/versions/fetch" "$1" "$2" "$dir/out" >"$dir/log" 2>&1 || status=$?
}
fake patchelf 'exit 0'
fake apt-cache 'echo "Version: 3.4.1-1"'

# No mirror.
fake apt-get '[ "$1" != update ] || { echo "E: Could not resolve the mirror"; exit 100; }'
fetch testing 3.2
[ $status = 3 ] || fail "without a mirror it ended with $status"
[ "$(wc -l <"$dir/log")" = 1 ] || fail "that is not one sentence"
grep -q '^HAProxy 3.2: Debian testing cannot be reached at .*: E: Could not resolve the mirror$' "$dir/log" || fail "the reason is not told"

# The release has gone on to another one.
fake apt-get 'exit 0'
fetch testing 3.2
[ $status = 3 ] || fail "with another version it ended with $status"
grep -qx 'HAProxy 3.2: Debian testing has HAProxy 3.4.1-1 now' "$dir/log" || fail "the other version is not told"

# What the runner makes of it: the installed one is tested, whichever that is, the others are skipped.
fake haproxy 'echo "HAProxy version 3.0.11-1 2026/10/15"'
printf '#!/bin/bash\n[ "$HAPROXY" = %s/bin/haproxy ]\n' "$dir" >"$dir/tests/integration/haproxy/one.sh"
chmod +x "$dir/tests/integration/haproxy/one.sh"
sed -i 's/^WITH_HAPROXY = .*/WITH_HAPROXY = []/' "$dir/tests/run"
PATH=$dir/bin:$PATH BUILD=$dir/build "$dir/tests/run" versions >"$dir/log" 2>&1 || fail "what can't be had is a failure"
[ "$(tail -n 1 "$dir/log")" = "1 passed, 0 failed, 2 skipped" ] || fail "the sum is wrong"
grep -q '^\*\*\*.* HAProxy 2.6 is NOT tested here: HAProxy 2.6: ' "$dir/log" || fail "it is not said loudly"
grep -q '^skipped: versions/3.2: HAProxy 3.2: Debian testing has HAProxy 3.4.1-1 now$' "$dir/log" || fail "nor at the end"
grep -q '"3.0.11"' "$dir/build/tested.json" || fail "what was tested is not recorded"
