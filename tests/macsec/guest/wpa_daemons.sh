#!/bin/bash
# Two keyidds whose devices are wpa_supplicants: the exchange over the back end that
# tests/macsec/guest/wpa.sh tries by itself. With one at each end keys roll, and a wpa_supplicant that
# is started anew gets another one; with two at each end a stream loses nothing, though a keyidd is
# killed while keys roll.
# Limit: 900 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1
# shellcheck source=tests/macsec/wpa.sh
source tests/macsec/wpa.sh || exit 1

# MKA takes its time, and so does an emulated machine.
lab_times="rekey-interval: 0
heartbeat: 500ms
prepare-timeout: 30s
backoff: 500ms
backoff-max: 2s
read-back-interval: 2s
verify-interval: 500ms
live-timeout: 60s
keys-per-hour: 0"
pair=

second() { # HOST
	[ -z "$pair" ] || printf '    second-control-socket: %s\n    bond: bond0\n' "$(wpa_socket "$1" 2)"
}

lab_make_router() { # HOST
	if [ -z "$pair" ]; then
		wpa_start_one "$1"
	else
		wpa_start_pair "$1"
	fi
}

lab_write_association() { # HOST
	cat <<-EOT
		devices:
		  - name: wpa
		    type: wpa_supplicant
		    control-socket: $(wpa_socket "$1" 1)
		$(second "$1")

		associations:
		  - name: span-1
		    sae: ${lab_sae[$1]}
		$(lab_role "$1" | lab_indent 4)
		    kme: ${lab_kme_id[$1]}
		    device: wpa
		    cipher-suite: $suite
		    ckn-prefix: $lab_prefix
		    channel-keys:
		      - number: 1
		        file: $live_dir/$1/channel.key
		    links:
		      - interface: eth1
		$(lab_indent 4 <<<"$lab_times")
	EOT
}

start_daemons() {
	lab_start b && lab_start a && wait_for 120 daemons_agree
}

rekey() {
	lab_ctl a rekey --wait --timeout 120
}

agree_beyond() { # GENERATION
	daemons_agree && [ "$(daemons_generation a)" -gt "$1" ]
}

end() {
	wpa_stop_all
	daemons_end
}

test_one() {
	local before i

	daemons_make
	start_daemons
	tap_is "one wpa_supplicant at each end: the first key is in use" $? 0
	tap_ok "... traffic flows" ip netns exec a ping -q -c 1 -W 5 10.0.0.2
	for i in 1 2; do
		tap_ok "... a rekey" rekey
	done
	tap_is "... the type of the device" "$(lab_status a .device.type)" wpa_supplicant
	before=$(daemons_generation a)
	wpa_stop b 1
	wpa_start b 1
	tap_ok "started anew, it gets another key without being asked" wait_for 120 agree_beyond "$before"
	tap_ok "... traffic flows" ip netns exec a ping -q -c 1 -W 5 10.0.0.2
	end
}

# What had been only prepared is given up, and asked for again.
newer_key() { # GENERATION
	wait_for 120 daemons_agree && { agree_beyond "$1" || rekey; }
}

# While a key rolls: some steps take seconds, and it may be any.
test_killed() { # HOST AFTER-SECONDS
	local before

	before=$(daemons_generation a)
	lab_ctl a rekey >/dev/null
	sleep "$2"
	lab_kill "$1"
	lab_start "$1"
	tap_is "... keyidd $1 killed $2 s after a rekey has begun, and started again" $? 0
	tap_ok "... a newer key is in use at last" newer_key "$before"
}

holds_one_key() { # HOST
	[ "$(for i in 1 2; do wpa_cli -p "$live_dir/$1$i" -i eth1 status; done | grep -c '^ckn=')" -eq 1 ]
}

test_two() {
	local i host

	pair=yes
	daemons_make
	start_daemons
	tap_is "two at each end: the first key is in use" $? 0
	tap_ok "... traffic flows" ip netns exec a ping -q -c 1 -W 5 10.0.0.2
	macsec_stream pair a:10.0.0.1 b:10.0.0.2
	tap_is "a stream" $? 0
	for i in 1 2 3; do
		tap_ok "... a rekey" rekey
	done
	test_killed a 1
	test_killed b 4
	test_killed a 8
	tap_ok "... a rekey" rekey
	for host in a b; do
		tap_ok "... one key is left at $host" wait_for 30 holds_one_key "$host"
	done
	macsec_stream_end pair
	tap_is "... nothing of the stream is lost" $? 0
	macsec_stream_said pair
	end
}

test_one
test_two
tap_done
