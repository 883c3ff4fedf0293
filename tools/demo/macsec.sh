#!/bin/bash
# Shows keyidd with a host's own MACsec: two hosts on a link, a stream of a frame a millisecond both
# ways through it, and three rekeys under that stream. Needs root, the programs in $BUILD and a
# kernel with MACsec; leaves nothing behind, unless KEEP=1 is to keep the folder with the logs.
#
#   tools/demo/macsec.sh --possible     is there such a kernel?
# shellcheck disable=SC2016 # the inner shell's
if [ "${1-}" = --possible ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net sh -c '
		ip link add parent type veth peer name other &&
		ip link add link parent type macsec encrypt on' 2>/dev/null
	exit 1
fi
LAB_INSIDE=${LAB_INSIDE-}
# shellcheck source=tests/macsec/daemons.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tests/macsec/daemons.sh" || exit 1
live_keep=${KEEP-}

say() {
	printf '  %-10s %s\n' "$@"
}

give_up() {
	local host

	echo
	echo "macsec: FAILED: $1"
	for host in a b; do
		[ -s "$live_dir/$host/keyidd.log" ] || continue
		echo
		echo "the last lines of keyidd's log, host ${lab_sae[$host]}:"
		tail -n 15 "$live_dir/$host/keyidd.log" | sed 's/^/  /'
	done
	exit 1
}

show_sas() {
	local host sci an key

	for host in a b; do
		read -r sci an key < <(daemons_sa "$host")
		printf '  %s  sends as SCI %s with AN %s, key identifier %s\n' "${lab_sae[$host]}" \
			"$sci" "$an" "$key"
	done
}

rekey() { # NUMBER
	local before=$EPOCHREALTIME

	echo
	echo "Rekey $1 of 3: keyidctl rekey --wait"
	daemons_rekey >"$live_dir/rekey.out" 2>&1 || give_up "keyidctl rekey: $(<"$live_dir/rekey.out")"
	wait_for 10 daemons_agree || give_up "the ends do not agree"
	say confirmed "at both ends within $(((${EPOCHREALTIME/./} - ${before/./}) / 1000)) ms"
	show_sas
}

echo "Setting up two hosts whose kernels are the ends of a MACsec link ($suite)"
daemons_make
say network "two namespaces, one for each host, joined by a veth pair"
say KMEs "KME-1 and KME-2 (simulated): ETSI GS QKD 014 over mutual TLS"
daemons_start 2>"$live_dir/said" || give_up "there is no first key"
say keyidd "on each host, host-1 is the master; key-IDs cross eth1 beside what MACsec sends there"
macsec_stream traffic --window 100000 a:10.0.0.1 b:10.0.0.2 || give_up "no frames pass"
say stream "a frame a millisecond both ways, numbered, through macsec0"
show_sas
for number in 1 2 3; do
	rekey "$number"
done
macsec_stream_end traffic
status=$?
echo
grep '^. to .:' "$live_dir/traffic.out" | sed -E 's/; delay.*//; s/^/  /'
lost=$(sed -n 's/^stream: \([0-9]* of [0-9]* frames lost\).*/\1/p' "$live_dir/traffic.out")
lab_stop a
lab_stop b
[ -z "$live_keep" ] || echo "logs, configurations and databases are in $live_dir"
[ "$status" -eq 0 ] || give_up "the stream: ${lost:-it did not end well}"
echo
echo "macsec: 3 rekeys, $lost"
