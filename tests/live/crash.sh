#!/bin/bash
# SIGKILL at each step of a rotation, at either end and at both: after a new start both ends have
# one key, the next rotation works, and MACsec never was without a key. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

steps=(proposed ready committed applied live confirmed)
declare -A method=([master]=enc_keys [slave]=dec_keys)

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

# TEXT END...: killed now
kill_and_start() {
	local text=$1 end

	shift
	for end; do
		lab_kill "$end"
	done
	reached=$(last_step "$1")
	tap_ok "$text: the link has a key" lab_in_some_use "$1"
	lab_clear
	for end; do
		lab_start "$end" || return
	done
	tap_ok "$text: after a new start both ends have one key" wait_for 20 settled
	tap_ok "$text: the next rotation works" lab_ctl master rekey --wait --timeout 20
	tap_ok "$text: ... and ends with one key" lab_agree
}

# STEP END...: when the first END has reached STEP
crash_at() {
	local step=$1 text="${*:2} killed when $1"

	shift
	lab_mark master
	lab_mark slave
	slow_down "$1"
	lab_ctl master rekey >/dev/null
	[ "$step" != live ] || slow_down_far "$1"
	wait_for 20 at_step "$1" "$step"
	kill_and_start "$text" "$@"
	tap_is "$text: it was no further" "$reached" "$step"
}

asked() { # END COUNT
	[ "$(lab_kme requests "${lab_sae[$1]}" "${method[$1]}")" -gt "$2" ]
}

# Its KME has the request, and the answer comes too late.
crash_in_fetch() { # END
	local count

	count=$(lab_kme requests "${lab_sae[$1]}" "${method[$1]}")
	lab_kme fault "${lab_sae[$1]}" delay 1000 1
	lab_ctl master rekey >/dev/null
	wait_for 10 asked "$1" "$count"
	kill_and_start "$1 killed while its KME is asked" "$1"
}

committing() { # END
	at_step "$1" committed &&
		tail -n 1 "$live_dir/$1/router/rpc.log" | grep -q 'begin commit-configuration'
}

# Its router goes on with what it has begun.
crash_in_commit() { # END
	lab_mark "$1"
	lab_fault "$1" slow-commit 1000
	lab_ctl master rekey >/dev/null
	wait_for 10 committing "$1"
	kill_and_start "$1 killed while its router commits" "$1"
}

lab_mka_delay=200
lab_make
live_start watch watch_link
lab_start slave && lab_start master || exit 1
lab_ctl master rekey --wait >/dev/null || exit 1

for step in "${steps[@]}"; do
	crash_at "$step" master
	crash_at "$step" slave
done
crash_at ready slave master
crash_at committed master slave
for end in master slave; do
	crash_in_fetch $end
	crash_in_commit $end
done
tap_is "MACsec never was without a key" "$(cat "$live_dir/watch.out")" ""
tap_done
