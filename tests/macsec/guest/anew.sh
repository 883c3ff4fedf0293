#!/bin/bash
# What a host may lose, and how it comes back: its macsec device while keyidd runs, the device in a
# restart of the host, that and keyidd's records. Until the next key there is no traffic,
# which keyidd asks for by itself; and whatever was lost, no station ever sends under an SA that it,
# or one that had its place, has sent under before.
# Limit: 600 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1
# Nothing here waits for the next regular look at the device.
lab_times=${lab_times/read-back-interval: 2s/read-back-interval: 5m}
# The kernel shows an SA by its key identifier, which has its nonce: each may be there once only.
note_sas() {
	local host

	for host in a b; do
		daemons_sa "$host" >>"$live_dir/sas.txt"
	done
}

pings() {
	ip netns exec a ping -q -c 3 -i 0.05 -W 2 10.0.0.2 >/dev/null
}

newer_key() { # GENERATION
	daemons_agree && [ "$(daemons_generation a)" -gt "$1" ]
}

# TEXT COMMAND...: after the command there is a new key, and traffic
comes_back() {
	local before text=$1

	shift
	before=$(daemons_generation a)
	"$@"
	tap_is "$text" $? 0
	tap_ok "... it comes back with a new key, by itself" wait_for 30 newer_key "$before"
	daemons_address a
	daemons_address b
	tap_ok "... there is traffic again" wait_for 10 pings
	macsec_stream after --frames 1000 a:10.0.0.1 b:10.0.0.2
	macsec_stream_wait after
	tap_is "... which loses nothing" $? 0
	note_sas
}

lose_device() { # HOST...
	local host

	for host; do
		ip -n "$host" link del dev macsec0 || return
	done
}

# As a host that is restarted: nothing is left but the disk.
restart() { # HOST...
	local host

	for host; do
		lab_kill "$host"
		ip -n "$host" link del dev macsec0 || return
	done
	for host; do
		lab_start "$host" || return
	done
}

lose_records() { # HOST
	lab_kill "$1"
	ip -n "$1" link del dev macsec0 && rm -f "$live_dir/$1/keyidd.db"* && lab_start "$1"
}

daemons_make
macsec_capture parent a eth1 -s 64 -B 65536
daemons_start
tap_is "the first key is in use" $? 0
tap_ok "there is traffic" wait_for 10 pings
note_sas
daemons_rekey >/dev/null 2>&1
tap_is "a rekey" $? 0
tap_ok "... there is traffic" pings
note_sas
comes_back "b loses its device" lose_device b
comes_back "a loses its device" lose_device a
comes_back "both lose their devices" lose_device a b
comes_back "b's host is restarted" restart b
comes_back "a's host is restarted" restart a
comes_back "both hosts are restarted" restart a b
comes_back "b's host is restarted, its records are lost" lose_records b
comes_back "a's host is restarted, its records are lost" lose_records a
macsec_capture_end parent
daemons_frames parent
tap_is "no packet number comes twice under one SA" $? 0
tap_is "each SA has a key of its own" "$(cut -d ' ' -f 3 "$live_dir/sas.txt" | sort | uniq -d)" ""
tap_ok "... and no SA sent that was not seen here" test \
	"$(grep -c '^sa' "$live_dir/frames.txt")" -le "$(sort -u "$live_dir/sas.txt" | grep -c .)"
tap_is "nothing is in clear but keyidd's messages" \
	"$(macsec_count parent 'not (ether proto 0x88e5 or ether proto 0x88b7)')" 0
tap_done
