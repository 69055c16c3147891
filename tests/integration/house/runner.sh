#!/bin/bash
# The runner counts what passes and what fails, ends what hangs, and its last line says the sum.
set -euo pipefail
cd "$(dirname "$0")/../../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/tests/integration/deep" "$dir/tests/conformance" "$dir/tests/lib"
cp tests/run "$dir/tests/run"
cp tests/lib/guard.py "$dir/tests/lib"

script() { # PATH BODY
	printf '#!/bin/bash\n%s\n' "$2" >"$dir/tests/$1"
	chmod +x "$dir/tests/$1"
}
script integration/good.sh 'echo quiet when it passes'
script integration/deep/bad.sh 'echo why it failed; exit 3'
script integration/hangs.sh 'sleep 1000 & wait'
script integration/cases.sh 'echo PASS one; echo PASS two; echo FAIL three; exit 1'
script conformance/other.sh 'exit 1'
echo 'not a test' >"$dir/tests/integration/deep/notes.py"
fail() {
	echo "$1" >&2
	sed 's/^/| /' "$dir/out" >&2
	exit 1
}
run() {
	status=0
	TEST_PATIENCE=0.01 "$dir/tests/run" "$@" >"$dir/out" 2>&1 || status=$?
}

run integration
[ $status = 1 ] || fail "failures ended with $status"
[ "$(tail -n 1 "$dir/out")" = "3 passed, 3 failed, 0 skipped" ] || fail "the sum is wrong"
grep -qx 'why it failed' "$dir/out" || fail "a failure's output is not shown"
grep -q 'hangs.sh: not done after 2 s' "$dir/out" || fail "what hung is not told"
! grep -q 'quiet when it passes' "$dir/out" || fail "a success is noisy"

run --only good integration conformance
[ $status = 0 ] || fail "a success ended with $status"
[ "$(tail -n 1 "$dir/out")" = "1 passed, 0 failed, 0 skipped" ] || fail "the pick is wrong"

run --only deep/b integration
[ "$(tail -n 1 "$dir/out")" = "0 passed, 1 failed, 0 skipped" ] || fail "a part of a path picks nothing"

script integration/skips.sh 'echo "SKIP all: no such thing here"'
script integration/partly.sh 'echo "SKIP partly, one half: nor this"; echo PASS other'
run --only skips integration
[ $status = 0 ] || fail "a test that is left out ended with $status"
[ "$(tail -n 1 "$dir/out")" = "0 passed, 0 failed, 1 skipped" ] || fail "what is left out counts as passed"
run --only partly integration
[ "$(tail -n 1 "$dir/out")" = "1 passed, 0 failed, 1 skipped" ] || fail "a part that is left out is not counted"
grep -qx 'skipped: partly, one half: nor this' "$dir/out" || fail "what was left out, and why, is not told"

run --only nothing integration
[ $status = 1 ] || fail "no test at all is taken for success"
