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

# Every look at the routers that finds a link without a key leaves a line.
watch_links() {
	while :; do
		nodes_secured || echo "$(lab_router a .) $(lab_router b .) $(lab_router c .) $(lab_router d .)"
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

nodes_loss $loss_percent || exit 1
live_start watch watch_links
nodes_start || exit 1
tap_ok "four nodes rotate" nodes_settle 1

begun=${EPOCHREALTIME/./}
lab_ctl a rekey --wait --timeout 20 >/dev/null
usual_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
[ "$usual_ms" -le 3000 ] || usual_ms=3000
frames=$(sent)
lost=$(nodes_lost)
echo "# an undisturbed rotation: $usual_ms ms; $lost of $frames frames lost"
tap_ok "a fifth of the frames is lost" test "$frames" -gt 50 -a "$((lost * 100))" -gt "$((frames * 10))"

for ((i = 1; i <= rotations; i++)); do
	nodes_crash "${nodes[RANDOM % 4]}" $((RANDOM % usual_ms))
done
tap_is "no link between two routers ever was without a key" "$(cat "$live_dir/watch.out")" ""
tap_done
