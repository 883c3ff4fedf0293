#!/bin/bash
# SIGKILL at each step of a rotation, at either end and at both: after a new start both ends have
# one key, the next rotation works, and MACsec never was without a key. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

steps=(proposed ready committed applied live confirmed)

# END STEP: has its log reached this step of the newest generation?
at_step() {
	lab_said "$1" "exchange: span-1: generation [0-9]* $2"
}

last_step() { # END
	tail -c "+$((lab_marked[$1] + 1))" "$live_dir/$1/keyidd.log" |
		sed -n 's/.*span-1: generation [0-9]* \([a-z]*\).*/\1/p' | tail -n 1
}

settled() {
	[ "$(lab_status master .state)" = confirmed ] && [ "$(lab_status slave .state)" = confirmed ] &&
		[ "$(lab_status master .generation)" = "$(lab_status slave .generation)" ] &&
		lab_hears master && lab_agree
}

# Every look at the routers that finds the link without a key leaves a line.
watch_link() {
	while :; do
		for end in master slave; do
			lab_in_some_use "$end" || echo "at the $end: $(lab_router "$end" .)"
		done
		sleep 0.05
	done
}

lab_in_some_use() { # END
	[ "$(lab_router "$1" '.interfaces[0].mka')" != "not secured" ]
}

# The routers are made so slow that there is time to act between any two steps; and the other end
# slower than this one, which else would be committed as soon as it is ready ...
slow_down() { # END
	lab_fault "$1" slow-rpc 40 always
	lab_fault "${lab_far[$1]}" slow-rpc 120 always
}

# ... and confirmed as soon as it is live.
slow_down_far() { # END
	wait_for 20 at_step "$1" applied
	lab_clear_router "${lab_far[$1]}"
	lab_fault "${lab_far[$1]}" slow-rpc 700 always
}

# TEXT STEP END...: the first END is killed when it has reached STEP, the others with it
crash_at() {
	local text=$1 step=$2 end

	shift 2
	lab_mark master
	lab_mark slave
	slow_down "$1"
	lab_ctl master rekey >/dev/null
	[ "$step" != live ] || slow_down_far "$1"
	wait_for 20 at_step "$1" "$step" || echo "# $1 never was $step"
	for end; do
		lab_kill "$end"
	done
	tap_is "$text: it was no further" "$(last_step "$1")" "$step"
	lab_clear
	tap_ok "$text: the link has a key" lab_in_some_use "$1"
	for end; do
		lab_start "$end" || return
	done
	tap_ok "$text: after a new start both ends have one key" wait_for 20 settled
	tap_ok "$text: the next rotation works" lab_ctl master rekey --wait --timeout 20
	tap_ok "$text: ... and ends with one key" lab_agree
}

lab_mka_delay=200
lab_make
live_start watch watch_link
lab_start slave && lab_start master || exit 1
lab_ctl master rekey --wait >/dev/null || exit 1

for step in "${steps[@]}"; do
	crash_at "the master killed when $step" "$step" master
	crash_at "the slave killed when $step" "$step" slave
done
crash_at "both killed when the slave is ready" ready slave master
crash_at "both killed when the master has committed" committed master slave
tap_is "MACsec never was without a key" "$(cat "$live_dir/watch.out")" ""
tap_done
