# Two hosts on a MACsec link, to be sourced by the scripts in tests/macsec/guest:
#
#   namespace a:  macsec0 10.0.0.1            namespace b:  macsec0 10.0.0.2
#                 eth1  ------------ veth pair ------------ eth1
#
# The parents, eth1, have no address, and nothing goes there but what MACsec and keyidd send.
#
#   macsec_wire                     the namespaces and the parents
#   macsec_devices [OPTION...]      the macsec devices, with these options of ip-link(8)
#   macsec_other HOST               the far one
#   macsec_address HOST             its IP address
#   macsec_sci HOST                 16 hex digits
#   macsec_add_rx HOST AN ID KEY [OPTION...]    to receive from the far one, with options of an SA
#   macsec_add_tx HOST AN ID KEY [OPTION...]    to send, not in use
#   macsec_encode HOST AN           sends with this one from now on
#   macsec_del_rx HOST AN, macsec_del_tx HOST AN
#   macsec_show HOST JQ             jq -r on what ip -json -s macsec show says of its device
#
#   macsec_capture NAME HOST INTERFACE [FILTER...]      starts to record: $live_dir/NAME.pcap
#   macsec_capture_end NAME
#   macsec_frames NAME [FILTER...]             prints those of a record
#
#   macsec_stream NAME [OPTION...] END END     starts tests/macsec/stream, and waits until it streams
#   macsec_stream_end NAME          ends it; returns its status: 0 if nothing was lost
#   macsec_stream_said NAME         its account
#
# What starts or ends a program is not for tap_ok, which runs it in a subshell: test its status. If a
# test failed, logs and records are kept in $MACSEC_KEEP. tests/lib/live.sh has the rest.
# shellcheck shell=bash
source tests/lib/live.sh || exit 1
declare -A macsec_pid

macsec_keep() {
	[ "$tap_failed" -eq 0 ] || [ -z "${MACSEC_KEEP-}" ] || cp -a "$live_dir/." "$MACSEC_KEEP"
}
live_at_exit macsec_keep

# ---- the link --------------------------------------------------------------------------------

macsec_other() { # HOST
	case $1 in
	a) echo b ;;
	b) echo a ;;
	esac
}

macsec_address() { # HOST
	case $1 in
	a) echo 10.0.0.1 ;;
	b) echo 10.0.0.2 ;;
	esac
}

macsec_wire() {
	local host

	ip netns add a && ip netns add b &&
		ip -n a link add eth1 type veth peer name eth1 netns b || return
	for host in a b; do
		ip netns exec "$host" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1 &&
			ip -n "$host" link set dev lo up && ip -n "$host" link set dev eth1 up || return
	done
}

macsec_devices() { # [OPTION...]
	local host

	for host in a b; do
		ip -n "$host" link add link eth1 name macsec0 type macsec port 1 encrypt on "$@" &&
			ip -n "$host" addr add "$(macsec_address "$host")/24" dev macsec0 &&
			ip -n "$host" link set dev macsec0 up || return
	done
	for host in a b; do
		ip -n "$host" macsec add macsec0 rx sci "$(macsec_sci "$(macsec_other "$host")")" on || return
	done
}

macsec_sci() { # HOST
	ip -n "$1" -json link show dev eth1 | jq -r '.[0].address | gsub(":"; "") + "0001"'
}

macsec_add_rx() { # HOST AN ID KEY [OPTION...]
	local host=$1 an=$2 id=$3 key=$4

	shift 4
	[ $# -gt 0 ] || set -- pn 1
	ip -n "$host" macsec add macsec0 rx sci "$(macsec_sci "$(macsec_other "$host")")" \
		sa "$an" "$@" on key "$id" "$key"
}

macsec_add_tx() { # HOST AN ID KEY [OPTION...]
	local host=$1 an=$2 id=$3 key=$4

	shift 4
	[ $# -gt 0 ] || set -- pn 1
	ip -n "$host" macsec add macsec0 tx sa "$an" "$@" on key "$id" "$key"
}

macsec_encode() { # HOST AN
	ip -n "$1" link set dev macsec0 type macsec encodingsa "$2"
}

# An active one is busy.
macsec_del_rx() { # HOST AN
	local sci

	sci=$(macsec_sci "$(macsec_other "$1")")
	ip -n "$1" macsec set macsec0 rx sci "$sci" sa "$2" off &&
		ip -n "$1" macsec del macsec0 rx sci "$sci" sa "$2"
}

macsec_del_tx() { # HOST AN
	ip -n "$1" macsec set macsec0 tx sa "$2" off && ip -n "$1" macsec del macsec0 tx sa "$2"
}

macsec_show() { # HOST JQ
	ip -n "$1" -json -s macsec show macsec0 | jq -r ".[0] | $2"
}

# ---- records ---------------------------------------------------------------------------------

macsec_capture() { # NAME HOST INTERFACE [FILTER...]
	live_start "$1" ip netns exec "$2" tcpdump -Z root -U -n -i "$3" -w "$live_dir/$1.pcap" "${@:4}"
	macsec_pid[$1]=$live_pid
	wait_for 10 grep -q 'listening on' "$live_dir/$1.err"
}

macsec_capture_end() { # NAME
	live_stop "${macsec_pid[$1]}"
}

macsec_frames() { # NAME [FILTER...]
	tcpdump -n -e -r "$live_dir/$1.pcap" "${@:2}" 2>/dev/null
}

# ---- the stream ------------------------------------------------------------------------------

macsec_streams() { # NAME
	grep -q '^streaming$' "$live_dir/$1.out" || live_ended "${macsec_pid[$1]}"
}

macsec_stream() { # NAME [OPTION...] END END
	live_start "$1" "$BUILD/macsec/stream" "${@:2}"
	macsec_pid[$1]=$live_pid
	wait_for 10 macsec_streams "$1" && ! live_ended "$live_pid"
}

macsec_stream_end() { # NAME
	kill "${macsec_pid[$1]}" && wait "${macsec_pid[$1]}"
}

macsec_stream_said() { # NAME
	cat "$live_dir/$1.out" "$live_dir/$1.err"
}
