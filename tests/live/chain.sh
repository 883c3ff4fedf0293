#!/bin/bash
# A chain of four: a master and three slaves, two of them relays, each in its namespace with a KME
# and a router. A fifth of all frames is lost on every link, either way, and in each of twenty
# rotations one node is killed at a moment that nobody chose, and started again. All routers have
# one key after each. Prints TAP; SEED=N repeats whom it kills, and when.
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "$0")/../lib/nodes.sh" || exit 1

rotations=20
loss_percent=20
: "${SEED:=$((RANDOM * 32768 + RANDOM))}"
RANDOM=$SEED
echo "# SEED=$SEED"

nodes=(a b c d)
lab_sae=([a]=mx304-11 [b]=mx304-12 [c]=mx10008-23 [d]=mx10008-24)
lab_times=${lab_times/heartbeat: 200ms/heartbeat: 500ms}
{ nodes_chain && nodes_make; } || exit 1

confirmed_at_master() {
	lab_status a 'select(.decision == "confirmed") | .generation' 2>/dev/null
}

# Every look at the routers that finds a link without a key leaves a line.
watch_links() {
	while :; do
		nodes_secured || echo "not secured: $(nodes_describe 0)"
		sleep 0.1
	done
}

sent() {
	local node total=0

	for node in "${nodes[@]}"; do
		total=$((total + $(lab_ctl "$node" counters --json | jq '[.links[].sent] | add')))
	done
	echo "$total"
}

# A master that was killed has forgotten that somebody asked it.
ask_until_settled() { # GENERATION
	nodes_settled "$1" && return
	[ "$(confirmed_at_master)" -ge "$1" ] 2>/dev/null || lab_ctl a rekey --wait --timeout 5
	return 1
}

settles() { # GENERATION
	wait_for 20 ask_until_settled "$1" >"$live_dir/said" 2>&1 && return
	cat "$live_dir/said"
	nodes_describe
	return 1
}

rotate() { # VICTIM MS
	local generation=$(($(confirmed_at_master) + 1)) begun=${EPOCHREALTIME/./}

	lab_ctl a rekey >/dev/null
	sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
	lab_kill "$1"
	lab_start "$1"
	tap_ok "$1 killed after $2 ms of generation $generation: all routers have one key" \
		settles "$generation"
	echo "# $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
}

nodes_loss $loss_percent || exit 1
live_start watch watch_links
nodes_start || exit 1
tap_ok "four nodes rotate" settles 1

begun=${EPOCHREALTIME/./}
lab_ctl a rekey --wait --timeout 20 >/dev/null
usual_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
[ "$usual_ms" -le 3000 ] || usual_ms=3000
frames=$(sent)
lost=$(nodes_lost)
echo "# an undisturbed rotation: $usual_ms ms; $lost of $frames frames lost"
tap_ok "a fifth of the frames is lost" test "$frames" -gt 50 -a "$((lost * 100))" -gt "$((frames * 10))"

for ((i = 1; i <= rotations; i++)); do
	rotate "${nodes[RANDOM % 4]}" $((RANDOM % usual_ms))
done
tap_is "no link between two routers ever was without a key" "$(cat "$live_dir/watch.out")" ""
tap_done
