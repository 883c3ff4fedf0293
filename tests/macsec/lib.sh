# Two hosts on a MACsec link, to be sourced by the scripts in tests/macsec/guest:
#
#   namespace a:  macsec0 10.0.0.1            namespace b:  macsec0 10.0.0.2
#                 eth1  ------------ veth pair ------------ eth1
#                 02:00:00:00:00:0a                         02:00:00:00:00:0b
#
# The parents, eth1, have no IP address, and nothing goes there but what MACsec and keyidd send.
# An emulated machine takes a twentieth of a second to start a program, and ten times that for jq:
# what is done often does without.
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
#   macsec_received HOST AN         how many frames it took with this one
#   macsec_show HOST JQ             jq -r on what ip -json -s macsec show says of its device
#
#   macsec_disturb HOST ETHERTYPE NETEM...      what it sends on eth1 with this EtherType, and nothing
#                                   else, is treated as tc-netem(8) says: loss 20% delay 30ms 10ms
#   macsec_undisturb HOST
#
#   macsec_capture NAME HOST INTERFACE [ARGUMENT...]    starts to record, with these arguments of
#                                   tcpdump(8): $live_dir/NAME.pcap
#   macsec_capture_end NAME
#   macsec_frames NAME [FILTER...]             prints the frames of a record
#   macsec_count NAME [FILTER...]              ... how many they are
#
#   macsec_stream NAME [OPTION...] END END     starts tests/macsec/stream, and waits until it streams
#   macsec_stream_end NAME          ends it; returns its status: 0 if nothing was lost
#   macsec_stream_wait NAME         waits for the end of one with --frames; returns the same
#   macsec_stream_said NAME         prints its account as a comment
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

macsec_sci() { # HOST
	echo "02000000000${1}0001"
}

# A wire keeps the order of frames. A pair of veth does so only if all that comes is taken in by one
# processor: by itself, it is the one that sent the frame.
macsec_keep_order() { # HOST
	ip netns exec "$1" sh -c 'echo 1 >/sys/class/net/eth1/queues/rx-0/rps_cpus'
}

macsec_wire() {
	local host

	ip netns add a && ip netns add b && ip -n a link add eth1 address 02:00:00:00:00:0a \
		type veth peer name eth1 address 02:00:00:00:00:0b netns b || return
	for host in a b; do
		ip netns exec "$host" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1 && macsec_keep_order "$host" &&
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
	"${macsec_with_stream[@]}" ip -n "$1" link set dev macsec0 type macsec encodingsa "$2"
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

macsec_received() { # HOST AN
	ip -n "$1" -json -s macsec show macsec0 |
		sed -n 's/.*"rx_sc":.*"an":'"$2"',[^}]*"InPktsOK":\([0-9]*\).*/\1/p'
}

macsec_show() { # HOST JQ
	ip -n "$1" -json -s macsec show macsec0 | jq -r ".[0] | $2"
}

# ---- faults on the wire ----------------------------------------------------------------------

# All goes to the first band; what has the EtherType, whatever the kernel was told of it, to the
# second one.
macsec_disturb() { # HOST ETHERTYPE NETEM...
	tc -n "$1" qdisc replace dev eth1 root handle 1: prio bands 2 \
		priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 &&
		tc -n "$1" qdisc replace dev eth1 parent 1:2 handle 2: netem limit 100000 "${@:3}" &&
		tc -n "$1" filter replace dev eth1 parent 1: protocol all prio 1 handle 1 basic \
			match "cmp(u16 at 12 layer link eq $2)" flowid 1:2
}

macsec_undisturb() { # HOST
	tc -n "$1" qdisc del dev eth1 root
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

macsec_count() { # NAME [FILTER...]
	tcpdump -n -r "$live_dir/$1.pcap" --count "${@:2}" 2>/dev/null | sed 's/ .*//'
}

# ---- the stream ------------------------------------------------------------------------------

macsec_streams() { # NAME
	grep -q '^streaming$' "$live_dir/$1.out"
}

macsec_streams_or_ended() { # NAME
	macsec_streams "$1" || live_ended "${macsec_pid[$1]}"
}

# ip-link(8) does not hold frames back while it changes keys, and one that another processor has in
# hand may be lost (netconf/macsec_plug.h): of macsec_encode and macsec_stream, whoever needs both
# sets this to (taskset -c 0).
macsec_with_stream=()

macsec_stream() { # NAME [OPTION...] END END
	live_start "$1" "${macsec_with_stream[@]}" "$BUILD/macsec/stream" "${@:2}"
	macsec_pid[$1]=$live_pid
	wait_for 10 macsec_streams_or_ended "$1" && macsec_streams "$1"
}

macsec_stream_end() { # NAME
	kill "${macsec_pid[$1]}" && wait "${macsec_pid[$1]}"
}

macsec_stream_wait() { # NAME
	wait "${macsec_pid[$1]}"
}

macsec_stream_said() { # NAME
	grep -hv '^streaming$' "$live_dir/$1.out" "$live_dir/$1.err" | sed 's/^/# /'
}
