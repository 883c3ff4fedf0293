#!/bin/bash
# What an association costs: COUNT of them (500) between two daemons over one veth pair, with devices
# that need no router, and one kmesim. `associations.sh [COUNT]`; judges nothing. Needs root.
# shellcheck source=tests/lib/associations.sh
source "$(dirname "$0")/../lib/associations.sh" || exit 1

count=${1:-500}
rekeys=3
idle_s=10
hertz=$(getconf CLK_TCK)

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

wait_for_all() { # COUNT GENERATION
	associations_wait 120 "$1" "$2" && return
	echo "only $(associations_confirmed "$2") of $1 have confirmed generation $2" >&2
	exit 1
}

# Of both daemons together.
both() { # WHAT
	echo $(($("associations_$1" master) + $("associations_$1" slave)))
}

kmesim_ticks() {
	sed 's/.*) //' "/proc/$lab_kme_pid/stat" | awk '{ print $12 + $13 }'
}

sent() {
	local end total=0

	for end in master slave; do
		total=$((total + $(lab_ctl "$end" counters --json | jq '[.links[].sent] | add')))
	done
	echo "$total"
}

# KIB: of two daemons, as octets of one and association
each() {
	echo "$(($1 * 1024 / 2 / count)) octets"
}

# TICKS: for each rotation
for_each() {
	awk -v s="$(($1))" -v n=$((rekeys * count)) -v hertz="$hertz" \
		'BEGIN { printf "%.2f ms", s * 1000 / hertz / n }'
}

associations_make
associations_start 1 || exit 1
wait_for_all 1 1
rss_of_one=$(both rss)
lab_stop master
lab_stop slave
rm -f "$live_dir"/{master,slave}/keyidd.db*

associations_write_configs "$count"
begun=$(now_ms)
{ lab_start slave && lab_start master; } || exit 1
started=$(now_ms)
wait_for_all "$count" 1
echo "$count associations, two daemons and one kmesim on $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg)"
echo "  both started within $((started - begun)) ms, all confirmed $(($(now_ms) - started)) ms later"
rss=$(both rss)
echo "  memory of a daemon for each: $(each $((rss - rss_of_one))) more than with one alone"

# Twice, for what the first one needs more is kept, and what the second one does would be lost.
for round in "$rekeys rekeys of all" "$rekeys more"; do
	rss=$(both rss)
	ticks=$(both ticks)
	kmesim=$(kmesim_ticks)
	messages=$(sent)
	dropped=$(both dropped)
	begun=$(now_ms)
	generation=$(lab_status master .generation)
	for ((i = 1; i <= rekeys; i++)); do
		lab_ctl master rekey --wait >/dev/null 2>&1 # some may be held for a moment
		wait_for_all "$count" $((generation + i))
	done
	echo "  $round: $((($(now_ms) - begun) / rekeys)) ms each"
	echo "    processor time for each rotation: $(for_each "$(both ticks) - ticks") at both ends" \
		"together, $(for_each "$(kmesim_ticks) - kmesim") of kmesim"
	echo "    messages for each rotation: $((($(sent) - messages) / rekeys / count)), of them" \
		"$((($(both dropped) - dropped) / rekeys / count)) dropped for want of room"
	echo "    memory of a daemon for each: $(each $(($(both rss) - rss))) more"
done

ticks=$(both ticks)
sleep $idle_s
echo "  processor share of a daemon at rest: $(awk -v ticks=$(($(both ticks) - ticks)) \
	-v hertz="$hertz" -v s=$idle_s 'BEGIN { printf "%.2f %%", 100 * ticks / 2 / hertz / s }')"
