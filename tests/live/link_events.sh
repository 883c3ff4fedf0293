#!/bin/bash
# What happens to an interface while two daemons run: it is missing at the start, comes, goes down,
# loses its carrier, is deleted and made again, renamed, replaced, and gets another address or MTU;
# in bursts too, and so fast that the kernel drops messages. By raw frames, LLDPDUs, and lldpd.
# The heartbeat is so long that whoever is heard soon has been told, not waited for. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

heartbeat_s=20
lab_times=${lab_times/heartbeat: 200ms/heartbeat: ${heartbeat_s}s}
lab_transport="lldp-interval: 10s"
carrier=raw
soon=5 # s; the kernel tells of a carrier up to one second late
group=01:80:c2:00:00:0e
declare -A heard

# The wire comes later.
lab_make_network() {
	for end in master slave; do
		ip netns add "$end" && ip -n "$end" link set lo up || return
	done
}

lab_links() { # END
	printf '%s\n' "- interface: eth1" "  transport: $carrier"
}

wire() {
	ip -n master link add eth1 type veth peer name eth1 netns slave &&
		ip -n master link set eth1 up && ip -n slave link set eth1 up
}

# ---- what the daemons say --------------------------------------------------------------------

is_state() { # END STATE
	[ "$(lab_status "$1" '.links[0].state')" = "$2" ]
}

becomes() { # END STATE
	wait_for "$soon" is_state "$1" "$2"
}

has_problem() { # END PATTERN
	lab_status "$1" '.problems[]' | grep -q -e "$2"
}

has_no_problem() { # END PATTERN
	! has_problem "$@"
}

said_lines() { # END PATTERN
	tail -c "+$((lab_marked[$1] + 1))" "$live_dir/$1/keyidd.log" | grep -c -e "$2"
}

mark() {
	lab_mark master
	lab_mark slave
}

# Neither has tried in vain to send, as far as the log knows.
nobody_complained() {
	! lab_said master 'cannot send' && ! lab_said slave 'cannot send'
}

accepted() { # END
	lab_ctl "$1" counters --json | jq '.links[0].received.accepted'
}

# While the wire is broken: what was heard before.
count_heard() {
	heard=([master]=$(accepted master) [slave]=$(accepted slave))
}

both_hear() {
	is_state master open && is_state slave open && [ "$(accepted master)" -gt "${heard[master]}" ] &&
		[ "$(accepted slave)" -gt "${heard[slave]}" ]
}

# Both ends hear each other again, long before a heartbeat, and a rotation goes through.
resumes() { # TEXT
	tap_ok "$1" wait_for "$soon" both_hear
	tap_ok "... and a rotation" lab_ctl master rekey --wait --timeout 10
}

# ---- what the kernel says --------------------------------------------------------------------

index_of() { # END INTERFACE
	ip -n "$1" -json link show dev "$2" | jq '.[0].ifindex'
}

has_socket() { # END INTERFACE
	ip netns exec "$1" cat /proc/net/packet |
		awk -v "wanted=$(index_of "$1" "$2")" '$5 == wanted { found = 1 } END { exit !found }'
}

has_no_socket() { # END INTERFACE
	! has_socket "$@"
}

has_joined() { # END
	ip -n "$1" maddr show dev eth1 | grep -q "$group"
}

# The first frame of the slave's on the master's interface that matches.
listen() { # NAME FILTER
	live_start "$1" ip netns exec master tcpdump -i eth1 --immediate-mode -n -e -v -c 1 "$2"
	wait_for 10 grep -qs "listening on" "$live_dir/$1.err"
}

# ---- missing at the start --------------------------------------------------------------------

lab_make
for end in master slave; do
	lab_start "$end" || exit 1
done
tap_ok "without its interface keyidd runs, and says so" \
	wait_for "$soon" lab_said slave 'port: eth1: no such interface$'
tap_is "... once" "$(said_lines slave eth1)" 1
tap_ok "... and has nothing else to complain of" nobody_complained
tap_ok "the link's state is missing" is_state slave missing
tap_ok "... which is a problem" has_problem slave 'eth1 is not open: no such interface'
tap_ok "keyidctl status shows it" sh -c \
	"'$BUILD/keyidctl' --socket '$live_dir/slave/control.sock' status | grep -q 'eth1 .* missing'"
tap_is "no capability is left but CAP_NET_RAW" \
	"$(sed -n 's/^Cap\(Prm\|Eff\):\s*//p' "/proc/${lab_pid[slave]}/status" | uniq)" 0000000000002000
heard=([master]=0 [slave]=0)
wire
resumes "it is made: both ends hear each other"
tap_ok "... its group is joined" has_joined slave
tap_ok "... and there is a socket on it" has_socket slave eth1

# ---- down, no carrier, up --------------------------------------------------------------------

mark
ip -n slave link set eth1 down
tap_ok "down" becomes slave down
tap_ok "... without a carrier at the other end" becomes master no-carrier
count_heard
tap_ok "each says so" wait_for "$soon" lab_said slave 'port: eth1: the interface is down; bring it up'
tap_ok "... in its words" wait_for "$soon" lab_said master 'port: eth1: no carrier'
tap_is "... in one line" "$(said_lines slave 'eth1') $(said_lines master 'eth1')" "1 1"
ip -n slave link set eth1 up
resumes "up: both ends hear each other at once"
tap_ok "... which they say" wait_for "$soon" lab_said slave 'port: eth1: open$'
tap_ok "nobody says that it cannot send" nobody_complained

# ---- deleted and made again ------------------------------------------------------------------

mark
before=$(index_of slave eth1)
ip -n slave link del eth1
tap_ok "deleted" becomes slave missing
tap_ok "... at both ends" becomes master missing
count_heard
wire
tap_ok "made again, with another index" test "$(index_of slave eth1)" -ne "$before"
resumes "... both ends hear each other"
tap_ok "... its group is joined" has_joined slave
tap_is "the log has two lines of it" "$(said_lines slave 'eth1')" 2

count_heard
kill -STOP "${lab_pid[slave]}"
ip -n slave link del eth1
wire
kill -CONT "${lab_pid[slave]}"
resumes "deleted and made again behind keyidd's back"

# ---- renamed and replaced --------------------------------------------------------------------

rename() { # FROM TO
	ip -n slave link set "$1" down && ip -n slave link set "$1" name "$2" &&
		ip -n slave link set "$2" up
}
rename eth1 eth9
tap_ok "renamed: it is gone" becomes slave missing
tap_ok "... and keyidd says what it is called" has_problem slave 'what had the name is eth9 now'
tap_ok "... and listens there no longer" has_no_socket slave eth9
ip -n slave link add eth1 type veth peer name decoy && ip -n slave link set decoy up &&
	ip -n slave link set eth1 up
tap_ok "another one takes the name: it is used" becomes slave open
tap_ok "... and listened to" has_socket slave eth1
count_heard
ip -n slave link del eth1
rename eth9 eth1
resumes "the first one has its name again"

# ---- another address -------------------------------------------------------------------------

listen address "ether proto 0x88b7 and ether src 02:00:00:00:00:77"
listener=$live_pid
ip -n slave link set eth1 address 02:00:00:00:00:77
tap_ok "another address is the source of the next frame, which comes at once" \
	wait_for "$soon" live_ended "$listener"
tap_ok "... and a rotation" lab_ctl slave rekey --wait --timeout 10

# ---- another MTU -----------------------------------------------------------------------------

ip -n slave link set eth1 mtu 200
tap_ok "an MTU that is too small is said" \
	wait_for "$soon" lab_said slave 'its MTU of 200 is too small: messages of span-1 may need [0-9]'
tap_ok "... and shown" has_problem slave 'the MTU of eth1 is 200, and a message may need'
tap_is "... and it is in the status" "$(lab_status slave '.links[0].mtu')" 200
ip -n slave link set eth1 mtu 1500
tap_ok "a large one again, too" wait_for "$soon" lab_said slave 'its MTU of 1500 is large enough again'
tap_ok "... and the problem is gone" has_no_problem slave MTU
tap_ok "... and a rotation" lab_ctl slave rekey --wait --timeout 10

# ---- in bursts -------------------------------------------------------------------------------

flap() { # TIMES
	local i

	for ((i = 0; i < $1; i++)); do
		printf '%s\n' "link set eth1 down" "link set eth1 up"
	done | ip -n slave -batch -
}

lab_stop slave
lab_start slave || exit 1
becomes slave open
count_heard
for ((i = 0; i < 25; i++)); do
	ip -n slave link set eth1 down
	becomes slave down
	ip -n slave link set eth1 up
	becomes slave open
done
resumes "a flapping interface: both ends hear each other in the end"
tap_ok "the log's last word is that it is open" wait_for 25 \
	lab_said slave 'eth1: open (went away [0-9]* times since the last line)'
tap_ok "... and it has few lines of it" test "$(said_lines slave eth1)" -le 8
tap_is "each outage is counted" "$(lab_ctl slave counters --json | jq '.interfaces[0].outages')" 25

mark
count_heard
kill -STOP "${lab_pid[slave]}"
flap 400
ip -n slave link del eth1
wire
kill -CONT "${lab_pid[slave]}"
resumes "so many that the kernel drops messages"
tap_ok "... which is said" lab_said slave 'netif: messages about network interfaces were lost'
kill -STOP "${lab_pid[slave]}"
flap 400
ip -n slave link set eth1 mtu 1400
kill -CONT "${lab_pid[slave]}"
has_mtu() { [ "$(lab_status slave '.links[0].mtu')" = "$1" ]; }
tap_ok "among them the last one, of an MTU" wait_for "$soon" has_mtu 1400
kill -STOP "${lab_pid[slave]}"
flap 400
ip -n slave link del eth1
kill -CONT "${lab_pid[slave]}"
tap_ok "... or that it is deleted" becomes slave missing
count_heard
wire
resumes "... and made again"

# ---- LLDPDUs of our own ----------------------------------------------------------------------

restart_with() { # CARRIER
	carrier=$1
	for end in slave master; do
		lab_stop "$end"
		lab_must lab_write_config "$end"
		lab_start "$end" || exit 1
	done
	heard=([master]=0 [slave]=0)
}

restart_with lldp
resumes "over LLDP: both ends hear each other"
ip -n slave link set eth1 down
becomes master no-carrier
count_heard
ip -n slave link set eth1 up
resumes "down and up"
ip -n slave link del eth1
becomes master missing
count_heard
wire
resumes "deleted and made again"
listen shutdown "ether proto 0x88cc and ether src $(
	ip -n slave -json link show dev eth1 | jq -r '.[0].address')"
shutdown=$live_pid
listen chassis "ether proto 0x88cc and ether src 02:00:00:00:00:78"
chassis=$live_pid
ip -n slave link set eth1 address 02:00:00:00:00:78
tap_ok "another address: what was said under the old one is withdrawn" \
	wait_for "$soon" live_ended "$shutdown"
tap_ok "... by the shutdown LLDPDU" grep -q 'TTL 0s' "$live_dir/shutdown.out"
tap_ok "... and said again under the new one" wait_for "$soon" live_ended "$chassis"
tap_ok "... which is the chassis ID" \
	grep -q 'Subtype MAC address (4): 02:00:00:00:00:78' "$live_dir/chassis.out"
tap_ok "... and a rotation" lab_ctl slave rekey --wait --timeout 10

# ---- lldpd -----------------------------------------------------------------------------------

# As the unit runs it: root without privileges, and in the group of lldpd's socket.
lab_run() { # END
	umask "$lab_umask"
	exec ip netns exec "$1" setpriv --groups "0,$(getent group _lldpd | cut -d : -f 3)" \
		"$BUILD/keyidd" --config "$live_dir/$1/keyidd.yaml" 2>>"$live_dir/$1/keyidd.log"
}

lldpd_run() {
	umask 022
	exec ip netns exec slave lldpd -d -u "$live_dir/lldpd" -I 'eth*'
}

lldpd_answers() {
	lldpcli -u "$live_dir/lldpd" show interfaces 2>/dev/null | grep -q eth1
}

chmod 711 "$live_dir" # lldpd gives up its privileges, and has to find its socket then
live_start lldpd lldpd_run
wait_for 10 lldpd_answers
lab_transport+="
lldp-agent: lldpd
lldpd-socket: $live_dir/lldpd"
count_heard
heard[slave]=0
lab_stop slave
lab_must lab_write_config slave
lab_start slave || exit 1
soon=15 # lldpd takes a second to notice, and is asked every two whether it has
resumes "by lldpd: both ends hear each other"
ip -n slave link set eth1 down
tap_ok "down" becomes slave down
becomes master no-carrier
count_heard
ip -n slave link set eth1 up
resumes "... and up"
ip -n slave link del eth1
tap_ok "deleted" becomes slave missing
count_heard
wire
resumes "... and made again"
tap_done
