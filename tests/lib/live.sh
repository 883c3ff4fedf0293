# Helpers for live tests, to be sourced by bash scripts.
#
#   tap_ok TEXT COMMAND...       runs it; "ok" if it succeeds, its output shown if not
#   tap_is TEXT GOT EXPECTED     compares
#   tap_skip TEXT WHY            counts as passed
#   tap_done                     prints the plan and exits, 1 if anything failed
#   wait_for SECONDS COMMAND...  runs it until it succeeds; returns 1 if it never does
#   live_start NAME COMMAND...   runs it in the background: $live_pid, and what it prints is
#                                in $live_dir/NAME.out and NAME.err; ended with the script
#   live_stop PID                ends it now
#   live_at_exit COMMAND...      runs it when the script ends, the last one first
#   live_dir                     a folder for this run, removed at its end unless live_keep is set
# shellcheck shell=bash

declare -F live_start >/dev/null && return 0
: "${BUILD:=build}"
tap_count=0
tap_failed=0
live_pids=()
live_exits=()
live_keep=
live_dir=$(mktemp -d "${TMPDIR:-/tmp}/keyidd-live-XXXXXX")

live_clean_up() {
	local pid i

	trap - EXIT
	for pid in "${live_pids[@]}"; do
		live_stop "$pid"
	done
	for ((i = ${#live_exits[@]} - 1; i >= 0; i--)); do
		eval "${live_exits[i]}"
	done
	[ -n "$live_keep" ] || rm -rf "$live_dir"
}
trap live_clean_up EXIT
trap 'exit 1' INT TERM HUP

live_at_exit() {
	live_exits+=("$(printf '%q ' "$@")")
}

# Has a program of live_start ended? wait PID then gives its exit status. Not by
# the list of jobs, which a subshell sees as it was.
live_ended() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# Does nothing to what has ended before: its number may be another's by now.
live_stop() {
	if jobs -pr | grep -qx "$1"; then
		kill "$1"
		wait_for 5 live_ended "$1" || kill -KILL "$1"
	fi
	wait "$1" 2>/dev/null
}

live_start() {
	local name=$1

	shift
	"$@" >"$live_dir/$name.out" 2>"$live_dir/$name.err" </dev/null &
	live_pid=$!
	live_pids+=("$live_pid")
}

wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.02
	done
}

tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

tap_ok() {
	local text=$1 output status

	shift
	output=$("$@" 2>&1)
	status=$?
	tap_result "$status" "$text"
	if [ "$status" -ne 0 ]; then
		echo "# failed with $status: $*"
		[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

tap_is() {
	if [ "$2" = "$3" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		printf 'got:\n%s\nexpected:\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

tap_skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}
