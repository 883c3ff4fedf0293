#!/bin/bash
# lldp-agent: lldpd. Rotations through Debian's lldpd at both ends and at one end; lldpd restarted,
# killed and stopped in the middle of one; 0x88B7 cut in the middle of one; what an operator has set
# in lldpd. Prints TAP. (No lldpd at all: lldp.sh.)
# shellcheck source=tests/lib/lldp.sh
source "$(dirname "$0")/../lib/lldp.sh" || exit 1

declare -A agent=([master]=lldpd [slave]=lldpd) lldpd_pid
lldpd_group=$(getent group _lldpd | cut -d : -f 3)
keyidd_groups=0,$lldpd_group
oui=00,00,5e # of keyidd and, with another subtype, of the operator's own TLV

# As its unit runs it: root without privileges, and in the group of lldpd's socket.
lab_run() { # END
	umask "$lab_umask"
	exec ip netns exec "$1" setpriv --groups "$keyidd_groups" "$BUILD/keyidd" \
		--config "$live_dir/$1/keyidd.yaml" 2>>"$live_dir/$1/keyidd.log"
}

write_config() { # END
	lab_transport="lldp-interval: 1s
lldp-agent: ${agent[$1]}
lldpd-socket: $live_dir/$1-lldpd"
	lab_must lab_write_config "$1"
}

# ---- lldpd -----------------------------------------------------------------------------------

lldpd_run() { # END
	umask 022
	exec ip netns exec "$1" lldpd -d -u "$live_dir/$1-lldpd" -I "${lldpd_interfaces:-eth1}"
}

lldpd_ctl() { # END ARGUMENTS...
	lldpcli -u "$live_dir/$1-lldpd" "${@:2}"
}

lldpd_answers() { # END
	lldpd_ctl "$1" show interfaces 2>/dev/null | grep -q 'eth1'
}

# Its socket is there before it knows its interfaces.
lldpd_start() { # END
	live_start "lldpd-$1" lldpd_run "$1"
	lldpd_pid[$1]=$live_pid
}

lldpd_start_and_wait() { # END
	lldpd_start "$1"
	wait_for 10 lldpd_answers "$1"
}

lldpd_child() { # END
	pgrep -P "${lldpd_pid[$1]}"
}

# Both of its processes, as the kernel's killer would; the socket stays behind.
lldpd_kill() { # END
	kill -KILL "$(lldpd_child "$1")" "${lldpd_pid[$1]}"
	wait "${lldpd_pid[$1]}" 2>/dev/null
}

# What it hears from the other end.
lldpd_sees() { # END PATTERN
	lldpd_ctl "$1" show neighbors details | grep -q -e "$2"
}

sees_ours() { # END
	lldpd_sees "$1" 'OUI: 00,00,5E, SubType: 1,'
}

sees_none_of_ours() { # END
	! sees_ours "$1"
}

# ---- keyidd ----------------------------------------------------------------------------------

not_open() { # END PATTERN
	lab_ctl "$1" neighbours | grep 'not open' | grep -q -e "$2"
}

is_open() { # END
	! lab_ctl "$1" neighbours | grep -q 'not open'
}

chmod 711 "$live_dir" # lldpd gives up its privileges, and has to find its socket then
lab_make

# ---- nobody there ----------------------------------------------------------------------------

lldpd_start_and_wait slave
for end in slave master; do
	write_config "$end"
	lab_start "$end"
done
tap_ok "without lldpd keyidd runs, and says so once" lab_said master \
	"lldpd does not listen at $live_dir/master-lldpd; trying again"
tap_ok "... and as long as it is so" not_open master "lldpd does not listen at"
tap_ok "... where lldpd is, the link is open" wait_for 5 is_open slave
lldpd_start master
tap_ok "lldpd comes: the link is open" wait_for 10 is_open master
tap_ok "... and keyidd says that too" wait_for 5 lab_said master 'takes our TLVs again'
tap_is "... nothing was said twice" "$(grep -c 'trying again' "$live_dir/master/keyidd.log")" 1
tap_ok "both ends come to one key" wait_for 15 lab_agree

# ---- at both ends ----------------------------------------------------------------------------

lldpd_ctl master configure ports eth1 lldp portdescription "the operator's port" >"$live_dir/set"
lldpd_ctl master configure ports eth1 lldp custom-tlv add oui "$oui" subtype 200 \
	oui-info 6f,70 >>"$live_dir/set"
lldpd_ctl master configure ports eth1 lldp custom-tlv add oui 02,51,4b subtype 1 \
	oui-info 71,72 >>"$live_dir/set"
live_start tcpdump ip netns exec slave tcpdump -i eth1 -U --immediate-mode -n -w "$live_dir/lldp.pcap"
tcpdump_pid=$live_pid
wait_for 10 grep -q 'listening on' "$live_dir/tcpdump.err"
tap_ok "a rotation" rekey master
tap_ok "... and one at the slave's wish" rekey slave
tap_ok "both routers use its key" wait_for 5 lab_agree
tap_is "LLDP alone carries it" "$(lab_ctl master neighbours --json |
	jq -c '.links[0].stations[0].carriers | keys')" '["lldp"]'
tap_is "the neighbour sees one agent" \
	"$(lldpd_ctl slave show neighbors | grep -c 'PortID:')" 1
tap_ok "... with our TLV" sees_ours slave
tap_ok "... and what the operator has set: the description" \
	lldpd_sees slave "PortDescr: *the operator's port"
tap_ok "... a TLV of our OUI" lldpd_sees slave 'OUI: 00,00,5E, SubType: 200, Len: 2 6F,70'
tap_ok "... and one of another" lldpd_sees slave 'OUI: 02,51,4B, SubType: 1, Len: 2 71,72'
live_stop "$tcpdump_pid"
tap_is "nothing but LLDP was sent, and no LLDPDU by keyidd" "$(
	tcpdump -n -v -r "$live_dir/lldp.pcap" 2>/dev/null | grep -c -e 'ethertype 0x88b7' -e 'keyidd span')" 0
tap_is "each message in one LLDPDU" "$(lab_ctl slave counters --json |
	jq '.interfaces[0].malformed')" 0

# ---- lldpd goes, and comes back --------------------------------------------------------------

begin_rotation
lab_mark master
live_stop "${lldpd_pid[master]}"
lldpd_start master
rotation_ends "lldpd restarted in the middle of a rotation: it is completed"
tap_ok "... its loss was said" wait_for 5 lab_said master 'lldpd does not listen at'
tap_ok "... and its return" wait_for 5 lab_said master 'takes our TLVs again'
tap_ok "... our TLV is back" wait_for 5 sees_ours slave

begin_rotation
lab_mark slave
lldpd_kill slave
tap_ok "killed in the middle of one: the link is not open" wait_for 5 not_open slave 'does not listen'
lldpd_start slave
rotation_ends "... and completed when it is back"
tap_ok "... with our TLV" wait_for 5 sees_ours master
tap_ok "both routers use its key" wait_for 5 lab_agree

helper() { # END
	pgrep -P "${lab_pid[$1]}" keyidd-lldpd
}
begin_rotation
before=$(helper slave)
kill -KILL "$before"
rotation_ends "keyidd-lldpd killed in the middle of one: it is completed"
tap_ok "... which was said" lab_said slave 'keyidd-lldpd has ended: Killed; trying again'
tap_ok "... by another" [ "$(helper slave)" != "$before" ]
tap_ok "... without privileges" grep -q 'CapEff:.0*$' "/proc/$(helper slave)/status"

before=$(helper master)
lab_mark master
sed -i 's/heartbeat: .*/heartbeat: 250ms/' "$live_dir/master/keyidd.yaml"
kill -HUP "${lab_pid[master]}"
tap_ok "a reload that stops the association and starts it again" \
	wait_for 5 lab_said master 'stopped by the reload'
tap_ok "... a rotation" rekey master
tap_is "... through the same keyidd-lldpd" "$(helper master)" "$before"
tap_ok "... with our TLV" wait_for 5 sees_ours slave

stopped=$(lldpd_child slave)
kill -STOP "$stopped"
tap_ok "lldpd hangs: so it is said" wait_for 15 not_open slave 'does not answer'
tap_ok "... while keyidd answers at once" timeout 1 "$BUILD/keyidctl" \
	--socket "$live_dir/slave/control.sock" status
kill -CONT "$stopped"
tap_ok "... it goes on: the link is open" wait_for 15 is_open slave
tap_ok "... and a rotation" rekey slave

# ---- what lldpd does not do ------------------------------------------------------------------

lldpd_ctl master configure system interface pattern eth9 >"$live_dir/set"
lldpd_unmanaged() { ! lldpd_answers master; }
wait_for 5 lldpd_unmanaged
tap_ok "an interface that lldpd does not manage" wait_for 10 not_open master 'does not manage'
lldpd_ctl master configure system interface pattern eth1 >"$live_dir/set"
tap_ok "... and does again" wait_for 10 is_open master
tap_ok "... a rotation" rekey master
lab_stop master
lldpd_ctl master configure ports eth1 lldp status rx-only >"$live_dir/set"
lab_start master
tap_ok "one that lldpd does not send on" wait_for 10 not_open master 'RX only'
lldpd_ctl master configure ports eth1 lldp status rx-and-tx >"$live_dir/set"
tap_ok "... and does again" wait_for 10 is_open master
lab_stop master
keyidd_groups=0 lab_start master
tap_ok "no permission: what to do is said" not_open master 'has to be in the group'
lab_stop master
lab_start master

# ---- at one end ------------------------------------------------------------------------------

agent[slave]=own
restart_with lldp
tap_ok "lldpd at one end, LLDPDUs of keyidd's own from the other: a rotation" rekey master
tap_ok "... and one at the slave's wish" rekey slave
tap_ok "... two agents at the slave's side" [ "$(lldpd_ctl master show neighbors |
	grep -c 'PortID:')" = 2 ]
agent[slave]=lldpd

# ---- beside raw frames -----------------------------------------------------------------------

restart_with auto
tap_ok "with both carriers LLDP brings the neighbour" wait_for 10 works master lldp
begin_rotation
block 0x88b7
rotation_ends "0x88B7 cut in the middle of a rotation: it is completed"
tap_ok "... over LLDP" wait_for 10 is_silent slave raw
block
tap_ok "not cut any more: both" wait_for 10 works slave raw
begin_rotation
live_stop "${lldpd_pid[slave]}"
rotation_ends "no lldpd: raw frames go on"
tap_ok "... which shows" not_open slave 'does not listen'
lldpd_start_and_wait slave
tap_ok "lldpd again: both" wait_for 10 works slave lldp
tap_ok "at no time was a generation lost or aborted" no_generation_lost

# ---- the end ---------------------------------------------------------------------------------

lldpd_ctl master configure ports eth1 lldp custom-tlv add oui "$oui" subtype 200 \
	oui-info 6f,70 >"$live_dir/set"
tap_ok "the neighbour sees our TLV" wait_for 5 sees_ours slave
lab_stop master
tap_ok "keyidd stops: it is gone" wait_for 2 sees_none_of_ours slave
tap_ok "... and the operator's is there" lldpd_sees slave 'OUI: 00,00,5E, SubType: 200'
lab_start master
tap_ok "keyidd again: our TLV too" wait_for 5 sees_ours slave
lab_kill master
tap_ok "keyidd is killed: it is gone" wait_for 2 sees_none_of_ours slave
stopped=$(lldpd_child slave)
kill -STOP "$stopped"
begin=$EPOCHSECONDS
lab_stop slave
tap_ok "... while lldpd hangs too, and soon" [ $((EPOCHSECONDS - begin)) -le 3 ]
kill -CONT "$stopped"
tap_done
