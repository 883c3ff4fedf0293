#!/bin/bash
# wpa_supplicant as a device: two of them, and keys rolled through the back end as keyidd does it.
# What it finds wrong beforehand; what wpa_supplicant is left with; and what a roll costs the
# traffic, alone and as a pair.
# Limit: 600 s
# shellcheck source=tests/macsec/lib.sh
source tests/macsec/lib.sh || exit 1

suite=gcm-aes-128
cak_octets=16

# ---- wpa_supplicant --------------------------------------------------------------------------

declare -A wpa_pid

socket() { # HOST NUMBER
	echo "$live_dir/$1$2/eth1"
}

# The network block has no key: it comes from the back end.
write_config() { # HOST NUMBER [LINE...]
	mkdir -p "$live_dir/$1$2"
	{
		printf 'ctrl_interface=%s\neapol_version=3\nap_scan=0\n' "$live_dir/$1$2"
		printf 'network={\nkey_mgmt=NONE\neapol_flags=0\nmacsec_policy=1\nmacsec_port=%s\n' "$2"
		printf '%s\n' "${@:3}" '}'
	} >"$live_dir/$1$2/config"
}

start_wpa() { # HOST NUMBER
	live_start "wpa-$1$2" ip netns exec "$1" wpa_supplicant -d -D macsec_linux -i eth1 -c "$live_dir/$1$2/config"
	wpa_pid[$1$2]=$live_pid
	wait_for 10 test -S "$(socket "$1" "$2")"
}

stop_wpa() { # HOST NUMBER
	live_stop "${wpa_pid[$1$2]}"
}

wpa() { # HOST NUMBER COMMAND...
	wpa_cli -p "$live_dir/$1$2" -i eth1 "${@:3}"
}

# Without channels, unlike those of macsec_devices: they are wpa_supplicant's.
add_device() { # HOST NUMBER
	ip -n "$1" link add link eth1 name "macsec$2" type macsec port "$2" cipher "$suite" encrypt on
}

# ---- the back end ----------------------------------------------------------------------------

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
	ip netns exec "$1" "$BUILD/applierctl" --wpa-supplicant "$(socket "$1" 1)" --suite "$suite" \
		--ckn "$(ckn "$2")" --cak-file "$(key_file "$2")" "${options[@]}" "${@:3}"
}

options=()

# At both ends at once, as the exchange does it.
apply_both() { # KEY OPERATION...
	local pid

	key_file "$1" >/dev/null
	apply a "$@" >"$live_dir/a.said" &
	pid=$!
	apply b "$@" >"$live_dir/b.said"
	wait "$pid" && cat "$live_dir/a.said" "$live_dir/b.said" && ! grep -v ': ok in\|^  CKN' "$live_dir"/[ab].said
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

# ---- alone -----------------------------------------------------------------------------------

test_refused() {
	local device=macsec1

	tap_is "no wpa_supplicant" "$(said a 1 prepare)" \
		"prepare: device-unreachable: $(socket a 1) is not there: start wpa_supplicant on that interface, with ctrl_interface= that folder"
	write_config a 1
	start_wpa a 1
	tap_is "one without a macsec device is not given a key" "$(said a 1 prepare)" \
		"prepare: device-not-configured: eth1 has no macsec device with SCI 02000000000a0001: make it (ip link add link eth1 NAME type macsec sci 02000000000a0001 encrypt on), then start wpa_supplicant"
	ip -n a link add link eth1 name $device type macsec port 1 cipher gcm-aes-256
	tap_is "one of another suite" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $device is a macsec device for gcm-aes-256, not gcm-aes-128: delete it, and make one with cipher gcm-aes-128"
	suite=gcm-aes-256 cak_octets=32
	tap_is "a suite that this wpa_supplicant lacks" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $(socket a 1): wpa_supplicant 2.10 has no gcm-aes-256, which came with 2.11: write cipher-suite: gcm-aes-128 at both ends, or take a newer one"
	suite=gcm-aes-128
	tap_is "a key of that length" "$(said a 1 prepare)" \
		"prepare: device-unsuitable-key: the CAK has 32 octets, gcm-aes-128 needs 16"
	cak_octets=16
	options=(--network 1)
	tap_is "another network block" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $(socket a 1): there is no network block 1: write one with key_mgmt=NONE and macsec_policy=1, or configure another network"
	options=()
	wpa a 1 set_network 0 macsec_policy 0 >/dev/null
	tap_is "one without MACsec" "$(said a 1 prepare)" \
		"prepare: device-not-configured: $(socket a 1): network block 0 has macsec_policy=0, and needs 1"
	stop_wpa a 1
	tap_is "wpa_supplicant has ended" "$(said a 1 read-back)" \
		"read-back: device-unreachable: $(socket a 1) is not there: start wpa_supplicant on that interface, with ctrl_interface= that folder"
	ip -n a link del dev $device
}

test_alone() {
	local host

	for host in a b; do
		add_device $host 1
		ip -n $host addr add "$(macsec_address $host)/24" dev macsec1
		write_config $host 1
		start_wpa $host 1
	done
	tap_is "no key, and none is shown" "$(said a 1 prepare read-back)" "prepare: ok
read-back: ok"
	tap_ok "a first key at both ends" apply_both 1 prepare commit
	tap_ok "... is live" wait_for 30 live 1
	tap_ok "... traffic flows" ip netns exec a ping -q -c 1 -W 5 10.0.0.2
	macsec_stream alone a:10.0.0.1 b:10.0.0.2
	tap_is "a stream" $? 0
	tap_ok "a roll" apply_both 2 prepare commit
	tap_ok "... is live" wait_for 30 live 2
	sleep 1
	macsec_stream_end alone
	macsec_stream_said alone
	tap_is "... the address is still there" \
		"$(ip -n a -json addr show dev macsec1 | jq -r '.[0].addr_info[0].local')" 10.0.0.1
}

tap_ok "two hosts, joined" macsec_wire
test_refused
test_alone
tap_done
