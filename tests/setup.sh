#!/bin/bash
# setup.sh - installs the Debian packages that are missing, saying which.
#
#   setup.sh [--look] GROUP...     groups: build fast java clang lint browser versions packages
#
# Quiet and fast when nothing is missing.  With --look it only tells.  A line of
# the list is: group, package, and the command that does as well wherever it
# comes from (- for none: then the package itself must be there).
set -euo pipefail

LIST='
build	gcc	cc
build	libev-dev	-
build	libconfig-dev	-
build	libmicrohttpd-dev	-
build	libjansson-dev	-
build	libcurl4-openssl-dev	-
build	libpcre2-dev	-
build	libssl-dev	-
build	lowdown	lowdown
fast	libcmocka-dev	-
fast	librdkafka-dev	-
fast	haproxy	haproxy
fast	kcat	kcat
fast	iproute2	ip
fast	socat	socat
fast	python3	python3
fast	python3-jsonschema	-
fast	man-db	man
fast	groff	groff
fast	mandoc	mandoc
fast	zsh	zsh
fast	fish	fish
fast	debhelper	dh
fast	build-essential	-
fast	dpkg-dev	dpkg-buildpackage
fast	binutils	readelf
fast	systemd	systemd-analyze
fast	python3-yaml	-
java	default-jdk-headless	javac
java	maven	mvn
java	python3-venv	-
java	golang-go	go
java	nodejs	node
java	npm	npm
java	krb5-kdc	krb5kdc
java	krb5-admin-server	kadmin.local
clang	clang	clang
clang	libclang-rt-dev	-
lint	clang-format	clang-format
lint	clang-tidy	clang-tidy
lint	python3	python3
browser	chromium	chromium
versions	patchelf	patchelf
packages	lintian	lintian
packages	rpm	rpmspec
packages	rpmlint	rpmlint
'

look=no
if [ "${1-}" = --look ]; then
	look=yes
	shift
fi
if ! command -v dpkg-query >/dev/null; then
	exit 0 # not Debian: the compiler will say what it lacks
fi

wanted=
for group in "$@"; do
	wanted+=" $(awk -v g="$group" '$1 == g { print $2 ":" $3 }' <<<"$LIST" | tr '\n' ' ')"
done
# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' \
	$(for w in $wanted; do echo "${w%%:*}"; done) 2>/dev/null | sed -n 's/\(:[a-z0-9]*\)\? installed$//p') || true

missing=()
for w in $wanted; do
	package=${w%%:*}
	program=${w#*:}
	if [ "$program" != - ]; then
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null && continue
	else
		grep -qx "$package" <<<"$installed" && continue
	fi
	[[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

line="apt-get install --no-install-recommends ${missing[*]}"
if [ $look = yes ]; then
	echo "setup: missing packages: ${missing[*]}" >&2
	echo "setup: install them with \`$line\`, or let \`make setup\` do it" >&2
	exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [ ! -t 0 ]; }; then
		echo "setup: missing packages, and neither root nor sudo to install them:" >&2
		echo "setup:   $line" >&2
		exit 1
	fi
	as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1
}
if ! install; then
	"${as_root[@]}" apt-get update -q >>"$log" 2>&1 || true
	if ! install; then
		cat "$log" >&2
		echo "setup: \`$line\` failed; its output is above" >&2
		exit 1
	fi
fi
echo "setup: done"
