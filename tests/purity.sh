#!/bin/bash
# Proves that the protocol's code is pure: its objects, all but the ports, name no
# symbol beyond tests/purity.allow, themselves and common/hex. So there is no way to
# a clock, a socket, a file, a random number, or (but for OpenSSL's contexts) the heap.
#
# Looks at $BUILD/obj/l2proto/*.o, which must have been built; prints TAP.
set -u
build=${BUILD:-build}
allow=$(dirname "$0")/purity.allow
failed=0

shopt -s nullglob
objects=()
for object in "$build"/obj/l2proto/*.o; do
	case ${object##*/} in
	port.o | port_*.o) ;;
	*) objects+=("$object") ;;
	esac
done
if [ ${#objects[@]} -eq 0 ]; then
	echo "1..1"
	echo "not ok 1 - no objects in $build/obj/l2proto: build first"
	exit 1
fi

# What they give one another; hex.o is as pure as they are, and is held to the same list.
objects+=("$build/obj/common/hex.o")
defined=$(nm --defined-only --format=posix "${objects[@]}" | awk 'NF > 1 && $2 ~ /[A-Z]/ { print $1 }')
allowed=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$allow")

is_allowed() {
	local pattern
	while read -r pattern; do
		# shellcheck disable=SC2053 # the list holds patterns
		[[ $1 == $pattern ]] && return 0
	done <<<"$allowed"
	grep -qxF -- "$1" <<<"$defined"
}

echo "1..${#objects[@]}"
number=0
for object in "${objects[@]}"; do
	number=$((number + 1))
	name=${object#"$build"/obj/}
	strangers=()
	symbols=$(nm --undefined-only --format=posix "$object" | awk '{ print $1 }') || strangers+=("nm failed")
	for symbol in $symbols; do
		is_allowed "$symbol" || strangers+=("$symbol")
	done
	if [ ${#strangers[@]} -eq 0 ]; then
		echo "ok $number - $name is pure"
	else
		echo "not ok $number - $name uses ${strangers[*]}"
		failed=1
	fi
done
exit $failed
