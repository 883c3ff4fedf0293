# Nodes whose routers use a key-chain: each key starts at its own time, by the routers' clocks, at
# all of them at once. To be sourced first of all; what nodes.sh needs is set here, but for nodes,
# lab_sae and node_links.
#
#   keychain_make LEAD [LINE...]  the laboratory, with start-lead LEAD in seconds and more lines of
#                         the associations; the links are watched from then on
#   keychain_configure LEAD [LINE...]    other ones, for daemons that are started after it
#   keychain_future NODE  "CKN START" of each of its router's keys that wait, the next one first
#   keychain_waits N      do all routers have the same N keys waiting, and none of them in use?
#   keychain_next_start   of the first key that waits in the master's router
#   keychain_rolled CKN   do all routers use this key, on all links?
#   keychain_holds N      do all routers hold N keys, whether they wait or not?
#   keychain_gaps         what the watch has seen of links without a key; nothing if all is well
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/nodes.sh" || exit 1

lab_router_options=(--key-chain KC)

keychain_lines() { # LEAD LINE...
	lab_more="key-chain: KC
start-lead: $1s
clock-tolerance: 2s"
	shift
	[ $# -eq 0 ] || lab_more+=$'\n'$(printf '%s\n' "$@")
}

keychain_configure() { # LEAD LINE...
	local node

	keychain_lines "$@"
	for node in "${nodes[@]}"; do
		lab_write_config "$node" || return
	done
}

# Every look at the routers that finds a link without a key leaves a line.
keychain_watch() {
	local node

	while :; do
		nodes_secured || {
			date -u +%T.%N
			for node in "${nodes[@]}"; do
				lab_router "$node" "tojson"
			done
		}
		sleep 0.1
	done
}

keychain_make() { # LEAD LINE...
	keychain_lines "$@"
	nodes_make && live_start watch keychain_watch
}

keychain_gaps() {
	cat "$live_dir/watch.out" "$live_dir/watch.err"
}

keychain_future() { # NODE
	lab_router "$1" '[.chain[] | select(.turn == "future")] | sort_by(.start)[] |
		"\(.key.ckn) \(.key.cak_fingerprint) \(.start)"'
}

keychain_waits() { # N
	local node first

	first=$(keychain_future "${nodes[0]}")
	[ "$(grep -c . <<<"$first")" -eq "$1" ] || return
	for node in "${nodes[@]:1}"; do
		[ "$(keychain_future "$node")" = "$first" ] || return
	done
}

keychain_holds() { # N
	nodes_routers "all(.[]; .chain | length == $1)"
}

keychain_next_start() {
	keychain_future "${nodes[0]}" | head -n 1 | cut -d ' ' -f 3
}

keychain_rolled() { # CKN
	nodes_agree && [ "$(lab_router "${nodes[0]}" .committed.ckn)" = "$1" ]
}
