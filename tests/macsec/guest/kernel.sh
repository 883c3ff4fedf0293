#!/bin/bash
# The kernel's MACsec with keys set by hand: with each cipher suite, keys are rolled in the order
# that loses nothing while frames go both ways, and none is lost. Nothing can be read on the parent.
# shellcheck source=tests/macsec/lib.sh
source tests/macsec/lib.sh || exit 1
macsec_with_stream=(taskset -c 0)

declare -A ssci=([a]=1 [b]=2)

key_id() { # HOST AN
	printf '%s%031d' "$1" "$2"
}

# A key for each sender: two that send with one key would repeat each other's nonces. With XPN each
# sender has its SSCI, too.
add_sas() { # AN
	local host key options

	for host in a b; do
		key=$(openssl rand -hex "$key_octets")
		options=()
		[[ $suite != *xpn* ]] ||
			options=(xpn 1 ssci "${ssci[$host]}" salt "$(openssl rand -hex 12)")
		macsec_add_rx "$(macsec_other "$host")" "$1" "$(key_id "$host" "$1")" "$key" "${options[@]}" &&
			macsec_add_tx "$host" "$1" "$(key_id "$host" "$1")" "$key" "${options[@]}" || return
	done
}

encode() { # AN
	macsec_encode a "$1" && macsec_encode b "$1"
}

drop_sas() { # AN
	local host

	for host in a b; do
		macsec_del_rx "$host" "$1" && macsec_del_tx "$host" "$1" || return
	done
}

# Has each host received frames with this association number?
received_on() { # AN
	local host

	for host in a b; do
		[ "$(macsec_received "$host" "$1")" -gt 100 ] || return
	done
}

roll() {
	add_sas 1 && encode 1 && wait_for 10 received_on 1 && sleep 0.5 && drop_sas 0
}

test_suite() { # SUITE KEY-OCTETS
	local suite=$1 key_octets=$2

	tap_ok "$suite: devices" macsec_devices cipher "$suite" replay on window 64
	tap_ok "$suite: keys" add_sas 0
	macsec_capture "parent-$suite" a eth1
	macsec_capture "inside-$suite" a macsec0 -c 10 udp
	macsec_stream "$suite" a:10.0.0.1 b:10.0.0.2
	tap_is "$suite: frames go both ways" $? 0
	tap_ok "$suite: a roll" roll
	macsec_stream_end "$suite"
	tap_is "$suite: nothing lost" $? 0
	macsec_stream_said "$suite"
	macsec_capture_end "parent-$suite"
	macsec_capture_end "inside-$suite"
	tap_is "$suite: only MACsec on the parent" \
		"$(macsec_frames "parent-$suite" not ether proto 0x88e5)" ""
	# The AN is the low two bits of the octet behind the EtherType (IEEE 802.1AE clause 9.5).
	for an in 0 1; do
		tap_ok "$suite: ... with AN $an" test \
			"$(macsec_count "parent-$suite" "ether proto 0x88e5 and ether[14] & 3 = $an")" -gt 100
	done
	tap_ok "$suite: what can be read inside" grep -qa "keyidd stream in clear" "$live_dir/inside-$suite.pcap"
	tap_ok "$suite: ... cannot on the parent" \
		test "$(grep -ca "keyidd stream in clear" "$live_dir/parent-$suite.pcap")" -eq 0
	for host in a b; do
		ip -n "$host" link del dev macsec0
	done
}

# The account is to be trusted: this loses every frame one way. Addresses are resolved before.
test_missing_key() {
	local suite=gcm-aes-128 key_octets=16 stream=("$BUILD/macsec/stream" a:10.0.0.1 b:10.0.0.2 --frames)

	tap_ok "a key that both have" eval 'macsec_devices cipher $suite && add_sas 0 && "${stream[@]}" 20'
	macsec_add_tx a 1 01 "$(openssl rand -hex 16)" && macsec_encode a 1
	"${stream[@]}" 200 >"$live_dir/missing.out"
	tap_is "one that the far end lacks: status 1" $? 1
	tap_ok "... all lost one way" grep -q '^a to b: 200 sent, 200 lost,' "$live_dir/missing.out"
	tap_ok "... none the other" grep -q '^b to a: 200 sent, 0 lost,' "$live_dir/missing.out"
}

tap_ok "two hosts, joined" macsec_wire
test_suite gcm-aes-128 16
test_suite gcm-aes-256 32
test_suite gcm-aes-xpn-256 32
test_missing_key
tap_done
