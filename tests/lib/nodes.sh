# tools/demo/lab.sh for more than two: any number of nodes, each a namespace with a keyidd, a KME
# and a router. To be sourced first of all. What the script sets before nodes_make:
#
#   nodes=(a b ...)       the master first
#   lab_sae[NODE]         its SAE; its KME is KME-NODE
#   node_links[NODE]      a line for each link: INTERFACE NAME up|down NODE..., those heard there
#   nodes_chain           sets node_links: a chain in the order of nodes, with interfaces "up" and
#                         "down"; the links are called odd and even in turn
# and what lab.sh lets it set for all ends.
#
#   nodes_wire NAME NODE:INTERFACE...   a wire that joins these, and more if called again: a bridge
#                         in the namespace "wires" that forwards everything
#   nodes_patch NAME NAME               joins two wires; nodes_unpatch NAME NAME parts them
#   nodes_loss PERCENT    from now on each frame is lost with this probability on its way into a wire
#   nodes_lost            how many were
#
#   nodes_make            namespaces, KMEs, routers, configurations; after the wires
#   nodes_start           all daemons
#   nodes_agree           do all routers hold one key, and use it on every interface?
#   nodes_secured         does every interface of every router use some key that the router holds?
#   nodes_confirmed N     has every node confirmed generation N or a later one, all the same one?
#   nodes_generation      the last one that the master has confirmed
#   nodes_settle N        asks for rotations until all have confirmed one generation, N or later, and
#                         the routers agree; fails after 20 s, with everybody's state and log
#   nodes_crash NODE MS   asks for a rotation, kills the node after so long, starts it, and tests
#                         that they settle with a new key
#
# The ENDs of lab.sh are the NODEs here. A router has an interface et-0/0/N for its Nth neighbour, in
# the order of node_links.
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/demo/lab.sh" || exit 1

declare -n nodes=lab_ends
declare -A node_links

# ---- wires -----------------------------------------------------------------------------------

# Bridges keep 01-80-C2-00-00-0E to themselves unless bit 14 of group_fwd_mask is set.
nodes_wire() { # NAME NODE:INTERFACE...
	local name=$1 end

	shift
	ip netns add wires 2>/dev/null
	if ! ip -n wires link show "$name" >/dev/null 2>&1; then
		ip -n wires link add "$name" type bridge group_fwd_mask 0x4000 &&
			ip -n wires link set dev "$name" up || return
	fi
	for end; do
		ip netns add "${end%:*}" 2>/dev/null && ip -n "${end%:*}" link set lo up
		ip -n wires link add "${end/:/-}" type veth peer name "${end#*:}" netns "${end%:*}" &&
			ip -n "${end%:*}" link set dev "${end#*:}" up &&
			ip -n wires link set dev "${end/:/-}" master "$name" up || return
	done
}

nodes_patch() { # NAME NAME
	ip -n wires link add "patch-$1" type veth peer name "patch-$2" &&
		ip -n wires link set dev "patch-$1" up master "$1" &&
		ip -n wires link set dev "patch-$2" up master "$2"
}

nodes_unpatch() { # NAME NAME
	ip -n wires link del dev "patch-$1"
}

# At the bridges, because a packet socket hears what netfilter drops at its own interface.
nodes_loss() { # PERCENT
	local port

	{
		echo 'add table netdev loss; delete table netdev loss; add table netdev loss;'
		echo 'add counter netdev loss lost;'
		for port in $(ip -n wires -json link show type veth | jq -r '.[].ifname'); do
			echo "add chain netdev loss $port {
				type filter hook ingress device \"$port\" priority 0; };
			add rule netdev loss $port numgen random mod 100 < $1 counter name lost drop;"
		done
	} | ip netns exec wires nft -f -
}

nodes_lost() {
	ip netns exec wires nft -j list counter netdev loss lost |
		jq '.nftables[] | .counter // empty | .packets'
}

nodes_chain() {
	local names=(odd even) i

	for ((i = 0; i < ${#nodes[@]}; i++)); do
		node_links[${nodes[i]}]=
		if [ "$i" -gt 0 ]; then
			node_links[${nodes[i]}]+="up ${names[(i + 1) % 2]} up ${nodes[i - 1]}"$'\n'
		fi
		if [ "$i" -lt $((${#nodes[@]} - 1)) ]; then
			node_links[${nodes[i]}]+="down ${names[i % 2]} down ${nodes[i + 1]}"$'\n'
			nodes_wire "wire-$i" "${nodes[i]}:down" "${nodes[i + 1]}:up" || return
		fi
	done
}

# ---- making it -------------------------------------------------------------------------------

# The wires are there already.
lab_make_network() {
	local node

	for node in "${nodes[@]}"; do
		lab_kme_id[$node]=KME-$node
	done
}

lab_links() { # NODE
	local interface name direction heard

	while read -r interface name direction heard; do
		[ -n "$interface" ] || continue
		# shellcheck disable=SC2086
		cat <<-EOT
			- interface: $interface
			  name: $name
			  direction: $direction
			  neighbours: [$(lab_saes $heard)]
		EOT
	done <<<"${node_links[$1]}"
}

lab_router_interfaces() { # NODE
	local interface name direction heard node count=0

	while read -r interface name direction heard; do
		for node in $heard; do
			echo "et-0/0/$((count++)) $node"
		done
	done <<<"${node_links[$1]}"
}

nodes_make() {
	lab_make
}

# ---- running ---------------------------------------------------------------------------------

nodes_start() {
	local node

	for node in "${nodes[@]}"; do
		lab_start "$node" || return
	done
}

nodes_routers() { # JQ, of the list of all routers
	local node

	for node in "${nodes[@]}"; do
		"$BUILD/routersim" show --state "$live_dir/$node/router" --json
	done | jq -s -e "$1" >/dev/null
}

nodes_agree() {
	nodes_routers 'all(.[].interfaces[]; .mka == "primary live") and
		(map(.committed) | unique | length) == 1'
}

nodes_secured() {
	nodes_routers 'all(.[].interfaces[]; .mka != "not secured")'
}

nodes_generation() {
	lab_status "${nodes[0]}" 'select(.decision == "confirmed") | .generation' 2>/dev/null
}

nodes_confirmed() { # GENERATION
	local node at first=

	for node in "${nodes[@]}"; do
		at=$(lab_status "$node" 'select(.state == "confirmed") | .generation' 2>/dev/null)
		[ -n "$at" ] && [ "$at" -ge "$1" ] && [ "$at" = "${first:=$at}" ] || return
	done
}

nodes_settled() { # GENERATION
	nodes_confirmed "$1" && nodes_agree
}

# A master that was killed has forgotten that somebody asked it.
nodes_settled_or_asked() { # GENERATION
	nodes_settled "$1" && return
	[ "$(nodes_generation)" -ge "$1" ] 2>/dev/null ||
		lab_ctl "${nodes[0]}" rekey --wait --timeout 5
	return 1
}

nodes_describe() {
	local node

	for node in "${nodes[@]}"; do
		lab_status "$node" '"'"$node"', \(.sae): generation \(.generation) \(.state): " +
			"\(.detail)", (.problems[] | "  ! " + .)'
		lab_router "$node" '"  router: " + .committed.ckn[32:] + ", " +
			([.interfaces[].mka] | join(", "))'
		tail -n 12 "$live_dir/$node/keyidd.log" | sed 's/^/  | /'
	done 2>&1
}

nodes_settle() { # GENERATION
	wait_for 20 nodes_settled_or_asked "$1" >"$live_dir/said" 2>&1 && return
	cat "$live_dir/said"
	nodes_describe
	return 1
}

nodes_crash() { # NODE MS
	local generation=$(($(nodes_generation) + 1)) begun=${EPOCHREALTIME/./}

	lab_ctl "${nodes[0]}" rekey >/dev/null
	sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
	lab_kill "$1"
	lab_start "$1"
	tap_ok "$1 killed after $2 ms of generation $generation: all routers have one new key" \
		nodes_settle "$generation"
	echo "# $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
}
