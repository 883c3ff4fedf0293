#!/bin/bash
# A kmesim whose two KMEs listen in two network namespaces that share nothing, as in a
# demonstration of two sites. Needs root; prints TAP.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/live.sh
source tests/lib/live.sh

pki=$live_dir/pki
left=kme-left-$$
right=kme-right-$$

make_namespace() {
	ip netns add "$1" && live_at_exit ip netns delete "$1" && ip -n "$1" link set lo up
}

make_network() {
	make_namespace "$left" && make_namespace "$right" || return 1
	tools/pki/make-pki.sh "$pki" --kme KME-1 --kme KME-2 --sae mx-11 --sae mx-12 || return 1
	cat >"$live_dir/kmesim.json" <<-EOT
		{ "control": "$live_dir/control", "ca_file": "$pki/ca.pem",
		  "kmes": [ { "id": "KME-1", "netns": "$left", "port": 8443,
		              "certificate": "$pki/KME-1.pem", "private_key": "$pki/KME-1.key",
		              "saes": [ "mx-11" ] },
		            { "id": "KME-2", "netns": "$right", "port": 8443, "address": "::1",
		              "certificate": "$pki/KME-2.pem", "private_key": "$pki/KME-2.key",
		              "saes": [ "mx-12" ] } ] }
	EOT
}

# NETNS URL KME SAE ARGUMENTS...
get() {
	local netns=$1 url=$2 kme=$3 sae=$4

	shift 4
	timeout 20 ip netns exec "$netns" "$BUILD/kmeget" --url "$url" --kme-id "$kme" \
		--ca "$pki/ca.pem" --cert "$pki/$sae.pem" --key "$pki/$sae.key" "$@" 2>&1
}

make_network || exit 1
live_start kmesim "$BUILD/kmesim" serve --config "$live_dir/kmesim.json"
wait_for 10 grep -q '^ready$' "$live_dir/kmesim.out" || {
	cat "$live_dir/kmesim.err" >&2
	exit 1
}

key=$(get "$left" https://127.0.0.1:8443 KME-1 mx-11 enc mx-12)
tap_is "a KME answers in its namespace" "$(grep -c ' 256 bits, fingerprint ' <<<"$key")" 1
tap_is "the KME of the other one, on IPv6, has the same key" \
	"$(get "$right" 'https://[::1]:8443' KME-2 mx-12 dec mx-11 "${key%% *}")" "$key"
tap_is "neither is where it does not belong" \
	"$(get "$right" https://127.0.0.1:8443 KME-1 mx-11 status mx-12 | cut -d: -f2)" \
	" kme-unreachable"
tap_done
