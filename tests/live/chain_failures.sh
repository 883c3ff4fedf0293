#!/bin/bash
# What goes wrong far down a chain of four is named at the master: a KME that fails, a cable that
# closes a loop, a second station with the SAE of a member. Prints TAP.
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "$0")/../lib/nodes.sh" || exit 1

nodes=(a b c d)
lab_sae=([a]=mx304-11 [b]=mx304-12 [c]=mx10008-23 [d]=mx10008-24)
{ nodes_chain && nodes_make && nodes_start; } || exit 1

says() { # NODE PATTERN
	lab_status "$1" '.problems[]' | grep -e "$2"
}

says_nothing() { # NODE
	[ -z "$(lab_status "$1" '.problems[]')" ]
}

no_problems_at_the_master() {
	wait_for 10 says_nothing a || says a .
}

rotates() {
	nodes_settle $(($(nodes_generation) + 1))
}

tap_ok "four nodes rotate" rotates
tap_ok "nothing is wrong at the master" no_problems_at_the_master

# ---- all members are named to the KME --------------------------------------------------------

# A KME gives a key only to who is named: by the path, or in additional_slave_SAE_IDs.
tap_is "every key was delivered to the master and to all three members" \
	"$(lab_kme delivered | sort -k 1,2 | awk '
		{ to[$1] = to[$1] $2 "/" $3 " " }
		END { for (id in to) print to[id] }' | sort -u)" \
	"mx10008-23/dec mx10008-24/dec mx304-11/enc mx304-12/dec "
tap_is "... asked for once" "$(lab_kme requests mx304-11 enc_keys)" "$(nodes_generation)"

# ---- a KME that fails ------------------------------------------------------------------------

key=$(lab_key a)
lab_kme fault mx10008-24/dec_keys status 503
tap_ok "a rotation fails when the KME of the last member does" \
	test "$(lab_ctl a rekey --wait --timeout 20 >"$live_dir/said" 2>&1; echo $?)" -ne 0
tap_ok "... rekey --wait names its SAE and the reason" \
	grep -q 'mx10008-24.*kme-unavailable\|kme-unavailable.*mx10008-24' "$live_dir/said"
named='failed at mx10008-24: kme-unavailable'
tap_ok "... the master's status says so" wait_for 10 eval \
	"lab_ctl a status span-1 | grep -q '^ *!.*$named'"
tap_ok "... and in JSON, of that member" wait_for 10 eval \
	"lab_status a '.members[] | select(.sae == \"mx10008-24\") | .failed.reason' |
		grep -q kme-unavailable"
tap_is "... of none but it" "$(lab_status a '[.members[] | select(.failed) | .sae] | join(" ")')" \
	mx10008-24
tap_is "... and the key of before stays in use" "$(lab_key a)" "$key"
tap_ok "... by all" nodes_agree
lab_clear
tap_ok "a rotation works when it is mended" rotates
tap_ok "nothing is wrong at the master" no_problems_at_the_master

# ---- a loop ----------------------------------------------------------------------------------

# For a while of quiet: messages a second, of all nodes.
messages_a_second() {
	local node before=0 after=0 begun=${EPOCHREALTIME/./}

	for node in "${nodes[@]}"; do
		before=$((before + $(lab_ctl "$node" counters --json | jq '[.links[].sent] | add')))
	done
	sleep 1
	for node in "${nodes[@]}"; do
		after=$((after + $(lab_ctl "$node" counters --json | jq '[.links[].sent] | add')))
	done
	echo $(((after - before) * 1000000 / (${EPOCHREALTIME/./} - begun)))
}

# The links between a and b and between c and d have one name: only so are their messages
# authentic on one another.
lab_mark c
usual=$(messages_a_second)
nodes_patch wire-0 wire-2
tap_ok "a cable too many, from a and b to c and d: c names the loop and its SAE" \
	wait_for 10 lab_said c 'loop (mx10008-23)'
tap_ok "... the master names it" wait_for 10 eval "says a 'mx10008-23.*loop' >/dev/null"
tap_ok "... and in JSON, of that member" wait_for 10 eval \
	"lab_status a '.members[] | select(.sae == \"mx10008-23\") | .device_reason' | grep -q loop"
tap_ok "... and rotations go on" rotates
looped=$(messages_a_second)
tap_ok "... no storm: $usual messages a second before it, $looped in it" \
	test "$looped" -le $((usual * 2))
tap_ok "... said once by c, or when it began anew" test \
	"$(tail -c "+$((lab_marked[c] + 1))" "$live_dir/c/keyidd.log" | grep -c 'loop (mx10008-23)')" -le 3
nodes_unpatch wire-0 wire-2
tap_ok "a rotation works without it" rotates
tap_ok "nothing is wrong at the master" no_problems_at_the_master

# ---- a second station with a member's SAE ----------------------------------------------------

# As if c's host had been cloned, without its router.
nodes_wire wire-1 clone:up
mkdir "$live_dir/clone"
cp "$live_dir"/c/*.key "$live_dir/clone/"
sed -e "s|$live_dir/c/|$live_dir/clone/|" -e '/- interface: down/,/neighbours/d' \
	-e '/^devices:/,/^associations:/c\devices:\n  - name: mx10008-23\n    type: dry-run\n\nassociations:' \
	-e '/connectivity-association:/d; /macsec-interfaces:/d' \
	"$live_dir/c/keyidd.yaml" >"$live_dir/clone/keyidd.yaml"

at=$(nodes_generation)
key=$(lab_key a)
lab_start clone || exit 1
named='mx10008-23.*duplicate-sae'
tap_ok "two stations with the SAE of c: the master names it" wait_for 10 eval \
	"says a '$named' >/dev/null"
lab_ctl a rekey >/dev/null
held() {
	[ "$(lab_status a '"\(.state) \(.hold.reason) \(.hold.sae)"')" = "held duplicate-sae mx10008-23" ]
}
tap_ok "... a rotation is held for it" wait_for 10 held
tap_ok "... rekey --wait says why" grep -q "$named\|duplicate-sae.*mx10008-23" \
	<(lab_ctl a rekey --wait --timeout 5 2>&1)
tap_is "... and the key of before stays" "$(nodes_generation) $(lab_key a)" "$at $key"
tap_ok "... in use by all" nodes_agree
lab_stop clone
tap_ok "it goes on by itself when the other one leaves" nodes_settle $((at + 1))
tap_ok "a rotation works after it" rotates
tap_ok "nothing is wrong at the master" no_problems_at_the_master
tap_done
