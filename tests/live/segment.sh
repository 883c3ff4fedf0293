#!/bin/bash
# A shared segment: a master and two slaves hear one another on one bridge. A slave is killed in each
# rotation, and started again; all routers have one key after each. What routersim knows of MKA is
# pairs of routers, so each has an interface for every other. Prints TAP; SEED=N repeats whom it
# kills, and when.
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "$0")/../lib/nodes.sh" || exit 1

rotations=6
: "${SEED:=$((RANDOM * 32768 + RANDOM))}"
RANDOM=$SEED
echo "# SEED=$SEED"

nodes=(a b c)
lab_sae=([a]=mx304-11 [b]=mx304-12 [c]=mx10008-23)
node_links=([a]="lan span-1 down b c" [b]="lan span-1 up a c" [c]="lan span-1 up a b")
{ nodes_wire segment a:lan b:lan c:lan && nodes_make; } || exit 1

# ---- said to be what it is -------------------------------------------------------------------

for node in "${nodes[@]}"; do
	tap_ok "$node: three stations with static keys are refused" test "$("$BUILD/keyidd" --check \
		--config "$live_dir/$node/keyidd.yaml" 2>"$live_dir/said"; echo $?)" -ne 0
	tap_ok "... unless the interruption is accepted" grep -q \
		'3 stations share.*accept-interrupting-segment: true' "$live_dir/said"
done
lab_more="accept-interrupting-segment: true"
for node in "${nodes[@]}"; do
	lab_write_config "$node"
	tap_ok "$node: --check accepts it then" \
		"$BUILD/keyidd" --check --config "$live_dir/$node/keyidd.yaml"
done

# ---- rotations -------------------------------------------------------------------------------

problems() {
	for node in "${nodes[@]}"; do
		lab_status "$node" '.problems[]'
	done
}

no_problems() {
	[ -z "$(problems)" ]
}

nothing_wrong() {
	wait_for 10 no_problems || {
		problems
		return 1
	}
}

nodes_start || exit 1
tap_ok "three rotate" nodes_settle 1
for node in b c; do
	tap_ok "a rotation that $node asks for" lab_ctl $node rekey --wait --timeout 20
	tap_ok "... gives all a new key" nodes_settle "$(nodes_generation)"
done
tap_ok "nothing is wrong anywhere" nothing_wrong
tap_is "everybody hears the two others" "$(for node in "${nodes[@]}"; do
	lab_ctl "$node" neighbours --json | jq '[.links[].stations[] | select(.state == "live")] | length'
done | xargs)" "2 2 2"
for ((i = 1; i <= rotations; i++)); do
	slaves=(b c)
	nodes_crash "${slaves[RANDOM % 2]}" $((RANDOM % 300))
done

# ---- one that fails --------------------------------------------------------------------------

key=$(lab_key a)
lab_kme fault mx10008-23/dec_keys status 503
tap_ok "a rotation fails when one slave's KME does" \
	test "$(lab_ctl a rekey --wait --timeout 20 >"$live_dir/said" 2>&1; echo $?)" -ne 0
tap_ok "... rekey --wait names its SAE and the reason" \
	grep -q 'mx10008-23.*kme-unavailable\|kme-unavailable.*mx10008-23' "$live_dir/said"
tap_is "... the key of before stays in use" "$(lab_key a)" "$key"
tap_ok "... by all" nodes_agree
lab_clear
tap_ok "a rotation works when it is mended" nodes_settle $(($(nodes_generation) + 1))

# ---- one that is away ------------------------------------------------------------------------

lab_kill b
says_silent() {
	lab_status a '.problems[]' | grep -q 'mx304-12 has been silent'
}
tap_ok "the master says which slave is away" wait_for 10 says_silent
key=$(lab_key a)
lab_ctl a rekey >/dev/null
held() {
	[ "$(lab_status a '"\(.state) \(.hold.reason) \(.hold.sae)"')" = "held member-silent mx304-12" ]
}
tap_ok "... holds the rotation" wait_for 10 held
tap_is "... and keeps the key" "$(lab_key a)" "$key"
generation=$(nodes_generation)
lab_start b
tap_ok "it goes on by itself when the slave is back" nodes_settle $((generation + 1))
tap_ok "nothing is wrong anywhere" nothing_wrong
tap_done
