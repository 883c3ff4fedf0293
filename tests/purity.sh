#!/bin/sh
# Proves that the protocol's code is pure: its objects, all but the ports, name no
# symbol beyond tests/purity.allow, themselves and common/hex. So there is no way to
# a clock, a socket, a file, a random number, or (but for OpenSSL's contexts) the heap.
#
# Looks at $BUILD/obj/l2proto/*.o, which must have been built; prints TAP.
set -u
build=${BUILD:-build}

set --
for object in "$build"/obj/l2proto/*.o; do
	case ${object##*/} in
	port.o | port_*.o | '*.o') ;;
	*) set -- "$@" "$object" ;;
	esac
done
if [ $# -eq 0 ]; then
	echo "1..1"
	echo "not ok 1 - no objects in $build/obj/l2proto: build first"
	exit 1
fi
# hex.o is what they use of common: it is held to the same list.
set -- "$@" "$build/obj/common/hex.o"

set -f # the list holds patterns
patterns=$(sed 's/#.*//' "$(dirname "$0")/purity.allow")
defined=$(nm --defined-only --format=posix "$@" | awk '$2 ~ /^[A-Z]$/ { print $1 }' | tr '\n' ' ')

is_allowed() {
	for pattern in $patterns; do
		# shellcheck disable=SC2254 # a pattern is meant to match as one
		case $1 in $pattern) return 0 ;; esac
	done
	case " $defined" in *" $1 "*) return 0 ;; esac
	return 1
}

echo "1..$#"
number=0
failed=0
for object in "$@"; do
	number=$((number + 1))
	strangers=
	symbols=$(nm --undefined-only --format=posix "$object" | awk '{ print $1 }')
	[ -e "$object" ] || strangers=" nothing: it is missing"
	for symbol in $symbols; do
		is_allowed "$symbol" || strangers="$strangers $symbol"
	done
	if [ -z "$strangers" ]; then
		echo "ok $number - ${object#"$build"/obj/} is pure"
	else
		echo "not ok $number - ${object#"$build"/obj/} uses$strangers"
		failed=1
	fi
done
exit $failed
