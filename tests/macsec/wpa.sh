# wpa_supplicants on the two hosts of tests/macsec/lib.sh, to be sourced by scripts in
# tests/macsec/guest. $suite is the cipher suite of their macsec devices.
#
#   wpa_start_one HOST              one, with the device macsec1, which has the host's address
#   wpa_start_pair HOST             two, with macsec1 and macsec2 in bond0, which has the address
#   wpa_stop_all                    ends those of both hosts, and deletes the devices
#
#   wpa_socket HOST NUMBER          its control socket
#   wpa_write_config HOST NUMBER, wpa_add_device HOST NUMBER
#   wpa_start HOST NUMBER, wpa_stop HOST NUMBER, wpa_kill HOST NUMBER      by itself
# shellcheck shell=bash
declare -F macsec_wire >/dev/null || source tests/macsec/lib.sh || exit 1

suite=gcm-aes-128
declare -A wpa_pid

wpa_socket() { # HOST NUMBER
	echo "$live_dir/$1$2/eth1"
}

# The network block has no key: that is keyidd's.
wpa_write_config() { # HOST NUMBER
	mkdir -p "$live_dir/$1$2"
	cat >"$live_dir/$1$2/config" <<-EOT
		ctrl_interface=$live_dir/$1$2
		eapol_version=3
		ap_scan=0
		network={
			key_mgmt=NONE
			eapol_flags=0
			macsec_policy=1
			macsec_port=$2
			macsec_replay_protect=1
			macsec_replay_window=64
		}
	EOT
}

# Without channels, unlike those of macsec_devices: they are wpa_supplicant's.
wpa_add_device() { # HOST NUMBER
	ip -n "$1" link add link eth1 name "macsec$2" type macsec port "$2" cipher "$suite" encrypt on
}

wpa_start() { # HOST NUMBER
	live_start "wpa-$1$2" ip netns exec "$1" wpa_supplicant -d -D macsec_linux -i eth1 \
		-c "$live_dir/$1$2/config"
	wpa_pid[$1$2]=$live_pid
	wait_for 10 test -S "$(wpa_socket "$1" "$2")"
}

wpa_stop() { # HOST NUMBER
	live_stop "${wpa_pid[$1$2]}"
}

wpa_kill() { # HOST NUMBER
	kill -KILL "${wpa_pid[$1$2]}" && wait "${wpa_pid[$1$2]}" 2>/dev/null
}

wpa_start_one() { # HOST
	wpa_add_device "$1" 1
	ip -n "$1" addr add "$(macsec_address "$1")/24" dev macsec1
	wpa_write_config "$1" 1
	wpa_start "$1" 1
}

# The bond's MTU before the devices are in it: theirs is the parent's, less 32.
wpa_start_pair() { # HOST
	local number

	ip -n "$1" link add bond0 mtu 1468 type bond mode active-backup all_slaves_active 1 \
		fail_over_mac active miimon 100
	for number in 1 2; do
		wpa_add_device "$1" $number
		ip -n "$1" link set macsec$number master bond0
		wpa_write_config "$1" $number
		wpa_start "$1" $number
	done
	ip -n "$1" addr add "$(macsec_address "$1")/24" dev bond0
	ip -n "$1" link set bond0 up
}

wpa_stop_all() {
	local name host

	for name in "${!wpa_pid[@]}"; do
		live_stop "${wpa_pid[$name]}"
	done
	wpa_pid=()
	for host in a b; do
		ip -n $host link del dev bond0 2>/dev/null
		ip -n $host link del dev macsec1
		ip -n $host link del dev macsec2 2>/dev/null
	done
}
