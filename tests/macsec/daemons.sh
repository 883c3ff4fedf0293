# The two hosts of tests/macsec/lib.sh with keyidd on each, a the master and b the slave, and a
# simulated KME for each; to be sourced first of all by scripts in tests/macsec/guest and by the
# demonstration. It is the laboratory of tools/demo/lab.sh (lab_start, lab_kill, lab_ctl ...) with the
# hosts' own MACsec in the place of routers. $suite is the cipher suite.
#
#   daemons_make                    the link and the KMEs, the configurations
#   daemons_start                   both daemons; waits for the first key, and gives the devices
#                                   their addresses
#   daemons_rekey                   a new key, and waits until it is in use at both ends
#   daemons_agree                   have both ends confirmed one generation?
#   daemons_generation HOST
#   daemons_sa HOST                 its SA that encodes: "SCI AN key-identifier"
#   daemons_note_keys               notes the key identifiers of all transmit SAs that there are now
#   daemons_keys HOST               how many different ones have been noted: each has a nonce of its
#                                   own, and so a key of its own
#   daemons_frames NAME             what tests/macsec/frames says of a record: $live_dir/frames.txt
#   daemons_text HOST               what its daemon says of the device
#   daemons_end                     undoes all that
# shellcheck shell=bash
# shellcheck disable=SC2034 # for tools/demo/lab.sh
LAB_INSIDE=${LAB_INSIDE-1}
# shellcheck source=tools/demo/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/demo/lab.sh" || exit 1
source tests/macsec/lib.sh || exit 1

suite=gcm-aes-xpn-256
lab_ends=(a b)
lab_sae=([a]=host-1 [b]=host-2)
lab_kme_id=([a]=KME-1 [b]=KME-2)
lab_far=([a]=b [b]=a)
# An emulated machine is slow, and may stall.
lab_times="rekey-interval: 0
heartbeat: 500ms
prepare-timeout: 30s
backoff: 500ms
backoff-max: 2s
read-back-interval: 2s
verify-interval: 200ms
live-timeout: 10s
retire-hold: 1s
keys-per-hour: 0"
lab_kme_times="connect-timeout: 10s
timeout: 20s"
daemons_device_keys=

lab_make_network() {
	macsec_wire
}

lab_make_router() {
	:
}

lab_start_router() {
	:
}

# As lab.sh has it, but on the processor that streams run on.
lab_run() { # HOST
	umask "$lab_umask"
	exec ip netns exec "$1" "$BUILD/keyidd" \
		--config "$live_dir/$1/keyidd.yaml" 2>>"$live_dir/$1/keyidd.log"
}

lab_write_association() { # HOST
	cat <<-EOT
		devices:
		  - name: kernel
		    type: macsec
		${daemons_device_keys:+$(lab_indent 4 <<<"$daemons_device_keys")}

		associations:
		  - name: span-1
		    sae: ${lab_sae[$1]}
		$(lab_role "$1" | lab_indent 4)
		    kme: ${lab_kme_id[$1]}
		    device: kernel
		    cipher-suite: $suite
		    ckn: prefix
		    ckn-prefix: $lab_prefix
		    channel-keys:
		      - number: 1
		        file: $live_dir/$1/channel.key
		    links:
		      - interface: eth1
		        macsec-device: macsec0
		$(lab_indent 4 <<<"$lab_times")
	EOT
}

daemons_make() {
	lab_must lab_make_all
}

daemons_generation() { # HOST
	lab_status "$1" .generation
}

daemons_address() { # HOST
	ip -n "$1" addr replace "$(macsec_address "$1")/24" dev macsec0
}

daemons_confirmed() { # HOST
	lab_status "$1" '"\(.state) \(.generation)"' | sed -n 's/^confirmed //p'
}

daemons_agree() {
	local generation

	generation=$(daemons_confirmed a) && [ -n "$generation" ] &&
		[ "$generation" = "$(daemons_confirmed b)" ]
}

daemons_start() {
	lab_start b && lab_start a && wait_for 60 daemons_agree && daemons_address a && daemons_address b
}

daemons_rekey() {
	lab_ctl a rekey --wait --timeout 60
}

daemons_sa() { # HOST
	ip -n "$1" -json macsec show macsec0 | jq -r --arg sci "$(macsec_sci "$1")" '.[0] |
		.encoding_sa as $an | .sa_list[] | select(.an == $an) | "\($sci) \(.an) \(.key)"'
}

daemons_note_keys() {
	local host

	for host in "${lab_ends[@]}"; do
		ip -n "$host" macsec show macsec0 |
			sed -n '/TXSC/,/RXSC/s/^ *[0-3]: .* key \([0-9a-f]*\)$/\1/p' >>"$live_dir/$host.keys"
	done
}

daemons_keys() { # HOST
	sort -u "$live_dir/$1.keys" | wc -l
}

daemons_frames() { # NAME
	local status

	"$BUILD/macsec/frames" "$live_dir/$1.pcap" >"$live_dir/frames.txt"
	status=$?
	grep '^not ok' "$live_dir/frames.txt" | sed 's/^not ok -/#/'
	return "$status"
}

daemons_text() { # HOST
	lab_status "$1" .device.text
}

# Everything of daemons_make and daemons_start, so that they can be called again.
daemons_end() {
	local host

	for host in "${lab_ends[@]}"; do
		lab_stop "$host"
		cp -r "$live_dir/$host" "$live_dir/$host.$suite" 2>/dev/null
		rm -rf "${live_dir:?}/$host" "$live_dir/$host.keys"
		ip netns del "$host"
	done
	lab_stop_kmes
	rm -rf "$live_dir/pki"
}
