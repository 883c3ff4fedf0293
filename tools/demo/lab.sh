# A laboratory on one machine, to be sourced first of all by the demonstration and by live tests:
#
#      namespace "master"                                      namespace "slave"
#      keyidd, SAE mx304-11  eth1 ------- veth pair ------ eth1  keyidd, SAE mx304-12
#      KME-1     127.0.0.1:443         (one kmesim)              KME-2     127.0.0.1:443
#      router    127.0.0.1:830  et-0/0/9 -- MACsec -- et-0/0/9   router    127.0.0.1:830
#
# Each end's KME and router are on its management network, here its loopback. The script goes on in
# a mount namespace of its own, so that the network namespaces have their names to themselves and
# are gone with the last process, come what may. What the script may set before lab_make:
#
#   lab_log_level  lab_key_size  lab_keys_file  lab_umask          for all ends
#   lab_first_key=                                   routers without the key that is set by hand
#   lab_mka_delay                                    ms from all routers' commits to MKA's success
#   lab_times  lab_more                              YAML lines of the association, after 4 blanks
#   lab_kme_times                                    and of the KME
#   lab_transport                                    and of the transport, after 2 blanks
#   lab_router_options                               more options of routersim init
#
#   lab_make                       everything but the daemons
#   lab_start END, lab_stop END    a daemon; END is master or slave; lab_start waits for its socket
#   lab_kill END                   SIGKILL
#   lab_write_config END           $live_dir/END/keyidd.yaml, by the variables above
#   lab_start_kmes, lab_stop_kmes  what they delivered before is in $live_dir/delivered
#   lab_start_router END, lab_stop_router END       its sshd
#   lab_ctl END ARGUMENTS...       keyidctl
#   lab_status END JQ              jq -r on what keyidctl status says of the association
#   lab_hears END                  does its daemon hear the other one?
#   lab_kme ARGUMENTS...           kmesim ctl
#   lab_fault END ARGUMENTS...     routersim fault
#   lab_clear, lab_clear_router END                 no fault anywhere, or in this router
#   lab_router END JQ              jq -r on what routersim show says
#   lab_key END                    CKN and fingerprint of the CAK that its router holds
#   lab_agree                      do both routers hold one key, and use it?
#   lab_said END PATTERN           does its log have such a line since lab_mark END?
#   lab_mark END
#
# A laboratory of other ends (tests/lib/nodes.sh) sets lab_ends, the master first, lab_sae and
# lab_kme_id of each, and overrides what makes their network and says what leads where:
#
#   lab_make_network               the namespaces and what joins them
#   lab_links END                  prints the list of its links, as YAML
#   lab_router_interfaces END      prints those of its router, a line each: INTERFACE END, with the
#                                  end whose router is at the other side
#
# tests/lib/live.sh has more: $live_dir, live_start, wait_for ... Log of a daemon:
# $live_dir/END/keyidd.log, which goes on when it is started again.
# shellcheck shell=bash

if [ "$(id -u)" -ne 0 ]; then
	echo "$0: only root can make network namespaces: run it as root" >&2
	exit 1
fi
if [ -z "${LAB_INSIDE-}" ]; then
	mkdir -p /run/netns && LAB_INSIDE=1 exec unshare --mount bash "$0" "$@"
	exit 1
fi
unset LAB_INSIDE
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
for program in keyidd keyidctl kmesim routersim; do
	[ -x "${BUILD:-build}/$program" ] || {
		echo "$0: ${BUILD:-build}/$program is not there: run make first" >&2
		exit 1
	}
done
source tests/lib/live.sh
mount -t tmpfs -o mode=755 netns /run/netns || exit 1
umask 077

lab_prefix=abcd1234abcd5678abcd1234abcd5678
lab_first_ckn=${lab_prefix}00000000000000000000000000000001
lab_log_level=info
lab_key_size=256
lab_keys_file=
lab_umask=077
lab_first_key=$live_dir/first.key
lab_mka_delay=100
lab_times="rekey-interval: 0
heartbeat: 200ms
prepare-timeout: 10s
backoff: 300ms
backoff-max: 1s
read-back-interval: 2s
verify-interval: 200ms
live-timeout: 3s
keys-per-hour: 0"
lab_more=
lab_transport=
lab_kme_times="connect-timeout: 2s
timeout: 5s"
lab_router_options=()
lab_kme_pid=
declare -A lab_pid lab_router_pid lab_marked
lab_ends=(master slave)
declare -A lab_sae=([master]=mx304-11 [slave]=mx304-12)
declare -A lab_kme_id=([master]=KME-1 [slave]=KME-2)
declare -A lab_far=([master]=slave [slave]=master)

# ---- what a laboratory of other ends overrides -----------------------------------------------

lab_make_network() {
	ip netns add master && ip netns add slave &&
		ip -n master link add eth1 type veth peer name eth1 netns slave || return
	for end in master slave; do
		ip -n "$end" link set lo up && ip -n "$end" link set eth1 up || return
	done
}

lab_links() { # END
	echo "- interface: eth1"
}

lab_router_interfaces() { # END
	echo "et-0/0/9 ${lab_far[$1]}"
}

# ---- making it -------------------------------------------------------------------------------

lab_make_keys() {
	local end options=()

	for end in "${lab_ends[@]}"; do
		options+=(--kme "${lab_kme_id[$end]}" --sae "${lab_sae[$end]}")
	done
	tools/pki/make-pki.sh "$live_dir/pki" "${options[@]}" || return
	[ -z "$lab_first_key" ] || openssl rand -hex 32 >"$lab_first_key" || return
	openssl rand -hex 32 >"$live_dir/channel.key" || return
	for end in "${lab_ends[@]}"; do
		mkdir "$live_dir/$end" && cp "$live_dir/channel.key" "$live_dir/$end/" &&
			openssl rand -hex 32 >"$live_dir/$end/state.key" || return
	done
}

# On one line, as items of a list.
lab_list() { # WORD...
	local word list=

	for word; do
		list+="${list:+, }$word"
	done
	echo "$list"
}

lab_kme_json() { # END
	cat <<-EOT
		{ "id": "${lab_kme_id[$1]}", "saes": [ "${lab_sae[$1]}" ], "netns": "$1", "port": 443,
		  "certificate": "$live_dir/pki/${lab_kme_id[$1]}.pem",
		  "private_key": "$live_dir/pki/${lab_kme_id[$1]}.key" }
	EOT
}

lab_start_kmes() {
	local end kmes=()

	for end in "${lab_ends[@]}"; do
		kmes+=("$(lab_kme_json "$end")")
	done
	cat >"$live_dir/kmesim.json" <<-EOT
		{ "control": "$live_dir/kmesim.sock", "ca_file": "$live_dir/pki/ca.pem",
		  ${lab_keys_file:+\"keys_file\": \"$lab_keys_file\",}
		  "kmes": [ $(lab_list "${kmes[@]}") ] }
	EOT
	live_start kmesim "$BUILD/kmesim" serve --config "$live_dir/kmesim.json"
	lab_kme_pid=$live_pid
	wait_for 10 grep -qs '^ready$' "$live_dir/kmesim.out"
}

lab_stop_kmes() {
	lab_kme delivered >>"$live_dir/delivered"
	live_stop "$lab_kme_pid"
}

lab_make_router() { # END
	local interface far options=()

	while read -r interface far; do
		options+=(--interface "$interface" --peer "$live_dir/$far/router")
	done < <(lab_router_interfaces "$1")
	"$BUILD/routersim" init --state "$live_dir/$1/router" --name "${lab_sae[$1]}" \
		--association CA_basic --suite gcm-aes-xpn-256 --mka-delay "$lab_mka_delay" \
		"${options[@]}" "${lab_router_options[@]}" \
		${lab_first_key:+--ckn "$lab_first_ckn" --cak-file "$lab_first_key"}
}

lab_start_router() { # END
	rm -f "$live_dir/$1/router/ssh/port"
	live_start "$1-sshd" ip netns exec "$1" tools/routersim/sshd.sh -p 830 \
		-r "$BUILD/routersim" "$live_dir/$1/router"
	lab_router_pid[$1]=$live_pid
	wait_for 10 test -s "$live_dir/$1/router/ssh/port"
}

lab_stop_router() { # END
	live_stop "${lab_router_pid[$1]}"
}

lab_make_all() {
	local end

	lab_make_network && lab_make_keys && lab_start_kmes || return
	for end in "${lab_ends[@]}"; do
		lab_make_router "$end" || return
	done
	for end in "${lab_ends[@]}"; do
		lab_start_router "$end" && lab_write_config "$end" || return
	done
}

# Ends the script if it fails.
lab_must() { # COMMAND...
	"$@" && return
	echo "the laboratory could not be set up:" >&2
	cat "$live_dir"/*.err >&2
	exit 1
}

lab_make() {
	lab_must lab_make_all
}

# ---- the configuration -----------------------------------------------------------------------

lab_indent() { # BLANKS
	sed "s/^/$(printf '%*s' "$1" '')/"
}

# Of the daemon, up to the devices.
lab_write_first() { # END
	local dir=$live_dir/$1

	cat <<-EOT
		daemon:
		  state: $dir/keyidd.db
		  state-key: $dir/state.key
		  control-socket: $dir/control.sock
		  log-level: $lab_log_level

		transport:
		  oui: "00:00:5e"        # for documentation and tests: RFC 9542
		  protocol-id: 0x0042
		${lab_transport:+$(lab_indent 2 <<<"$lab_transport")}

		kmes:
		  - name: ${lab_kme_id[$1]}
		    url: https://127.0.0.1:443
		    kme-id: ${lab_kme_id[$1]}
		    ca: $live_dir/pki/ca.pem
		    certificate: $live_dir/pki/${lab_sae[$1]}.pem
		    private-key: $live_dir/pki/${lab_sae[$1]}.key
		$(lab_indent 4 <<<"$lab_kme_times")

	EOT
}

lab_saes() { # END...
	local end saes=()

	for end; do
		saes+=("${lab_sae[$end]}")
	done
	lab_list "${saes[@]}"
}

# Its part in the association.
lab_role() { # END
	if [ "$1" = "${lab_ends[0]}" ]; then
		printf '%s\n' "role: master" "members: [$(lab_saes "${lab_ends[@]:1}")]"
	else
		printf '%s\n' "role: slave" "master: ${lab_sae[${lab_ends[0]}]}"
	fi
}

lab_write_devices() { # END
	local dir=$live_dir/$1 sae=${lab_sae[$1]}

	cat <<-EOT
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

	EOT
}

lab_write_association() { # END
	local dir=$live_dir/$1 sae=${lab_sae[$1]} interfaces

	mapfile -t interfaces < <(lab_router_interfaces "$1" | cut -d ' ' -f 1)
	lab_write_devices "$1"
	cat <<-EOT
		associations:
		  - name: span-1
		    sae: $sae
		$(lab_role "$1" | lab_indent 4)
		    kme: ${lab_kme_id[$1]}
		    device: $sae
		    connectivity-association: CA_basic
		    cipher-suite: gcm-aes-xpn-256
		    macsec-interfaces: [$(lab_list "${interfaces[@]}")]
		    key-size: $lab_key_size
		    ckn: prefix
		    ckn-prefix: $lab_prefix
		    channel-keys:
		      - number: 1
		        file: $dir/channel.key
		    links:
		$(lab_links "$1" | lab_indent 6)
		$(printf '%s\n' "$lab_times" ${lab_more:+"$lab_more"} | lab_indent 4)
	EOT
}

lab_write_config() { # END
	{ lab_write_first "$1" && lab_write_association "$1"; } >"$live_dir/$1/keyidd.yaml"
}

# ---- the daemons -----------------------------------------------------------------------------

lab_run() { # END
	umask "$lab_umask"
	exec ip netns exec "$1" "$BUILD/keyidd" --config "$live_dir/$1/keyidd.yaml" \
		2>>"$live_dir/$1/keyidd.log"
}

lab_answers() { # END
	lab_ctl "$1" status >/dev/null 2>&1
}

lab_answers_or_ended() { # END
	lab_answers "$1" || live_ended "${lab_pid[$1]}"
}

lab_start() { # END
	lab_mark "$1"
	live_start "$1" lab_run "$1"
	lab_pid[$1]=$live_pid
	wait_for 10 lab_answers_or_ended "$1"
	lab_answers "$1" || {
		echo "the $1's keyidd does not answer; its log:" >&2
		tail -n 20 "$live_dir/$1/keyidd.log" >&2
		return 1
	}
}

lab_stop() { # END
	live_stop "${lab_pid[$1]}"
}

lab_kill() { # END
	kill -KILL "${lab_pid[$1]}" && wait "${lab_pid[$1]}" 2>/dev/null
}

lab_ctl() { # END ARGUMENTS...
	"$BUILD/keyidctl" --socket "$live_dir/$1/control.sock" "${@:2}"
}

lab_status() { # END JQ
	lab_ctl "$1" status --json | jq -r ".associations[0] | $2"
}

lab_hears() { # END
	[ "$(lab_status "$1" '.members[0].state')" = live ]
}

lab_mark() { # END
	touch "$live_dir/$1/keyidd.log"
	lab_marked[$1]=$(stat -c %s "$live_dir/$1/keyidd.log")
}

lab_said() { # END PATTERN
	tail -c "+$((lab_marked[$1] + 1))" "$live_dir/$1/keyidd.log" | grep -q -e "$2"
}

# ---- the KMEs and the routers ----------------------------------------------------------------

lab_kme() {
	"$BUILD/kmesim" ctl --socket "$live_dir/kmesim.sock" "$@"
}

lab_fault() { # END ARGUMENTS...
	"$BUILD/routersim" fault --state "$live_dir/$1/router" "${@:2}"
}

lab_clear_router() { # END
	"$BUILD/routersim" clear --state "$live_dir/$1/router"
}

lab_clear() {
	local end

	lab_kme clear
	for end in "${lab_ends[@]}"; do
		lab_clear_router "$end"
	done
}

lab_router() { # END JQ
	"$BUILD/routersim" show --state "$live_dir/$1/router" --json | jq -r "$2"
}

lab_key() { # END
	lab_router "$1" '.committed | "\(.ckn) \(.cak_fingerprint)"'
}

lab_in_use() { # END
	[ "$(lab_router "$1" '.interfaces[0].mka')" = "primary live" ]
}

lab_agree() {
	lab_in_use master && lab_in_use slave && [ "$(lab_key master)" = "$(lab_key slave)" ]
}
