#!/bin/bash
# tests/arm64/sysroot: one that was interrupted is in no later one's way, and another list of packages makes it anew.
# apt and dpkg are stand-ins here: nothing is fetched.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/bin "$work"/package/usr/{bin,lib/x86_64-linux-gnu}
: >"$work/package/usr/bin/aarch64-linux-gnu-gcc-12"
for library in opcodes bfd ctf sframe isl mpc mpfr gmp jansson zstd z; do
	: >"$work/package/usr/lib/x86_64-linux-gnu/lib$library.so"
done
cat >"$work/bin/apt-get" <<'EOF'
#!/bin/bash
echo "$@" >>"$STAND_IN/asked"
for word; do
	[[ $word != Dir::Cache::archives=* ]] || : >"${word#*=}/a.deb"
done
EOF
printf '#!/bin/sh\nexec tar -c -C "$STAND_IN/package" usr\n' >"$work/bin/dpkg-deb"
chmod +x "$work"/bin/*
export STAND_IN=$work PATH=$work/bin:$PATH

fail() {
	echo "FAIL house/sysroot: $1"
	exit 1
}

# $1: the script; $2: whether it must fetch.
run() {
	rm -f "$work/asked"
	bash "$1" "$work/to/sysroot"
	[ "$2" = "$([ ! -e "$work/asked" ] || echo fetches)" ] || fail "fetches or not, after $1"
	[ -x "$work/to/sysroot/host/gcc" ] && [ -d "$work/to/sysroot/arm64" ] || fail "it is not whole"
}

mkdir -p "$work/to/sysroot.new/host/left" # as a `mv` that was interrupted leaves it
run "$here/arm64/sysroot" fetches
run "$here/arm64/sysroot" ''
[ ! -e "$work/to/sysroot.new" ] && [ ! -e "$work/to/sysroot/host/left" ] || fail "something is left"
sed 's/librdkafka-dev/librdkafka-dev libfoo-dev/' "$here/arm64/sysroot" >"$work/another"
run "$work/another" fetches
grep -q libfoo-dev:arm64 "$work/asked" || fail "the new package was not asked for"
run "$work/another" ''
echo "PASS house/sysroot"
