# tools/demo/lab.sh for more than two: any number of nodes, each a namespace with a keyidd, a KME
# and a router. To be sourced first of all. What the script sets before nodes_make:
#
#   nodes=(a b ...)       the master first
#   lab_sae[NODE]         its SAE; its KME is KME-NODE
#   node_links[NODE]      a line for each link: INTERFACE NAME up|down NODE..., those heard there
#   nodes_more            YAML lines for each association, after 4 blanks
#   nodes_router          more options of routersim init, for each router
#   nodes_chain           sets node_links: a chain in the order of nodes, with interfaces "up" and
#                         "down"; the links are called odd and even in turn
# and what lab.sh lets it set for both ends.
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
#   nodes_generation      the last one that the master has confirmed
#   nodes_settle N        asks for rotations until all have confirmed one generation, N or later, and
#                         the routers agree; fails after 20 s, with everybody's state and log
#   nodes_crash NODE MS   asks for a rotation, kills the node after so long, starts it, and tests
#                         that they settle with a new key
#
# The functions of lab.sh that take an END take a NODE here. A router has an interface et-0/0/N for
# its Nth neighbour, in the order of node_links.
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/demo/lab.sh" || exit 1

nodes=()
nodes_more=
nodes_router=()
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

# The SAEs of nodes, with commas.
node_saes() { # NODE...
	local node list=

	for node; do
		list+="${list:+, }${lab_sae[$node]}"
	done
	echo "$list"
}

# Whose routers this node's router is connected to.
node_neighbours() { # NODE
	local interface name direction heard

	while read -r interface name direction heard; do
		[ -z "$heard" ] || printf '%s\n' $heard
	done <<<"${node_links[$1]}"
}

# The router's interfaces, with commas.
node_router_interfaces() { # NODE
	node_neighbours "$1" | sed 's|.*|et-0/0/|' | nl -v 0 -w 1 -s ' ' |
		sed 's|\(.*\) \(.*\)|\2\1|' | paste -sd , | sed 's/,/, /g'
}

node_links_yaml() { # NODE
	local interface name direction heard

	while read -r interface name direction heard; do
		[ -n "$interface" ] || continue
		# shellcheck disable=SC2086
		cat <<-EOT
			      - interface: $interface
			        name: $name
			        direction: $direction
			        neighbours: [$(node_saes $heard)]
		EOT
	done <<<"${node_links[$1]}"
}

lab_write_config() { # NODE
	local dir=$live_dir/$1 sae=${lab_sae[$1]} master=${nodes[0]}

	cat >"$dir/keyidd.yaml" <<-EOT
		daemon:
		  state: $dir/keyidd.db
		  state-key: $dir/state.key
		  control-socket: $dir/control.sock
		  log-level: $lab_log_level

		transport:
		  oui: "00:00:5e"        # for documentation and tests: RFC 9542
		  protocol-id: 0x0042

		kmes:
		  - name: ${lab_kme_id[$1]}
		    url: https://127.0.0.1:443
		    kme-id: ${lab_kme_id[$1]}
		    ca: $live_dir/pki/ca.pem
		    certificate: $live_dir/pki/$sae.pem
		    private-key: $live_dir/pki/$sae.key
		    connect-timeout: 2s
		    timeout: 5s

		devices:
		  - name: $sae
		    type: junos
		    host: 127.0.0.1
		    port: 830
		    user: $(<"$dir/router/ssh/user")
		    private-key: $dir/router/ssh/client_key
		    known-hosts: $dir/router/ssh/known_hosts
		    timeout: 5s
		    lock-wait: 1s

		associations:
		  - name: span-1
		    sae: $sae
		    $(if [ "$1" = "$master" ]; then
			    echo "role: master"
			    echo "    members: [$(node_saes "${nodes[@]:1}")]"
		    else
			    echo "role: slave"
			    echo "    master: ${lab_sae[$master]}"
		    fi)
		    kme: ${lab_kme_id[$1]}
		    device: $sae
		    connectivity-association: CA_basic
		    cipher-suite: gcm-aes-xpn-256
		    macsec-interfaces: [$(node_router_interfaces "$1")]
		    key-size: $lab_key_size
		    ckn: prefix
		    ckn-prefix: $lab_prefix
		    channel-keys:
		      - number: 1
		        file: $dir/channel.key
		    links:
		$(node_links_yaml "$1")
		$(printf '%s\n' "$lab_times" ${nodes_more:+"$nodes_more"} | sed 's/^/    /')
	EOT
}

nodes_make_keys() {
	local node options=()

	for node in "${nodes[@]}"; do
		lab_kme_id[$node]=KME-$node
		options+=(--kme "KME-$node" --sae "${lab_sae[$node]}")
	done
	tools/pki/make-pki.sh "$live_dir/pki" "${options[@]}" &&
		openssl rand -hex 32 >"$live_dir/channel.key" &&
		openssl rand -hex 32 >"$lab_first_key" || return
	for node in "${nodes[@]}"; do
		mkdir "$live_dir/$node" && cp "$live_dir/channel.key" "$live_dir/$node/" &&
			openssl rand -hex 32 >"$live_dir/$node/state.key" || return
	done
}

lab_start_kmes() {
	local node list=

	for node in "${nodes[@]}"; do
		list+="${list:+, }$(lab_kme_json "$node")"
	done
	cat >"$live_dir/kmesim.json" <<-EOT
		{ "control": "$live_dir/kmesim.sock", "ca_file": "$live_dir/pki/ca.pem",
		  "kmes": [ $list ] }
	EOT
	live_start kmesim "$BUILD/kmesim" serve --config "$live_dir/kmesim.json"
	lab_kme_pid=$live_pid
	wait_for 10 grep -qs '^ready$' "$live_dir/kmesim.out"
}

lab_make_router() { # NODE
	local neighbour options=()

	for neighbour in $(node_neighbours "$1"); do
		options+=(--interface "et-0/0/$((${#options[@]} / 4))"
			--peer "$live_dir/$neighbour/router")
	done
	"$BUILD/routersim" init --state "$live_dir/$1/router" --name "${lab_sae[$1]}" \
		--association CA_basic --suite gcm-aes-xpn-256 --mka-delay "$lab_mka_delay" \
		"${options[@]}" "${nodes_router[@]}" --ckn "$lab_first_ckn" --cak-file "$lab_first_key"
}

nodes_make_rest() {
	local node

	nodes_make_keys && lab_start_kmes || return
	for node in "${nodes[@]}"; do
		lab_make_router "$node" || return
	done
	for node in "${nodes[@]}"; do
		lab_start_router "$node" && lab_write_config "$node" || return
	done
}

nodes_make() {
	nodes_make_rest && return
	echo "the laboratory could not be set up:" >&2
	cat "$live_dir"/*.err >&2
	exit 1
}

lab_clear() {
	local node

	lab_kme clear
	for node in "${nodes[@]}"; do
		lab_clear_router "$node"
	done
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

nodes_settled() { # GENERATION
	local node at first=

	for node in "${nodes[@]}"; do
		at=$(lab_status "$node" 'select(.state == "confirmed") | .generation' 2>/dev/null)
		[ -n "$at" ] && [ "$at" -ge "$1" ] && [ "$at" = "${first:=$at}" ] || return
	done
	nodes_agree
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
