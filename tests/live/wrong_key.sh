#!/bin/bash
# One end has another channel key: nothing happens but a count and a line of log. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

bad_icv() { # END
	lab_ctl "$1" counters --json | jq '.links[0].received."bad-icv"'
}

many_refused() {
	[ "$(bad_icv master)" -ge 20 ] && [ "$(bad_icv slave)" -ge 20 ]
}

# What either router was asked to change, and what either KME was asked for.
touched() {
	grep -hE 'lock|load|commit' "$live_dir"/{master,slave}/router/rpc.log
	[ "$(lab_router master .commits) $(lab_router slave .commits)" = "0 0" ] || echo commits
	lab_kme requests | grep -E '_keys=[1-9]'
}

lab_make
before=$(lab_key master)
openssl rand -hex 32 >"$live_dir/slave/channel.key"
lab_start slave && lab_start master || exit 1
lab_ctl master rekey --wait --timeout 5 >"$live_dir/said" 2>&1
tap_ok "a rekey fails" test $? -ne 0
tap_ok "... and says that the other end is silent" grep -q "member-silent" "$live_dir/said"
tap_ok "the counters of both ends say bad-icv" wait_for 20 many_refused
for end in master slave; do
	tap_is "one line of log at the $end, not one a message" \
		"$(grep -c 'refused a message: bad-icv' "$live_dir/$end/keyidd.log")" 1
	tap_is "no message was accepted at the $end" \
		"$(lab_ctl $end counters --json | jq '.links[0].received.accepted')" 0
	tap_ok "status says at the $end that the other is not heard" grep -q "not been heard" \
		<(lab_status $end '.problems[]')
done
tap_is "no router and no KME was asked to do anything" "$(touched)" ""
tap_ok "both routers use the key of before" lab_agree
tap_is "... which is the same" "$(lab_key master)" "$before"

cp "$live_dir/master/channel.key" "$live_dir/slave/channel.key"
kill -HUP "${lab_pid[slave]}"
tap_ok "with the right key, read on SIGHUP, a rekey works" lab_ctl master rekey --wait --timeout 20
tap_ok "both routers use one key" lab_agree
tap_done
