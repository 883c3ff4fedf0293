#!/bin/bash
# kmeclient against simulated KMEs, over TCP and mutual TLS on loopback. Prints TAP.
# Three SAEs: mx-11 at KME-1 is the master, mx-12 and mx-13 at KME-2 are slaves.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/live.sh
source tests/lib/live.sh

pki=$live_dir/pki
log=$live_dir/said # all that the client says when it is not told to show keys
known_id=d9b6fa63-dd88-47d2-8afe-94fcecf40d19
known_base64=nK45tzFFjDA42/1Ko5B6Hz2wi35gr72VsiHyVbMD9X9qxRbHOKe8D4NpHUy1nX96JeVF4xOp0qOiDLH9ldIb4Q==
known_hex=9cae39b731458c3038dbfd4aa3907a1f3db08b7e60afbd95b221f255b303f57f6ac516c738a7bc0f83691d4cb59d7f7a25e545e313a9d2a3a20cb1fd95d21be1

make_network() {
	tools/pki/make-pki.sh "$pki" --kme KME-1 --kme KME-2 --sae mx-11 --sae mx-12 --sae mx-13 &&
		tools/pki/make-pki.sh "$live_dir/other" --kme KME-1 --sae mx-11 || return 1
	echo "[{\"key_ID\": \"$known_id\", \"key\": \"$known_base64\"}]" >"$live_dir/keys.json"
	cat >"$live_dir/kmesim.json" <<-EOT
		{ "control": "$live_dir/control", "ca_file": "$pki/ca.pem",
		  "keys_file": "$live_dir/keys.json", "key_size": 512, "stored_key_count": 100,
		  "kmes": [ { "id": "KME-1", "certificate": "$pki/KME-1.pem",
		              "private_key": "$pki/KME-1.key", "saes": [ "mx-11" ] },
		            { "id": "KME-2", "certificate": "$pki/KME-2.pem",
		              "private_key": "$pki/KME-2.key", "saes": [ "mx-12", "mx-13" ] } ] }
	EOT
}

url_of() {
	sed -n "s/^$1 listens on //p" "$live_dir/kmesim.out"
}

# SAE KME ARGUMENTS...: without a word of log
get_quietly() {
	local sae=$1 kme=$2

	shift 2
	timeout 20 "$BUILD/kmeget" --url "$(url_of "$kme")" --kme-id "$kme" --ca "$pki/ca.pem" \
		--cert "$pki/$sae.pem" --key "$pki/$sae.key" "$@"
}

get() {
	get_quietly "$@" 2>&1 | tee -a "$log"
}

master() { get mx-11 KME-1 "$@"; }
slave() { get mx-12 KME-2 "$@"; }

# The name of the failure, or the output if it was none.
failure() {
	"$@" 2>&1 | sed -n '$s/^kmeget: \([a-z-]*\): .*/\1/;$p'
}

ctl() {
	"$BUILD/kmesim" ctl --socket "$live_dir/control" "$@"
}

# TEXT EXPECTED_FAILURE FAULT... -- CALL...: the fault, once, and the call that meets it
fails_with() {
	local text=$1 expected=$2 fault=()

	shift 2
	while [ "$1" != -- ]; do
		fault+=("$1")
		shift
	done
	shift
	ctl fault "${fault[@]}" || return
	tap_is "$text" "$(failure "$@")" "$expected"
	ctl clear
}

ids_of() {
	awk '{ print $1 }' <<<"$1"
}

make_network || exit 1
live_start kmesim "$BUILD/kmesim" serve --config "$live_dir/kmesim.json"
sim_pid=$live_pid
wait_for 10 grep -q '^ready$' "$live_dir/kmesim.out" || {
	cat "$live_dir/kmesim.err" >&2
	exit 1
}

# ---- the three methods -----------------------------------------------------------------------

tap_is "status names both KMEs, both SAEs and the key size" \
	"$(master status mx-12 | awk '{ print $2 }' | head -n 5 | xargs)" "KME-1 KME-2 mx-11 mx-12 512"
tap_is "enc_keys by POST delivers the known pair" \
	"$(get_quietly mx-11 KME-1 --show-keys --size 512 enc mx-12)" "$known_id 512 bits, key $known_hex"
tap_is "dec_keys by GET delivers the same at the other KME" \
	"$(get_quietly mx-12 KME-2 --show-keys --get dec mx-11 "$known_id")" \
	"$known_id 512 bits, key $known_hex"
tap_is "a key is delivered to a slave once" \
	"$(failure slave dec mx-11 "$known_id")" kme-key-not-found

three=$(master --get --number 3 --size 256 enc mx-12)
tap_is "enc_keys by GET delivers as many keys of such a size" \
	"$(grep -c ' 256 bits, ' <<<"$three")" 3
reversed=$(tac <<<"$three")
# shellcheck disable=SC2046
tap_is "dec_keys by POST gives keys in the order asked for" \
	"$(slave --size 256 dec mx-11 $(ids_of "$reversed"))" "$reversed"

pair=$(master --additional mx-13 enc mx-12)
tap_is "a named slave gets the master's key" "$(slave dec mx-11 "$(ids_of "$pair")")" "$pair"
tap_is "an additional slave gets it too, letter case of the UUID aside" \
	"$(get mx-13 KME-2 --get dec mx-11 "$(ids_of "$pair" | tr a-f A-F)")" "$pair"
tap_is "an SAE that was not named does not" \
	"$(failure get mx-13 KME-2 dec mx-11 "$(ids_of "$(master enc mx-12)")")" kme-unauthorized

# ---- who is who ------------------------------------------------------------------------------

before=$(ctl requests)
tap_is "a KME whose CA is unknown is refused" \
	"$(failure master --ca "$live_dir/other/ca.pem" enc mx-12)" kme-tls
tap_is "a trusted KME with another KME ID is refused" \
	"$(failure master --kme-id KME-2 enc mx-12)" kme-identity
tap_is "... and neither received a request" "$(ctl requests)" "$before"
tap_ok "the KME ID may be an address in the certificate" \
	get_quietly mx-11 KME-1 --kme-id 127.0.0.1 status mx-12
tap_is "an SAE whose CA the KME does not know is refused" \
	"$(failure master --cert "$live_dir/other/mx-11.pem" --key "$live_dir/other/mx-11.key" \
		enc mx-12)" kme-unauthorized
tap_is "an SAE of another KME is refused" \
	"$(failure get mx-12 KME-1 enc mx-11)" kme-unauthorized
tap_is "a key that is not the certificate's is refused before anything is sent" \
	"$(failure master --key "$pki/mx-12.key" enc mx-12 | grep -c 'not the private key')" 1
tap_ok "a proxy in the environment is not used" \
	env https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 "$BUILD/kmeget" \
	--url "$(url_of KME-1)" --kme-id KME-1 --ca "$pki/ca.pem" --cert "$pki/mx-11.pem" \
	--key "$pki/mx-11.key" status mx-12

# TEXT EXPECTED_FAILURE OPTION...: against openssl s_server with these options
with_openssl() {
	local text=$1 expected=$2 port

	shift 2
	live_start openssl openssl s_server -accept 127.0.0.1:0 -www -cert "$pki/KME-1.pem" \
		-key "$pki/KME-1.key" "$@"
	wait_for 5 grep -q '^ACCEPT' "$live_dir/openssl.out"
	port=$(sed -n 's/^ACCEPT.*:\([0-9]*\).*/\1/p' "$live_dir/openssl.out")
	tap_is "$text" "$(failure master --url "https://127.0.0.1:$port" status mx-12)" "$expected"
	live_stop "$live_pid"
}
with_openssl "an alert after the handshake of TLS 1.3 is no lost reply" kme-tls \
	-Verify 1 -verify_return_error -CAfile "$live_dir/other/ca.pem" -tls1_3
with_openssl "an alert within that of TLS 1.2 is named alike" kme-tls \
	-Verify 1 -verify_return_error -CAfile "$live_dir/other/ca.pem" -tls1_2
with_openssl "TLS 1.1 is refused" kme-tls -tls1_1 -cipher DEFAULT@SECLEVEL=0
with_openssl "TLS 1.2 is accepted, and HTML is no status" kme-reply-malformed -tls1_2

# ---- faults ----------------------------------------------------------------------------------

fails_with "HTTP 503 is named" kme-unavailable mx-11 status 503 1 -- master enc mx-12
fails_with "HTTP 400 is named" kme-bad-request mx-11 status 400 1 -- master enc mx-12
fails_with "HTTP 404 to dec_keys is a missing key" kme-key-not-found \
	mx-12 status 404 1 -- slave dec mx-11 "$known_id"
fails_with "HTTP 404 to enc_keys is not" kme-http-status mx-11 status 404 1 -- master enc mx-12
fails_with "a redirect is not followed" kme-http-status mx-11 status 302 1 -- master enc mx-12
fails_with "status fails as well" kme-unavailable mx-11/status status 503 1 -- master status mx-12
ctl fault mx-11 status 503 1
tap_is "the KME's own words are shown" "$(master enc mx-12)" \
	"kmeget: kme-unavailable: HTTP 503: fault on demand"
fails_with "an answer that takes too long is given up" kme-timeout \
	mx-11 delay 60000 1 -- master --timeout 200 enc mx-12
ctl fault mx-11 delay 100 1
tap_ok "one that takes its time is waited for" get_quietly mx-11 KME-1 enc mx-12
fails_with "garbage is refused" kme-reply-malformed mx-11 garbage 1 -- master enc mx-12
fails_with "too long a reply is refused" kme-reply-too-large mx-11 oversize 1 -- master enc mx-12
fails_with "a short key is refused" kme-key-length mx-11 wrong-length 1 -- master --size 512 enc mx-12
ctl fault mx-12 key-expired 1
tap_is "an expired key is named" \
	"$(failure slave dec mx-11 "$(ids_of "$(master enc mx-12)")")" kme-key-not-found

before=$(ctl requests mx-11 enc_keys)
fails_with "a lost reply is named" kme-connection-lost mx-11 reply-lost -- master enc mx-12
tap_is "... and was asked for once" "$(ctl requests mx-11 enc_keys)" $((before + 1))

# libcurl by itself would send these again on a new connection, which the fault spares.
for method in --get ""; do
	before=$(ctl requests mx-11 enc_keys)
	fails_with "a reused connection that drops is named (enc_keys ${method:-by POST})" \
		kme-connection-lost mx-11 drop-reused -- master --warm $method enc mx-12
	tap_is "... and the request was not repeated" \
		"$(ctl requests mx-11 enc_keys)" $((before + 1))
done
pair=$(master enc mx-12)
before=$(ctl requests mx-12 dec_keys)
fails_with "the same holds for dec_keys" kme-connection-lost \
	mx-12 drop-reused -- slave --warm dec mx-11 "$(ids_of "$pair")"
tap_is "... and it was not repeated" "$(ctl requests mx-12 dec_keys)" $((before + 1))
pair=$(master --warm enc mx-12 | tail -n 1)
tap_is "a reused connection that holds serves, and so do both KMEs after all that" \
	"$(slave --warm dec mx-11 "$(ids_of "$pair")")" "$pair"

at_once=()
for i in 1 2 3 4 5 6 7 8; do
	master --warm --number 4 enc mx-12 >"$live_dir/at-once.$i" &
	at_once+=("$!")
done
wait "${at_once[@]}"
tap_is "eight at once get keys of their own" \
	"$(cut -d ' ' -f 1 "$live_dir"/at-once.* | sort -u | wc -l)" 32

for _ in 1 2 3 4; do
	last=$(failure master --number 16 enc mx-12)
done
tap_is "a KME without keys is named" "$last" kme-unavailable

# ---- a foreign client ------------------------------------------------------------------------

foreign() {
	curl -sS --noproxy '*' --max-time 10 --cacert "$pki/ca.pem" --cert "$pki/mx-11.pem" \
		--key "$pki/mx-11.key" -H 'Content-Type: application/json' "$@"
}

foreign_post() {
	foreign -d "$2" "$(url_of KME-1)/api/v1/keys/$1" | jq -c .
}

if command -v curl >/dev/null; then
	tap_is "curl reads the status, host name verified" \
		"$(foreign "$(url_of KME-1)/api/v1/keys/mx-12/status" | jq -r .max_key_per_request)" 16
	tap_is "curl without a certificate gets 401 and no body" \
		"$(curl -s --noproxy '*' --cacert "$pki/ca.pem" -w '%{http_code} %{size_download}' \
			"$(url_of KME-1)/api/v1/keys/mx-12/status")" "401 0"
	tap_is "a size that is no multiple of 8 has its message" \
		"$(foreign_post mx-12/enc_keys '{"size": 255}')" \
		'{"message":"size shall be a multiple of 8"}'
	tap_is "an unknown mandatory extension has its message" \
		"$(foreign_post mx-12/enc_keys '{"extension_mandatory": [{"acme_x": 1}]}')" \
		'{"message":"not all extension_mandatory parameters are supported"}'
	tap_is "a mandatory extension that cannot be met has its message" \
		"$(foreign_post mx-12/enc_keys '{"extension_mandatory": [{"kmesim_meet": false}]}')" \
		'{"message":"not all extension_mandatory request options could be met"}'
	tap_is "an optional extension that was not handled has its message" \
		"$(foreign_post mx-12/enc_keys '{"extension_optional": [{"kmesim_meet": false}]}')" \
		'{"message":"not all extension_optional request options handled"}'
	tap_is "an unknown key_ID has its message" \
		"$(foreign_post mx-12/dec_keys '{"key_IDs": [{"key_ID": "x"}]}')" \
		'{"message":"one or more keys specified are not found on KME"}'
	tap_is "what is not JSON has a message" \
		"$(foreign_post mx-12/enc_keys 'number=1')" '{"message":"bad request format"}'
else
	tap_skip "a foreign client is served" "no curl"
fi

# ---- the end ---------------------------------------------------------------------------------

ctl delivered | awk '{ print $4; print $5 }' | sort -u >"$live_dir/delivered"
tap_is "keys were delivered" "$([ "$(wc -l <"$live_dir/delivered")" -gt 40 ] && echo yes)" yes
tap_is "no key is in what client and KMEs said" \
	"$(cat "$log" "$live_dir"/kmesim.* | grep -c -F -f "$live_dir/delivered")" 0

before=$(ctl requests mx-11 status)
ctl fault mx-11/status delay 60000 1
live_start waiting get_quietly mx-11 KME-1 status mx-12
status_was_asked() {
	[ "$(ctl requests mx-11 status)" -gt "$before" ]
}
wait_for 5 status_was_asked
kill "$sim_pid"
tap_ok "kmesim ends at once, an answer due or not" wait_for 5 live_ended "$sim_pid"
wait "$sim_pid"
tap_is "... with exit status 0" "$?" 0
tap_ok "... and without its socket" test ! -e "$live_dir/control"
tap_is "a KME that is down is unreachable" "$(failure master enc mx-12)" kme-unreachable
tap_done
