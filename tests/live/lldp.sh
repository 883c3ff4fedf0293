#!/bin/bash
# Rotations over LLDP alone; and over both carriers, while 0x88B7 or LLDP is cut in the middle of
# one, or both are. lldpd beside keyidd as witness. Prints TAP.
# shellcheck source=tests/lib/lldp.sh
source "$(dirname "$0")/../lib/lldp.sh" || exit 1

lab_transport="lldp-interval: 1s"

# How long the last rotation took, in ms, by the master's history.
took() {
	lab_ctl master history --limit 1000 --json | jq -r '
		def ms: (.[:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
		[.events[] | select(.event == "proposed" or .event == "confirmed")] | sort_by(.at) |
		(.[-1].at | ms) - (.[-2].at | ms)'
}

lab_make

# ---- LLDP alone ------------------------------------------------------------------------------

live_start tcpdump ip netns exec slave tcpdump -i eth1 -U --immediate-mode -n -w "$live_dir/lldp.pcap"
tcpdump_pid=$live_pid
wait_for 10 grep -q 'listening on' "$live_dir/tcpdump.err"
restart_with lldp
tap_ok "over LLDP alone both ends come to one key" lab_agree
tap_ok "... and to another" rekey master
tap_ok "... and at the slave's wish" rekey slave
tap_ok "... both routers use it" wait_for 5 lab_agree
tap_is "what carries it shows" "$(carrier_of master lldp .silent) $(carrier_of master raw '')" "false null"
tap_is "nothing was accepted by raw frames" "$(counter master .accepted_by.raw)" 0
at=$(generation master)
lab_stop slave
tap_ok "a shutdown LLDPDU ends what it said" wait_for 5 sh -c \
	"tcpdump -n -v -r '$live_dir/lldp.pcap' ether proto 0x88cc 2>/dev/null | grep -q 'TTL 0s'"
live_stop "$tcpdump_pid"
tap_is "no frame of 0x88B7 was sent" \
	"$(tcpdump -n -r "$live_dir/lldp.pcap" ether proto 0x88b7 2>/dev/null | wc -l)" 0
tap_is "tshark finds nothing wrong with the LLDPDUs" "$(
	export HOME=$live_dir WIRESHARK_CONFIG_DIR=$live_dir
	tshark -r "$live_dir/lldp.pcap" -Y 'lldp && (_ws.malformed || _ws.expert.severity >= "Warning")' \
		2>/dev/null | wc -l)" 0
tap_ok "keyid-replay says of them what the daemons did" sh -c "
	'$BUILD/keyid-replay' --config '$live_dir/slave/keyidd.yaml' '$live_dir/lldp.pcap' |
	grep -q 'accepted.*confirmed $at'"

# ---- both ------------------------------------------------------------------------------------

restart_with auto
tap_ok "with both carriers each brings the neighbour" wait_for 10 works master raw
tap_ok "... LLDP too" wait_for 10 works master lldp
tap_ok "a rotation" rekey master
tap_ok "the other carrier's copies are duplicates" test "$(counter slave .received.duplicate)" -gt 0
# Before the neighbour was proven live, nobody kept account of carriers.
tap_ok "... and nearly all of them are copies" test \
	"$(counter slave '| .received.duplicate - .copies_by.raw - .copies_by.lldp')" -le 3

begin_rotation
block 0x88b7
rotation_ends "0x88B7 is cut off in the middle of it: it is completed"
tap_ok "... without a pause" test "$(took)" -lt 4000
tap_ok "raw frames bring nothing: seen at the master" wait_for 10 is_silent master raw
tap_ok "... and at the slave" wait_for 10 is_silent slave raw
tap_ok "... and said in the log" wait_for 5 lab_said master 'raw brings nothing'
tap_ok "the next rotation takes LLDP" rekey slave
tap_is "no member is silent" "$(lab_status master '.members[0].state')" live

block
tap_ok "with the filter gone both carriers work" wait_for 10 works master raw
tap_ok "... and the log says so" wait_for 5 lab_said master 'raw brings every neighbour again'
block 0x88cc
tap_ok "LLDP cut: it is silent" wait_for 15 is_silent slave lldp
tap_ok "... and a rotation takes raw frames" rekey master

block 0x88b7 0x88cc
key=$(lab_key master)
gone() { [ "$(lab_status master '.members[0].state')" != live ]; }
tap_ok "both cut: the member is gone" wait_for 15 gone
tap_ok "... no rotation" test "$(lab_ctl master rekey --wait --timeout 2 >/dev/null 2>&1; echo $?)" -ne 0
tap_is "... and the key stays" "$(lab_key master)" "$key"
block
back() { [ "$(lab_status master '.members[0].state')" = live ]; }
tap_ok "both again: the member is back" wait_for 15 back
tap_ok "... and a rotation" rekey master
tap_ok "both routers use one key" wait_for 5 lab_agree
tap_ok "at no time was a generation lost or aborted" no_generation_lost

# ---- witness ---------------------------------------------------------------------------------

# It gives up its privileges, and has to find the socket then.
chmod 711 "$live_dir"
umask 022
live_start lldpd ip netns exec slave lldpd -d -u "$live_dir/lldpd.sock" -I eth1
wait_for 10 test -S "$live_dir/lldpd.sock"
witnessed() {
	lldpcli -u "$live_dir/lldpd.sock" show neighbors details >"$live_dir/witness" 2>&1 &&
		grep -q 'keyidd span-1/span-1' "$live_dir/witness"
}
tap_ok "lldpd beside keyidd sees a neighbour of its own kind" wait_for 10 witnessed
tap_ok "... with our TLV" grep -q 'OUI: 00,00,5E, SubType: 1' "$live_dir/witness"
tap_ok "... and keyidd goes on" rekey master
tap_done
