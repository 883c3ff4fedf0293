#!/bin/bash
# One keyidd keys a chain of four routers from four KMEs: the example off-box.yaml, with the
# addresses and files of a laboratory in one namespace, "host". Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

saes=(mx304-11 mx304-12 mx10008-23 mx10008-24)
declare -A kme=([mx304-11]=kme-5 [mx304-12]=kme-6 [mx10008-23]=kme-7 [mx10008-24]=kme-8)

# ---- making it -------------------------------------------------------------------------------

make_files() {
	local sae options=()

	for sae in "${saes[@]}"; do
		options+=(--kme "${kme[$sae]}" --sae "$sae")
	done
	mkdir "$live_dir/host" && tools/pki/make-pki.sh "$live_dir/pki" "${options[@]}" &&
		ssh-keygen -q -t ed25519 -N '' -f "$live_dir/client_key" &&
		openssl rand -hex 32 >"$live_dir/chain.key" &&
		openssl rand -hex 32 >"$live_dir/state.key" &&
		openssl rand -hex 32 >"$lab_first_key"
}

kme_json() { # SAE
	cat <<-EOT
		{ "id": "${kme[$1]}", "saes": [ "$1" ], "netns": "host", "port": 443${kme[$1]#kme-},
		  "certificate": "$live_dir/pki/${kme[$1]}.pem",
		  "private_key": "$live_dir/pki/${kme[$1]}.key" }
	EOT
}

start_kmes() {
	local sae list=

	for sae in "${saes[@]}"; do
		list+="${list:+, }$(kme_json "$sae")"
	done
	cat >"$live_dir/kmesim.json" <<-EOT
		{ "control": "$live_dir/kmesim.sock", "ca_file": "$live_dir/pki/ca.pem",
		  "kmes": [ $list ] }
	EOT
	live_start kmesim "$BUILD/kmesim" serve --config "$live_dir/kmesim.json"
	wait_for 10 grep -qs '^ready$' "$live_dir/kmesim.out"
}

make_router() { # SAE INTERFACE=PEER...
	local sae=$1 link options=()

	shift
	for link; do
		options+=(--interface "${link%=*}" --peer "$live_dir/${link#*=}/router")
	done
	mkdir -p "$live_dir/$sae/router" &&
		"$BUILD/routersim" init --state "$live_dir/$sae/router" --name "$sae" \
			--association CA_basic --suite gcm-aes-xpn-256 --mka-delay 100 \
			--ckn "$lab_first_ckn" --cak-file "$lab_first_key" "${options[@]}" &&
		mkdir -p "$live_dir/$sae/router/ssh" &&
		cp "$live_dir"/client_key* "$live_dir/$sae/router/ssh/"
}

start_router() { # SAE
	live_start "$1-sshd" ip netns exec host tools/routersim/sshd.sh -a "127.0.0.${1##*-}" -p 830 \
		-r "$BUILD/routersim" "$live_dir/$1/router"
	wait_for 10 test -s "$live_dir/$1/router/ssh/port" || return
	cat "$live_dir/$1/router/ssh/known_hosts" >>"$live_dir/known_hosts"
}

# The example with files that are there: its certificates, and the one key for the four routers.
sample() {
	sed -e "s|/etc/keyidd/kme-ca.pem|$live_dir/pki/ca.pem|" \
		-e "s|/etc/keyidd/\(mx.*\)|$live_dir/pki/\1|" \
		-e "s|/etc/keyidd/router.key|$live_dir/client_key|" \
		-e "s|/etc/keyidd|$live_dir|" docs/examples/off-box.yaml
	cat <<-EOT
		daemon:
		  state: $live_dir/host/keyidd.db
		  state-key: $live_dir/state.key
		  control-socket: $live_dir/host/control.sock
	EOT
}

write_config() {
	local times

	times=$(printf '%s\n' "$lab_times" | sed 's/^/    /; s/$/\\/')
	sample | sed -e "s|https://kme-\(.\).example:443|https://127.0.0.1:443\1|" \
		-e "s|host: 192.0.2|host: 127.0.0|" -e "s|user: keyidd|user: $(id -un)|" \
		-e '/rekey-interval: 1h/d' -e "/ckn-prefix:/a\\
${times%\\}" >"$live_dir/host/keyidd.yaml"
}

make_all() {
	ip netns add host && ip -n host link set lo up && make_files && start_kmes &&
		make_router mx304-11 et-0/0/9=mx304-12 xe-0/0/1:0=mx10008-23 &&
		make_router mx304-12 et-0/0/9=mx304-11 &&
		make_router mx10008-23 xe-0/0/2:0=mx304-11 et-0/0/1=mx10008-24 &&
		make_router mx10008-24 et-0/0/1=mx10008-23 || return
	for sae in "${saes[@]}"; do
		start_router "$sae" || return
	done
	write_config
}

# ---- looking at it ---------------------------------------------------------------------------

of() { # SAE JQ
	lab_ctl host status "chain/$1" --json | jq -r ".associations[0] | $2"
}

# One CKN on every interface of every router, all in use.
ckns() {
	for sae in "${saes[@]}"; do
		lab_router "$sae" 'if all(.interfaces[]; .mka == "primary live") then .committed.ckn
			else "not in use at \(.name)" end'
	done | sort -u
}

confirmed() { # GENERATION
	for sae in "${saes[@]}"; do
		[ "$(of "$sae" 'select(.state == "confirmed") | .generation')" = "$1" ] || return
	done
}

all_alike() {
	[ "$(ckns)" = "$(of mx304-11 '.keys[0].ckn')" ]
}

rotation() { # TEXT
	local before

	before=$(ckns)
	tap_ok "$1: a rotation works" lab_ctl host rekey chain/mx304-11 --wait --timeout 30
	tap_ok "... confirmed by all four" wait_for 10 confirmed "$(of mx304-11 .generation)"
	tap_ok "... with one CKN on all four routers" wait_for 10 all_alike
	tap_ok "... that is a new one" test "$(ckns)" != "$before"
}

make_all || {
	echo "the laboratory could not be set up:" >&2
	cat "$live_dir"/*.err >&2
	exit 1
}

# ---- rotations -------------------------------------------------------------------------------

sample >"$live_dir/sample.yaml"
tap_ok "keyidd --check accepts the example" "$BUILD/keyidd" --check --config "$live_dir/sample.yaml"
lab_start host || exit 1
tap_is "four SAEs of one association run" \
	"$(lab_ctl host status --json | jq -r '.associations | map(.label) | join(" ")')" \
	"chain/mx304-11 chain/mx304-12 chain/mx10008-23 chain/mx10008-24"
hear_each_other() {
	for sae in "${saes[@]}"; do
		[ "$(of "$sae" '[.members[].state] | unique | join(" ")')" = live ] || return
	done
}
tap_ok "all hear each other" wait_for 10 hear_each_other
rotation "first"
rotation "second"
rotation "third"
tap_is "each key was asked for once, by its own SAE" "$(
	for sae in "${saes[@]}"; do
		lab_kme requests "$sae" enc_keys
		lab_kme requests "$sae" dec_keys
	done | xargs)" "3 0 0 3 0 3 0 3"
tap_is "nothing is wrong" "$(lab_ctl host status --json | jq '[.associations[].problems[]] | length')" 0

# ---- addresses -------------------------------------------------------------------------------

tap_ok "the name alone is ambiguous" eval \
	'! lab_ctl host status chain >"$live_dir/said" 2>&1'
tap_ok "... and is answered with all of them" grep -q \
	'"chain" is chain/mx304-11, chain/mx304-12, .*mx10008-24: say which' "$live_dir/said"
tap_ok "--sae names one" eval 'lab_ctl host --sae mx304-12 status | grep -q "^chain: slave mx304-12"'
tap_ok "history tells them apart" eval \
	'lab_ctl host history | grep -q " chain/mx10008-23 .*confirmed"'
tap_is "... one at a time too" \
	"$(lab_ctl host history chain/mx304-12 --json | jq -r '[.events[].own_sae] | unique | join(" ")')" \
	mx304-12
tap_ok "the log too" lab_said host 'exchange: chain/mx10008-24: generation 3 confirmed'
tap_ok "the link is inside" eval 'lab_ctl host neighbours | grep -q "chain/mx304-11, link host inside"'

# ---- a member that fails ---------------------------------------------------------------------

lab_kme fault mx10008-24/dec_keys status 503
before=$(ckns)
tap_ok "when the KME of one fails, so does the rotation" eval \
	'! lab_ctl host rekey chain/mx304-11 --wait --timeout 20 >"$live_dir/said" 2>&1'
tap_ok "... rekey names SAE and reason" grep -q 'mx10008-24: kme-unavailable' "$live_dir/said"
failing() {
	[ "$(of mx304-11 '.members[] | select(.failed) | "\(.sae) \(.failed.reason)"')" = \
		"mx10008-24 kme-unavailable" ]
}
tap_ok "... so does the master's status in JSON, of that member alone" wait_for 5 failing
tap_ok "... and for people" eval \
	'lab_ctl host status chain/mx304-11 | grep -q "^ *! .*failed at mx10008-24: kme-unavailable"'
tap_is "... and all keep the key of before" "$(ckns)" "$before"
lab_kme clear
caught_up() {
	all_alike && [ "$(ckns)" != "$before" ] && confirmed "$(of mx304-11 .generation)"
}
tap_ok "it recovers without help" wait_for 20 caught_up

# ---- a KME that writes key_IDs in its own way ------------------------------------------------

lab_kme fault mx10008-23/dec_keys upper-case
rotation "the KME of one answers with key_IDs in capital letters"
lab_kme clear

# ---- channel keys ----------------------------------------------------------------------------

# The same list of keys for the link of each SAE, in place of the association's.
use_keys() { # NUMBER...
	local list= number

	for number; do
		list+="${list:+, }{ number: $number, file: $live_dir/channel-$number.key }"
	done
	write_config
	sed -i "s|^        inside: true|&\n        channel-keys: [$list]|" "$live_dir/host/keyidd.yaml"
	lab_mark host
	kill -HUP "${lab_pid[host]}"
	wait_for 10 lab_said host "config: .*reloaded"
}

stations() {
	lab_ctl host neighbours --json | jq -r '[.links[].member] | join(" ")'
}

refused() {
	lab_ctl host counters --json |
		jq '[.links[].received | ."bad-icv" + ."unknown-channel-key"] | add'
}

rekeys() {
	lab_ctl host rekey chain/mx304-11 --wait --timeout 20
}

cp "$live_dir/chain.key" "$live_dir/channel-1.key"
openssl rand -hex 32 >"$live_dir/channel-2.key"
before=$(stations)
tap_ok "a link gets channel keys of its own, a second one among them" use_keys 1 2
tap_ok "... a rotation works" rekeys
tap_ok "... the first one is taken away" use_keys 2
tap_ok "... a rotation works" rekeys
tap_is "... no message was refused for its key" "$(refused)" 0
tap_is "... and every station has gone on through all that" "$(stations)" "$before"

# ---- a restart -------------------------------------------------------------------------------

generation=$(of mx304-11 .generation)
before=$(ckns)
lab_kill host
lab_start host || exit 1
tap_ok "killed and started again, all four have the generation of before" \
	wait_for 10 confirmed "$generation"
tap_is "... and the key" "$(ckns)" "$before"
rotation "after it"
lab_ctl host rekey chain/mx304-11 >/dev/null
lab_kill host
lab_start host || exit 1
wait_for 10 hear_each_other
rotation "killed in the middle of one, and started again"
lab_stop host
tap_is "it ends with 0 on SIGTERM" "$?" 0
tap_done
