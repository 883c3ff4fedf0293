#!/bin/bash
# Several SAEs of one association in one keyidd, and SIGHUP: SAEs come and go, a lone one becomes one
# of several, the link between them becomes another; also in the middle of a rotation. The devices
# are rehearsed (dry-run). Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

saes=(m s1 s2 s3 peer) # the last one in a process of its own, at first
hub="name: hub, inside: true"
wire="name: wire, interface: eth1"

# ---- making it -------------------------------------------------------------------------------

make_keys() {
	local sae options=()

	for sae in "${saes[@]}"; do
		options+=(--kme "KME-$sae" --sae "$sae")
	done
	tools/pki/make-pki.sh "$live_dir/pki" "${options[@]}" &&
		openssl rand -hex 32 >"$live_dir/channel.key" &&
		openssl rand -hex 32 >"$live_dir/state.key"
}

start_kmes() {
	local i at list=

	for i in "${!saes[@]}"; do
		[ "${saes[i]}" = peer ] && at=far || at=host
		list+="${list:+, }{ \"id\": \"KME-${saes[i]}\", \"saes\": [ \"${saes[i]}\" ],
			\"netns\": \"$at\", \"port\": 443$i,
			\"certificate\": \"$live_dir/pki/KME-${saes[i]}.pem\",
			\"private_key\": \"$live_dir/pki/KME-${saes[i]}.key\" }"
	done
	cat >"$live_dir/kmesim.json" <<-EOT
		{ "control": "$live_dir/kmesim.sock", "ca_file": "$live_dir/pki/ca.pem", "kmes": [ $list ] }
	EOT
	live_start kmesim "$BUILD/kmesim" serve --config "$live_dir/kmesim.json"
	wait_for 10 grep -qs '^ready$' "$live_dir/kmesim.out"
}

first_lines() { # END
	local i

	cat <<-EOT
		daemon:
		  state: $live_dir/$1/keyidd.db
		  state-key: $live_dir/state.key
		  control-socket: $live_dir/$1/control.sock
		transport: { oui: "00:00:5e", protocol-id: 0x0042 }
		devices: [{ name: paper, type: dry-run }]
		kmes:
	EOT
	for i in "${!saes[@]}"; do
		cat <<-EOT
			  - { name: KME-${saes[i]}, kme-id: KME-${saes[i]}, url: "https://127.0.0.1:443$i",
			      ca: $live_dir/pki/ca.pem, certificate: $live_dir/pki/${saes[i]}.pem,
			      private-key: $live_dir/pki/${saes[i]}.key, timeout: 5s }
		EOT
	done
	echo "associations:"
}

entry() { # SAE ROLE LINK
	cat <<-EOT
		  - name: chain
		    sae: $1
		    $2
		    kme: KME-$1
		    device: paper
		    ckn: sha256
		    channel-keys: [{ number: 1, file: $live_dir/channel.key }]
		    links: [{ $3 }]
		$(printf '%s\n' "$lab_times" | sed 's/^/    /')
	EOT
}

# END LINK SAE...: the master first; its members are those of $members.
write_config() {
	local end=$1 link=$2 sae

	shift 2
	{
		first_lines "$end"
		for sae; do
			if [ "$sae" = m ]; then
				entry m "$(printf 'role: master\n    members: [%s]' "$members")" "$link"
			else
				entry "$sae" "$(printf 'role: slave\n    master: m')" "$link, neighbours: [m]"
			fi
		done
	} >"$live_dir/$end/keyidd.yaml"
}

# ---- looking at it ---------------------------------------------------------------------------

of() { # SAE JQ
	lab_ctl host --sae "$1" status --json | jq -r ".associations[0] | $2"
}

generation() {
	of m 'select(.decision == "confirmed") | .generation'
}

confirmed() { # GENERATION SAE...
	local sae least=$1

	shift
	for sae; do
		[ "$(of "$sae" 'select(.state == "confirmed") | .generation')" -ge "$least" ] 2>/dev/null ||
			return
	done
}

# The same keys, and nothing wrong.
alike() {
	[ "$(lab_ctl host status --json | jq -r '[.associations[].keys[].ckn] | unique | length')" = 1 ] &&
		[ "$(lab_ctl host status --json | jq '[.associations[].problems[]] | length')" = 0 ]
}

station() { # SAE
	lab_ctl host --sae "$1" neighbours --json | jq -r '.links[0].member'
}

labels() {
	lab_ctl host status --json | jq -r '.associations | map(.label) | join(" ")'
}

reload() {
	lab_mark host
	kill -HUP "${lab_pid[host]}"
	wait_for 10 lab_said host "config: .*reloaded"
}

# TEXT SAE...: these, after the reload that has been
rotates() {
	local text=$1 before

	shift
	before=$(generation)
	lab_ctl host --sae m rekey --wait --timeout 20 >"$live_dir/said" 2>&1 || cat "$live_dir/said"
	tap_ok "$text: a rotation works" wait_for 20 confirmed $((before + 1)) "$@"
	tap_ok "... all are alike, and nothing is wrong" wait_for 10 alike
}

make_all() {
	ip netns add host && ip netns add far && ip -n host link set lo up &&
		ip -n far link set lo up &&
		ip -n host link add eth1 type veth peer name eth1 netns far &&
		ip -n host link set eth1 up && ip -n far link set eth1 up &&
		mkdir "$live_dir/host" "$live_dir/far" && make_keys && start_kmes
}

make_all || {
	echo "the laboratory could not be set up:" >&2
	cat "$live_dir"/*.err >&2
	exit 1
}

# ---- one becomes several ---------------------------------------------------------------------

members=peer
write_config host "$wire" m
write_config far "$wire" peer
{ lab_start host && lab_start far; } || exit 1
tap_is "a lone SAE has the name of its association" "$(labels)" chain
rotates "with another process" m
lab_stop far
first=$(generation)

members="s1, s2"
write_config host "$hub" m s1 s2
tap_ok "it becomes one of three, with a link inside" reload
tap_is "... and has another name now" "$(labels)" "chain/m chain/s1 chain/s2"
rotates "three" m s1 s2
tap_ok "... with a later generation than alone" test "$(generation)" -gt "$first"
tap_is "... and its history is still there" \
	"$(lab_ctl host history chain/m --json | jq '[.events[] | select(.event == "confirmed")] | length')" 2

# ---- come and go -----------------------------------------------------------------------------

members="s1, s2, s3"
write_config host "$hub" m s1 s2 s3
stations="$(station s1) $(station s2)"
lab_ctl host --sae m rekey >/dev/null
tap_ok "a fourth comes in the middle of a rotation" reload
tap_is "... those that have not changed go on" "$(station s1) $(station s2)" "$stations"
rotates "four" m s1 s2 s3

members="s1, s3"
write_config host "$hub" m s1 s3
lab_ctl host --sae m rekey >/dev/null
tap_ok "one goes in the middle of a rotation" reload
tap_is "... and it is gone" "$(labels)" "chain/m chain/s1 chain/s3"
tap_ok "... also for keyidctl" eval '! lab_ctl host status chain/s2 2>/dev/null'
tap_is "... those that have not changed go on" "$(station s1)" "${stations% *}"
rotates "three again" m s1 s3

write_config host "$hub" s3 s1 m
stations="$(station m) $(station s1) $(station s3)"
tap_ok "another order in the file" reload
tap_is "... changes nothing" "$(station m) $(station s1) $(station s3)" "$stations"

lab_ctl host --sae m rekey >/dev/null
write_config host "name: other, inside: true" m s1 s3
tap_ok "the link inside becomes another one, in the middle of a rotation" reload
rotates "on the other link" m s1 s3

members=s1
write_config host "name: other, inside: true" m s1
tap_ok "two are left" reload
rotates "two" m s1

# ---- reloads without end ---------------------------------------------------------------------

for ((i = 0; i < 10; i++)); do
	lab_ctl host --sae m rekey >/dev/null
	case $((i % 3)) in
	0) members="s1, s2, s3" && write_config host "$hub" m s1 s2 s3 ;;
	1) members="s1, s2" && write_config host "name: other, inside: true" m s2 s1 ;;
	2) members="s1" && write_config host "$hub" m s1 ;;
	esac
	reload
done
rotates "after ten more reloads" m s1 s2 s3
lab_stop host
tap_is "it ends with 0 on SIGTERM" "$?" 0

# ---- names with slashes ----------------------------------------------------------------------

# Written after each other, association and link are the same for both.
members=s1
write_config host "name: c, inside: true" m s1
sed -i 's|name: chain|name: a/b|' "$live_dir/host/keyidd.yaml"
mv "$live_dir/host/keyidd.yaml" "$live_dir/host/first.yaml"
write_config host "name: b/c, inside: true" m s1
sed -e '1,/^associations:/d' -e 's|name: chain|name: a|' "$live_dir/host/keyidd.yaml" |
	cat "$live_dir/host/first.yaml" - >"$live_dir/host/both.yaml"
mv "$live_dir/host/both.yaml" "$live_dir/host/keyidd.yaml"
lab_start host || exit 1
tap_is "two associations, with names that run together" "$(labels)" "a/b/m a/b/s1 a/m a/s1"
tap_ok "... rotate" lab_ctl host rekey --wait --timeout 20
tap_is "... and do not hear each other" "$(lab_ctl host counters --json | jq \
	'[.links[].received | ."unknown-association", ."bad-icv", .overload] | add')" 0
lab_stop host

# ---- one of them hangs -----------------------------------------------------------------------

members="s1, s2, s3"
write_config host "$hub" m s1 s2 s3
lab_start host || exit 1
rotates "started again" m s1 s2 s3
lab_kme fault s2/dec_keys delay 600000
lab_ctl host --sae m rekey >/dev/null
fetching() {
	[ "$(of s2 .state)" = fetching ]
}
tap_ok "the KME of one hangs" wait_for 10 fetching
others_ready() {
	[ "$(of s1 .state) $(of s3 .state)" = "ready ready" ]
}
tap_ok "... the others are ready meanwhile" wait_for 3 others_ready
tap_ok "... a reload is taken over" reload
begun=${EPOCHREALTIME/./}
lab_stop host
tap_is "... and it ends at once" "$? $(((${EPOCHREALTIME/./} - begun) / 2000000))" "0 0"
tap_done
