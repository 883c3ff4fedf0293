#!/bin/bash
# Three routers with a key-chain, the master's at one end: one that refuses its keys for a while, and
# a link that is cut once they are there. Prints TAP.
# shellcheck source=tests/lib/keychain.sh
source "$(dirname "$0")/../../lib/keychain.sh" || exit 1

nodes=(a b c)
lab_sae=([a]=mx304-11 [b]=mx304-12 [c]=mx10008-23)
{ nodes_chain && keychain_make 5 && nodes_start; } || exit 1

has_event() { # NODE EVENT
	lab_ctl "$1" history --json |
		jq -e --arg event "$2" 'any(.events[]; .event == $event)' >/dev/null
}

state_is() { # NODE STATE
	[ "$(lab_status "$1" .state)" = "$2" ]
}

misses_c() {
	[ "$(lab_status a '.members[] | select(.sae == "mx10008-23").state')" = silent ]
}

c_refuses() {
	lab_status c .device.reason | grep -q device-commit-failed
}

# ---- undisturbed -----------------------------------------------------------------------------

lab_ctl a rekey >/dev/null
tap_ok "three routers hold a new key, with one start" wait_for 10 keychain_waits 1
read -r ckn _ start < <(keychain_future a)
tap_ok "... all use it at its start" wait_for 10 keychain_rolled "$ckn"
tap_ok "... on time" test "$(date +%s)" -ge "$start" -a "$(date +%s)" -le $((start + 1))
tap_ok "... CONFIRMED follows" wait_for 5 nodes_confirmed 1

# ---- silence keeps ---------------------------------------------------------------------------

# The end of a chain is cut off when it has its key; so is everybody's word of it.
lab_ctl a rekey >/dev/null
tap_ok "three routers hold the next key" wait_for 10 keychain_waits 1
read -r ckn _ start < <(keychain_future a)
ip -n c link set dev up down
tap_ok "... the last one is cut off, and missed" wait_for 5 misses_c
tap_is "... the start is kept" "$(keychain_next_start)" "$start"
tap_ok "... all use the key at its start" wait_for 10 keychain_rolled "$ckn"
tap_ok "... on time" test "$(date +%s)" -le $((start + 1))
wait_for 5 state_is b live
tap_ok "... the master waits for the one that is silent" wait_for 5 state_is a live
lab_ctl a status >"$live_dir/said"
tap_ok "... and says so" grep -q 'waits for mx10008-23 (silent) to use the key' "$live_dir/said"
tap_is "... and has not moved the start" "$(has_event a retimed; echo $?)" 1
ip -n c link set dev up up
tap_ok "... CONFIRMED once it is back" wait_for 10 nodes_confirmed 2

# ---- late ------------------------------------------------------------------------------------

# Half of the lead is gone before the last router takes the key.
lab_fault c commit-refused always
lab_ctl a rekey >/dev/null
tap_ok "a router refuses the key" wait_for 10 c_refuses
read -r ckn _ start < <(keychain_future a)
lab_ctl a status >"$live_dir/said"
tap_ok "... which the master names" \
	grep -q '^! the device of mx10008-23 does not follow: ' "$live_dir/said"
tap_ok "... the start is moved" wait_for 10 has_event a retimed
lab_clear_router c
tap_ok "... all hold the key, with one start" wait_for 10 keychain_waits 1
tap_ok "... that is a later one" test "$(keychain_next_start)" -gt "$start"
tap_is "... of the same key" "$(keychain_future a | cut -d ' ' -f 1)" "$ckn"
for node in b c; do
	tap_ok "... $node knows that it was moved" has_event $node retimed
done
tap_ok "... all use it at that start" wait_for 30 keychain_rolled "$ckn"
tap_ok "... CONFIRMED follows" wait_for 5 nodes_confirmed 3
tap_is "no link ever was without a key" "$(keychain_gaps)" ""
tap_done
