#!/bin/bash
# Two routers with a key-chain: rotations, a batch that goes on without the daemons, clocks that are
# wrong. Prints TAP.
# shellcheck source=tests/lib/keychain.sh
source "$(dirname "$0")/../../lib/keychain.sh" || exit 1

nodes=(a b)
lab_sae=([a]=mx304-11 [b]=mx304-12)
{ nodes_chain && keychain_make 4 && nodes_start; } || exit 1

# ---- one key at a time -----------------------------------------------------------------------

both_applied() {
	[ "$(lab_status a .state) $(lab_status b .state)" = "applied applied" ]
}

# What the operator saw of the start, at one node.
told_start() { # NODE START
	local at

	at=$(date -u -d "@$2" +%FT%TZ)
	tap_is "... status --json of $1 has the start" \
		"$(jq -r '.associations[0] | "\(.state) \(.start)"' "$live_dir/$1.json")" "applied $at"
	tap_is "... and the key's" "$(jq -r '.associations[0].keys[].start' "$live_dir/$1.json")" "$at"
	tap_ok "... status says what is waited for, and until when" \
		grep -Eq "^  ${lab_sae[$1]} waits for the key's start at $at, in [1-5] s\$" "$live_dir/$1.text"
	tap_ok "... and that the device knows it" \
		grep -q "^    waits to use generation [0-9]*, from $at\$" "$live_dir/$1.text"
	tap_is "... and nothing is wrong" "$(grep '^!' "$live_dir/$1.text")" ""
}

rotate_and_look() { # GENERATION
	local before used ckn start at node

	before=$(lab_key a)
	lab_ctl a rekey >/dev/null
	tap_ok "generation $1: both routers hold the new key, with one start" wait_for 10 keychain_waits 1
	wait_for 2 both_applied
	for node in a b; do
		lab_ctl $node status >"$live_dir/$node.text"
		lab_ctl $node status --json >"$live_dir/$node.json"
	done
	read -r ckn _ start < <(keychain_future a)
	used="$(lab_key a) $(lab_key b)"
	tap_is "... neither uses it" "$used" "$before $before"
	told_start a "$start"
	told_start b "$start"
	tap_ok "... both use it at its start" wait_for 20 keychain_rolled "$ckn"
	at=$(date +%s)
	tap_ok "... not before" test "$at" -ge "$start"
	tap_ok "... and at most a second later" test "$at" -le $((start + 1))
	tap_ok "... CONFIRMED follows" wait_for 5 nodes_confirmed "$1"
	tap_ok "... the older key is retired" wait_for 5 keychain_holds 1
	tap_is "... the history of the master" "$(events a "$1")" \
		"proposed ready member-ready committed applied live confirmed"
	tap_is "... and of the slave" "$(events b "$1")" "proposed ready committed applied live confirmed"
}

# A generation's events; who is ready first is anybody's guess.
events() { # NODE GENERATION
	lab_ctl "$1" history --json | jq -r --argjson generation "$2" '[.events | reverse[] |
		select(.generation == $generation).event] | join(" ")' |
		sed 's/member-ready ready/ready member-ready/'
}

rotate_and_look 1
rotate_and_look 2

# ---- three at a time -------------------------------------------------------------------------

restart() { # LINE...
	lab_stop a
	lab_stop b
	keychain_configure 4 "$@" && nodes_start
}

restart "batch: 3" "spacing: 2s" || exit 1
lab_ctl a rekey >/dev/null
tap_ok "both routers hold a batch of three" wait_for 10 keychain_waits 3
mapfile -t batch < <(keychain_future a)
read -r _ _ first <<<"${batch[0]}"
tap_is "... that start 2 s after each other" "$(keychain_future b | cut -d ' ' -f 3 | xargs)" \
	"$first $((first + 2)) $((first + 4))"
wait_for 2 both_applied
tap_is "... status has all three keys, with their starts" \
	"$(lab_ctl b status | grep -c '^    waits to use generation 3, from ')" 3
tap_ok "... CONFIRMED when the first is in use" wait_for 20 nodes_confirmed 3
lab_kill a
lab_kill b
tap_is "... when both daemons are killed, two keys wait" "$(keychain_future a | wc -l)" 2
for key in "${batch[@]:1}"; do
	tap_ok "... the next key is used by both, without a daemon" wait_for 20 keychain_rolled "${key%% *}"
	tap_ok "... in time" test "$(date +%s)" -le $((${key##* } + 1))
done
nodes_start
tap_ok "... the daemons come back to what they left" wait_for 5 nodes_confirmed 3
commits=$(lab_router a .commits)
tap_is "... status names the key in use" \
	"$(lab_ctl a status | grep -c '^    uses        generation 3, from ')" 1
lab_ctl a rekey >/dev/null
tap_ok "... and go on" wait_for 10 keychain_waits 3
tap_is "... with one commit" "$(($(lab_router a .commits) - commits))" 1
tap_ok "... the next batch begins" wait_for 20 nodes_confirmed 4

# ---- clocks ----------------------------------------------------------------------------------

clock() { # NODE SECONDS
	"$BUILD/routersim" clock --state "$live_dir/$1/router" "$2"
}

# A session on the router's console.
set_zone() { # NODE ZONE
	printf '%s' "<hello><capabilities/></hello>]]>]]>" \
		"<rpc><load-configuration action=\"set\" format=\"text\"><configuration-set>" \
		"set system time-zone $2</configuration-set></load-configuration></rpc>]]>]]>" \
		"<rpc><commit-configuration/></rpc>]]>]]>" |
		"$BUILD/routersim" --state "$live_dir/$1/router" >/dev/null
}

problem() { # NODE PATTERN
	lab_status "$1" '.problems[]' | grep -Eq -e "$2"
}

keys_of_all() {
	lab_router a '.chain[] | "\(.key.ckn) \(.start)"'
	lab_router b '.chain[] | "\(.key.ckn) \(.start)"'
}

restart || exit 1
tap_is "after a batch, one key alone follows the last of it" \
	"$(lab_ctl a rekey --wait --timeout 20 >/dev/null; echo $?)" 0
tap_ok "... at both" wait_for 5 keychain_holds 1
before=$(keys_of_all)

# Ahead, for a router whose clock goes back behind the start of its key has none at all. Something is
# always wrong until all is well again; one request waits for that.
clock a 60
tap_ok "a clock that is wrong is named before a key is due" \
	wait_for 10 problem a 'device-clock: the device.s clock is (59|60) s ahead of this host.s'
lab_ctl a rekey >/dev/null
tap_ok "... keeps the master from asking for one" \
	wait_for 5 problem a '^a new key is due and cannot be made: device-clock: the device.s clock'
tap_ok "... and is named at the slave" wait_for 5 problem b 'mx304-11.*device-clock'

clock b 90
tap_ok "the slave's clock is wrong" wait_for 10 problem b 'clock is (89|90) s ahead of this host'
clock a 0
tap_ok "... is named at the master" wait_for 10 problem a 'mx304-12.*device-clock'

set_zone a EST5
tap_ok "a router that is not in UTC is named" wait_for 10 problem a 'time-zone is EST, not UTC'
clock b 0
tap_ok "... refuses the key" wait_for 10 problem a 'failed here.*EST, not UTC: set system time-zone UTC'
tap_ok "... which is named at the slave" \
	wait_for 5 problem b 'failed at mx304-11: device-not-configured'

set_zone b EST5
tap_ok "the slave's router is not in UTC" wait_for 10 problem b 'time-zone is EST, not UTC'
set_zone a UTC
tap_ok "... refuses the key" wait_for 10 problem b 'failed here.*EST, not UTC: set system time-zone UTC'
tap_ok "... which is named at the master" \
	wait_for 5 problem a 'failed at mx304-12: device-not-configured'
tap_is "all the while no router's keys have changed" "$(keys_of_all)" "$before"

at=$(nodes_generation)
set_zone b UTC
tap_ok "when all is well again, the key that was asked for is made" \
	wait_for 15 nodes_confirmed $((at + 1))
tap_ok "... and used by both" nodes_agree
tap_is "... and nothing is wrong" "$(lab_status a '.problems[]')$(lab_status b '.problems[]')" ""
tap_is "no link ever was without a key" "$(keychain_gaps)" ""
tap_done
