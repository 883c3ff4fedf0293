#!/bin/bash
# Routers with a key-chain: every key has a start, at which they change over by themselves. Each of
# the parts in keychain/ has a laboratory of its own, and all run at once, for most of what they do is
# to wait until a key starts. Prints TAP.
# shellcheck source=tests/lib/live.sh
cd "$(dirname "$0")/../.." && source tests/lib/live.sh || exit 1

parts=(pair chain crash)
declare -A part_pid

# The tests of a part as tests of ours.
take_over() { # PART
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*) tap_result 0 "$1: ${line#ok * - }" ;;
		"not ok "*) tap_result 1 "$1: ${line#not ok * - }" ;;
		"1.."*) ;;
		*) echo "$line" ;;
		esac
	done <"$live_dir/$1.out"
}

for part in "${parts[@]}"; do
	live_start "$part" bash "tests/live/keychain/$part.sh"
	part_pid[$part]=$live_pid
done
for part in "${parts[@]}"; do
	wait_for 150 live_ended "${part_pid[$part]}" || live_stop "${part_pid[$part]}"
	wait "${part_pid[$part]}"
	status=$?
	take_over "$part"
	tap_is "$part: its exit status" "$status" 0
	sed 's/^/# /' "$live_dir/$part.err"
done
tap_done
