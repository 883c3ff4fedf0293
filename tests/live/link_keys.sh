#!/bin/bash
# A chain of three whose two links have channel keys of their own. One link's key is rolled over by
# SIGHUP, one end after the other, while keys are rotated; the other link does not notice. Who has the
# key of one link is not heard on the other. Prints TAP.
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "$0")/../lib/nodes.sh" || exit 1

nodes=(a b c)
lab_sae=([a]=mx304-11 [b]=mx304-12 [c]=mx10008-23)
declare -A link_keys # [NODE.LINK]: names of key files, LINK-NUMBER

# The configuration of nodes.sh, with the keys of each link in place of the association's.
write_config() { # NODE
	local link key list yaml=$live_dir/$1/keyidd.yaml

	lab_write_config "$1"
	sed -i '/^    channel-keys:/,+2d' "$yaml"
	for link in odd even; do
		list=
		for key in ${link_keys[$1.$link]-}; do
			list+="${list:+, }{ number: ${key#*-}, file: $live_dir/$key.key }"
		done
		sed -i "s|^        name: $link\$|&\n        channel-keys: [$list]|" "$yaml"
	done
}

use_keys() { # NODE LINK KEY...
	link_keys[$1.$2]="${*:3}"
	write_config "$1"
	lab_mark "$1"
	kill -HUP "${lab_pid[$1]}"
	wait_for 10 lab_said "$1" "config: .*reloaded"
}

# NODE LINK VERDICT...: how many messages had one of these
count() {
	lab_ctl "$1" counters --json | jq --arg link "$2" '[.links[] | select(.link == $link) |
		.received[$ARGS.positional[]]] | add' --args "${@:3}"
}

refused() {
	local node link sum=0

	for node in "${nodes[@]}"; do
		for link in odd even; do
			[ -z "${link_keys[$node.$link]-}" ] || sum=$((sum + $(count "$node" "$link" bad-icv \
				unknown-channel-key)))
		done
	done
	echo $sum
}

stations() {
	local node

	for node in "${nodes[@]}"; do
		lab_ctl "$node" neighbours --json | jq -r '[.links[].member] | join(" ")'
	done
}

rotates() { # TEXT
	tap_ok "$1: a rotation" lab_ctl a rekey --wait --timeout 20
	tap_ok "... gives all a new key" nodes_settle "$(nodes_generation)"
}

{ nodes_chain && nodes_make; } || exit 1
for key in odd-1 odd-2 even-1; do
	openssl rand -hex 32 >"$live_dir/$key.key"
done
link_keys=([a.odd]=odd-1 [b.odd]=odd-1 [b.even]=even-1 [c.even]=even-1)
for node in "${nodes[@]}"; do
	write_config "$node"
done
nodes_start || exit 1
tap_ok "each link has a key of its own: all have one key" nodes_settle 1
before=$(stations)
rotates "as it is"

# ---- one link is rolled over -----------------------------------------------------------------

tap_ok "b gets a second key for the link to a" use_keys b odd odd-1 odd-2
rotates "one end has two"
tap_ok "a gets it too" use_keys a odd odd-1 odd-2
rotates "both have two"
tap_ok "b gives up the first one" use_keys b odd odd-2
rotates "one end has the new one alone"
tap_ok "so does a" use_keys a odd odd-2
rotates "both have the new one alone"
tap_is "no message was refused on any link" "$(refused)" 0
tap_is "every station has gone on through all that" "$(stations)" "$before"

# ---- a key is for one link -------------------------------------------------------------------

cp "$live_dir/odd-2.key" "$live_dir/even-2.key"
at=$(nodes_generation)
tap_ok "c has the key of the other link, under a number of its own link" use_keys c even even-2
unheard() {
	[ "$(lab_ctl a status --json | jq -r '.associations[0].members[] |
		select(.sae == "mx10008-23") | .state')" = silent ]
}
tap_ok "it is not heard any more" wait_for 10 unheard
tap_ok "... its messages are refused and counted" test "$(count b even unknown-channel-key)" -gt 0
tap_ok "... no rotation begins without it" eval '! lab_ctl a rekey --wait --timeout 5 >"$live_dir/said" 2>&1'
tap_ok "... which names it" grep -q 'member-silent (mx10008-23)' "$live_dir/said"
mv "$live_dir/odd-2.key" "$live_dir/even-1.key.other"
tap_ok "under the number in use" eval 'cp "$live_dir/even-1.key" "$live_dir/kept" &&
	cp "$live_dir/even-1.key.other" "$live_dir/even-1.key" && use_keys c even even-1'
forged() {
	[ "$(count b even bad-icv)" -gt 0 ]
}
tap_ok "... they are refused as well" wait_for 5 forged
tap_is "... and nothing has changed" "$(nodes_generation)" "$at"
cp "$live_dir/kept" "$live_dir/even-1.key"
tap_ok "with its own key again" use_keys c even even-1
tap_ok "... all get the key that was asked for" nodes_settle $((at + 1))
tap_done
