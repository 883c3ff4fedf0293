#!/bin/bash
# wpa_supplicant as a device: two hosts' wpa_supplicants, and keys that they are given through the
# back end, at both ends at once, as keyidd does it. What is found wrong beforehand; what a roll
# costs the traffic with one wpa_supplicant at each end, and that it costs nothing with two of them.
# Limit: 600 s
# shellcheck source=tests/macsec/wpa.sh
source tests/macsec/wpa.sh || exit 1

cak_octets=16

# ---- the back end ----------------------------------------------------------------------------

pair=
options=()

# 32 octets, the first of which is the number.
ckn() { # NUMBER
	printf '%02x%062d' "$1" 0
}

key_file() { # NUMBER
	local file=$live_dir/cak-$1-$cak_octets

	[ -f "$file" ] || openssl rand -hex "$cak_octets" >"$file"
	echo "$file"
}

apply() { # HOST KEY OPERATION...
	local second=()

	[ -z "$pair" ] || second=(--second "$(wpa_socket "$1" 2)" --bond bond0)
	ip netns exec "$1" "$BUILD/applierctl" --wpa-supplicant "$(wpa_socket "$1" 1)" "${second[@]}" \
		--suite "$suite" --ckn "$(ckn "$2")" --cak-file "$(key_file "$2")" "${options[@]}" "${@:3}"
}

# Says nothing if all is well.
apply_both() { # KEY OPERATION...
	local pid

	key_file "$1" >/dev/null
	apply a "$@" >"$live_dir/a.said" &
	pid=$!
	apply b "$@" >"$live_dir/b.said"
	wait "$pid"
	! grep -hv ': ok in [0-9]* ms$' "$live_dir/a.said" "$live_dir/b.said"
}

transmits() { # HOST KEY
	apply "$1" "$2" read-back | grep -q "CKN $(ckn "$2") .*transmitting"
}

live() { # KEY
	transmits a "$1" && transmits b "$1"
}

said() { # HOST KEY OPERATION
	apply "$@" | sed 's/ in [0-9]* ms//'
}

# ---- what is found wrong beforehand ----------------------------------------------------------

not_there() { # OPERATION
	echo "$1: device-unreachable: $(wpa_socket a 1) is not there: start wpa_supplicant on that" \
		"interface, with ctrl_interface= that folder"
}

test_refused() {
	tap_is "no wpa_supplicant" "$(said a 1 prepare)" "$(not_there prepare)"
	wpa_write_config a 1
	wpa_start a 1
	tap_is "one without a macsec device is not given a key" "$(said a 1 prepare)" \
		"prepare: device-not-configured: eth1 has no macsec device with SCI 02000000000a0001: make it (ip link add link eth1 NAME type macsec sci 02000000000a0001 encrypt on), then start wpa_supplicant"
	ip -n a link add link eth1 name macsec1 type macsec port 1 cipher gcm-aes-256
	tap_is "one of another suite" "$(said a 1 prepare)" \
		"prepare: device-not-configured: macsec1 is a macsec device for gcm-aes-256, not gcm-aes-128: delete it, and make one with cipher gcm-aes-128"
	suite=gcm-aes-256 cak_octets=32
	tap_is "a suite that this wpa_supplicant lacks" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $(wpa_socket a 1): wpa_supplicant 2.10 has no gcm-aes-256, which came with 2.11: write cipher-suite: gcm-aes-128 at both ends, or take a newer one"
	suite=gcm-aes-128
	tap_is "a key of that length" "$(said a 1 prepare)" \
		"prepare: device-unsuitable-key: the CAK has 32 octets, gcm-aes-128 needs 16"
	cak_octets=16
	options=(--network 1)
	tap_is "another network block" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $(wpa_socket a 1): there is no network block 1: write one with key_mgmt=NONE and macsec_policy=1, or configure another network"
	options=()
	wpa_cli -p "$live_dir/a1" -i eth1 set_network 0 macsec_policy 0 >/dev/null
	tap_is "one without MACsec" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $(wpa_socket a 1): network block 0 has macsec_policy=0, and needs 1"
	wpa_stop a 1
	tap_is "wpa_supplicant has ended" "$(said a 1 read-back)" "$(not_there read-back)"
	ip -n a link del dev macsec1
}

# ---- one at each end -------------------------------------------------------------------------

silence() { # STREAM
	sed -n 's/.*longest silence \([0-9]*\) ms.*/\1/p' "$live_dir/$1.out" | sort -n | tail -n 1
}

test_roll() { # KEY
	macsec_stream "roll-$1" a:10.0.0.1 b:10.0.0.2
	tap_is "a stream" $? 0
	tap_is "a roll" "$(apply_both "$1" prepare commit)" ""
	tap_ok "... is live" wait_for 60 live "$1"
	sleep 1
	macsec_stream_end "roll-$1"
	macsec_stream_said "roll-$1"
	tap_ok "... traffic flows again after some seconds" test "$(silence "roll-$1")" -lt 15000
	echo "# wpa_supplicant, one at each end: no traffic for $(silence "roll-$1") ms"
}

# SIGKILL, and started again on the device that is left.
test_killed() {
	wpa_kill b 1
	tap_is "killed" "$(said b 5 read-back)" \
		"read-back: device-unreachable: $(wpa_socket b 1): wpa_supplicant has ended: start it"
	rm "$(wpa_socket b 1)"
	wpa_start b 1
	tap_is "... its successor cannot do with what is left" "$(said b 5 prepare)" \
		"prepare: device-not-configured: macsec1 has SAs of a wpa_supplicant that was killed, and no other can do with that: stop it, delete the device, make it again, start wpa_supplicant"
	wpa_stop b 1
	ip -n b link del dev macsec1
	wpa_start_one b
	tap_is "... but with a new device" "$(apply_both 5 prepare commit)" ""
	tap_ok "... is live" wait_for 60 live 5
}

test_one() {
	local key

	wpa_start_one a
	wpa_start_one b
	tap_is "without a key none is shown" "$(said a 1 prepare read-back)" "prepare: ok
read-back: ok"
	tap_is "a first key at both ends" "$(apply_both 1 prepare commit)" ""
	tap_ok "... is live" wait_for 60 live 1
	tap_ok "... traffic flows" ip netns exec a ping -q -c 1 -W 5 10.0.0.2
	for key in 2 3 4; do
		test_roll $key
	done
	tap_is "the address has survived" \
		"$(ip -n a -json addr show dev macsec1 | jq -r '.[0].addr_info[0].local')" 10.0.0.1
	test_killed
	wpa_stop_all
}

# ---- two at each end -------------------------------------------------------------------------

test_bond() {
	ip -n a link set bond0 type bond all_slaves_active 0
	tap_is "a bond that drops what comes on the other device" "$(said a 11 prepare)" \
		"prepare: device-not-configured: bond0 drops what comes on its other device, where the far end may send for a while: ip link set bond0 type bond all_slaves_active 1"
	ip -n a link set bond0 type bond all_slaves_active 1
	ip -n a link set macsec2 nomaster
	tap_is "a bond without the second device" "$(said a 11 prepare)" \
		"prepare: device-not-configured: macsec2 is not in bond0: ip link set macsec2 down, then ip link set macsec2 master bond0"
	ip -n a link set macsec2 down
	ip -n a link set macsec2 master bond0
}

# With nothing kept between them but what the wpa_supplicants and the bond say.
test_pair_roll() { # KEY
	tap_is "a roll" "$(apply_both "$1" prepare commit)" ""
	sed 's/^/# /' "$live_dir/a.said"
	tap_ok "... is live" live "$1"
	tap_is "... the former key is given up" "$(apply_both "$1" retire)" ""
	tap_is "... this one is left" "$(said a "$1" read-back)" "read-back: ok
  CKN $(ckn "$1") configured usable transmitting"
}

test_far_end_late() {
	options=(--timeout 5000)
	tap_is "a key that the far end lacks does not come into use" "$(said a 15 commit)" \
		"commit: device-timeout: MKA has not secured the new key within 5000 ms, and the former one stays in use: the far end may not have it yet"
	options=()
	tap_ok "... the former one is" live 14
	test_pair_roll 15
}

test_two() {
	local key

	wpa_start_pair a
	wpa_start_pair b
	pair=yes
	test_bond
	tap_is "a pair: a first key at both ends" "$(apply_both 11 prepare commit)" ""
	tap_ok "... is live" wait_for 60 live 11
	tap_ok "... traffic flows" ip netns exec a ping -q -c 1 -W 5 10.0.0.2
	macsec_capture pair a eth1
	macsec_stream pair a:10.0.0.1 b:10.0.0.2
	tap_is "a stream" $? 0
	for key in 12 13 14; do
		test_pair_roll $key
	done
	test_far_end_late
	macsec_stream_end pair
	tap_is "nothing of the stream is lost" $? 0
	macsec_stream_said pair
	macsec_capture_end pair
	tap_is "only MACsec and MKA on the parent" \
		"$(macsec_frames pair not ether proto 0x88e5 and not ether proto 0x888e)" ""
	wpa_stop_all
}

# ---- all of them -----------------------------------------------------------------------------

cak_shows_nowhere() {
	local key

	for key in "$live_dir"/cak-*; do
		! grep -qF "$(cat "$key")" "$live_dir"/*.said "$live_dir"/wpa-*.out || return
	done
}

tap_ok "two hosts, joined" macsec_wire
test_refused
test_one
test_two
tap_ok "no CAK is in what has been said or logged" cak_shows_nowhere
tap_done
