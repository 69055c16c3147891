#!/bin/bash
# Set-up names the packages that are missing, installs those and no others, and says so when it can't.
set -euo pipefail
cd "$(dirname "$0")/../../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
calls=$dir/calls

fake() { # NAME BODY: a command that stands in front of the real one
	printf '#!/bin/bash\n%s\n' "$2" >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}
fake dpkg-query 'cat "$0.says"'
fake apt-get "echo \"apt-get \$*\" >>$calls; [ ! -e $dir/fails ]"
fake sudo 'exit 1'
fake id 'cat "$0.says"'
echo 0 >"$dir/bin/id.says"
fail() {
	echo "$1" >&2
	sed 's/^/| /' "$dir"/out "$calls" >&2 || true
	exit 1
}
setup() { # runs it; its status and output
	: >"$calls"
	status=0
	PATH=$dir/bin:$PATH tests/setup.sh "$@" >"$dir/out" 2>&1 </dev/null || status=$?
}

# All there: nothing said, nothing done.
printf '%s installed\n' libev-dev libconfig-dev:amd64 libmicrohttpd-dev libjansson-dev libcurl4-openssl-dev \
	libpcre2-dev libssl-dev \
	>"$dir/bin/dpkg-query.says"
setup build
[ $status = 0 ] && [ ! -s "$dir/out" ] && [ ! -s "$calls" ] || fail "all there, yet something happened"

# Two are not: removed ones count as missing too.
printf '%s installed\nlibev-dev config-files\n' libconfig-dev:amd64 libmicrohttpd-dev libcurl4-openssl-dev \
	libpcre2-dev libssl-dev \
	>"$dir/bin/dpkg-query.says"
setup build
[ $status = 0 ] || fail "ended with $status"
grep -qx 'setup: installing libev-dev libjansson-dev' "$dir/out" || fail "not said"
grep -qx 'apt-get install -y -q --no-install-recommends libev-dev libjansson-dev' "$calls" || fail "not done"
[ "$(wc -l <"$calls")" = 1 ] || fail "more than one call"

# --look only tells.
setup --look build
[ $status = 1 ] && [ ! -s "$calls" ] || fail "--look did something"
grep -q 'missing packages: libev-dev libjansson-dev' "$dir/out" || fail "--look did not tell"

# A failure is shown, after the lists were updated once.
touch "$dir/fails"
setup build
[ $status = 1 ] || fail "a failure was taken for success"
[ "$(cut -d' ' -f2 "$calls" | tr '\n' ' ')" = "install update install " ] || fail "no second try"
grep -q 'apt-get install .* failed' "$dir/out" || fail "the failure is not shown"

# Neither root nor sudo.
echo 1000 >"$dir/bin/id.says"
setup build
[ $status = 1 ] && [ ! -s "$calls" ] || fail "not root, yet it installs"
grep -q 'neither root nor sudo' "$dir/out" || fail "no word about rights"
