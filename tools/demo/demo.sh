#!/bin/bash
# Shows keyidd at work: the two ends of one MACsec link, and three rotations of its key.
# Needs root and the programs in $BUILD (`make demo` sees to them); leaves nothing behind, unless
# KEEP=1 is to keep the folder with the logs, configurations and databases.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh" || exit 1

live_keep=${KEEP-}
lab_mka_delay=800
lab_times="rekey-interval: 0
heartbeat: 500ms
verify-interval: 250ms"

say() {
	printf '  %-10s %s\n' "$@"
}

give_up() {
	echo
	echo "demo: FAILED: $1"
	for end in master slave; do
		[ -s "$live_dir/$end/keyidd.log" ] || continue
		echo
		echo "the last lines of keyidd's log, $end:"
		tail -n 15 "$live_dir/$end/keyidd.log" | sed 's/^/  /'
	done
	exit 1
}

# ---- telling what happens, as it happens -----------------------------------------------------

declare -A told=([master]=0 [slave]=0)
began=

# END MS: what came into its history since the last time and before MS, as
# "MS PLACE END EVENT KEY-ID REASON", PLACE being for what happens in the same millisecond.
news() {
	lab_ctl "$1" history --limit 1000 --json |
		jq -r --arg whose "$1" --argjson before "$2" --argjson told "${told[$1]}" '
			["proposed", "ready", "member-ready", "committed", "applied", "live"] as $order |
			.events | reverse | .[$told:] | .[] |
			((.at[:19] + "Z" | fromdate) * 1000 + (.at[20:23] | tonumber)) as $at |
			select($at < $before) |
			"\($at) \(.event as $e | $order | index($e) // 9) \($whose) \(.event) \(.key_id // "-") \(.reason // "-")"'
}

describe() { # END EVENT KEY-ID REASON
	local far=${lab_sae[${lab_far[$1]}]}

	case $1-$2 in
	master-proposed) echo "has a new key from KME-1, and proposes its key-ID:" ;;
	slave-proposed) echo "hears of it, and asks KME-2 for the key with this key-ID" ;;
	master-member-ready) echo "hears that $far is ready" ;;
	*-ready) echo "ready: holds the key, and its router would take it" ;;
	master-committed) echo "committed: both are ready, from here on only forward" ;;
	slave-committed) echo "committed" ;;
	*-applied) echo "applied: its router holds the key" ;;
	*-live) echo "live: its router uses the key" ;;
	*-confirmed) echo "confirmed" ;;
	*) [ "$4" = - ] && echo "$2" || echo "$2: $4" ;;
	esac
}

# What is so new that the other end's part may still be missing is left for the next time.
tell() {
	local now=$((${EPOCHREALTIME/./} / 1000)) at end event key_id reason

	while read -r at _ end event key_id reason; do
		told[$end]=$((told[$end] + 1))
		: "${began:=$at}"
		printf '  %6d ms  %-8s  %s\n' $((at - began)) "${lab_sae[$end]}" \
			"$(describe "$end" "$event" "$key_id" "$reason")"
		[ "$end-$event" != master-proposed ] || printf '%23s%s\n' "" "$key_id"
	done < <({ news master "$now" && news slave "$now"; } | sort -s -n -k 1,1 -k 2,2)
}

# ---- the routers -----------------------------------------------------------------------------

show_router() { # END
	lab_router "$1" '"  \(.name)  CKN \(.committed.ckn)",
		"            CAK with fingerprint \(.committed.cak_fingerprint), " +
		if .interfaces[0].mka == "primary live" then "in use" else .interfaces[0].mka end'
}

show_routers() {
	show_router master
	show_router slave
}

# Both routers hold and use one key: not the one of before, but that of the newest generation.
check_routers() { # KEY-BEFORE
	local key ckn

	key=$(lab_key master)
	ckn=$(lab_status master '.keys[0].ckn')
	[ "$key" = "$(lab_key slave)" ] || give_up "the routers hold different keys"
	[ "$key" != "$1" ] || give_up "the routers still hold the key of before"
	[ "${key% *}" = "$ckn" ] || give_up "the routers do not hold the key that keyidd confirmed"
	lab_agree || give_up "the routers do not use the key"
}

# ---- the demonstration -----------------------------------------------------------------------

set_up() {
	echo "Setting up the two ends of a MACsec link"
	lab_make
	say network "two namespaces, one for each end, joined by a veth pair"
	say KMEs "KME-1 and KME-2 (simulated): ETSI GS QKD 014 over mutual TLS"
	say routers "mx304-11 and mx304-12 (simulated): NETCONF behind OpenSSH, a first key set by hand"
	{ lab_start slave && lab_start master; } 2>"$live_dir/said" || give_up "keyidd does not start"
	say keyidd "one beside each router: mx304-11 is the master, mx304-12 the slave"
	say "" "only key-IDs cross the veth pair, in authenticated frames of EtherType 0x88B7"
	say keys "CKN: a prefix and the digits of the key-ID; CAK: the first 32 octets of the key"
	echo
	show_routers
}

has_confirmed() { # END
	[ "$(lab_status "$1" .state)" = confirmed ]
}

rotate() { # NUMBER
	local before status

	before=$(lab_key master)
	began=
	echo
	echo "Rotation $1 of 3: keyidctl rekey --wait"
	live_start rekey lab_ctl master rekey --wait --timeout 20
	until live_ended "$live_pid"; do
		tell
		sleep 0.02
	done
	wait "$live_pid"
	status=$?
	[ "$status" -ne 0 ] || wait_for 5 has_confirmed slave
	tell
	[ -n "$began" ] || give_up "keyidctl history tells nothing"
	[ "$status" -eq 0 ] || give_up "keyidctl rekey: $(cat "$live_dir/rekey.out" "$live_dir/rekey.err")"
	echo
	show_routers
	check_routers "$before"
}

set_up
for rotation in 1 2 3; do
	rotate "$rotation"
done
lab_stop master
lab_stop slave
echo
[ -z "$live_keep" ] || echo "logs, configurations and databases are in $live_dir"
echo "demo: 3 rotations confirmed, both ends agree"
