#!/bin/bash
# What it is all for: keys roll under a stream of a frame a millisecond both ways, and none is lost,
# with each cipher suite, while the messages of the two keyidds are lost and late. The parent
# shows what is in clear: those messages, and nothing else; and no packet number is used twice under
# one key.
#
#   REKEYS=N      with each cipher suite: 100 unless set
#   SUITES="..."  only these
#
# Limit: 1500 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1
REKEYS=${REKEYS:-100}
SUITES=${SUITES:-gcm-aes-128 gcm-aes-256 gcm-aes-xpn-256}
lab_log_level=debug

# 802.1X and LLDP have no place there either: nobody was asked to.
allowed='ether proto 0x88e5 or ether proto 0x88b7'

disturb() {
	macsec_disturb a 0x88b7 loss 20% delay 20ms 10ms && macsec_disturb b 0x88b7 loss 20% delay 20ms 10ms
}

# As fast as they can be had: while older keys are held in all association numbers, none is.
rekeys() { # COUNT
	local i

	for ((i = 1; i <= $1; i++)); do
		wait_for 30 daemons_rekey >"$live_dir/rekey.out" 2>&1 || {
			echo "rekey $i: $(<"$live_dir/rekey.out")"
			return 1
		}
		daemons_note_keys
	done
}

# Each generation has its SA: as many at each end as there were keys while the record ran, but for
# those that a stalled stream has missed.
sends_with_each_key() { # HOST
	local sas

	sas=$(grep -c "^sa $(macsec_sci "$1") " "$live_dir/frames.txt")
	echo "$sas SAs, $(daemons_keys "$1") keys"
	[ "$sas" -le "$(daemons_keys "$1")" ] && [ "$sas" -gt $((REKEYS * 9 / 10)) ]
}

test_suite() {
	local before

	daemons_make
	daemons_start
	tap_is "$suite: the first key is in use" $? 0
	disturb
	before=$(daemons_generation a)
	daemons_note_keys
	macsec_capture parent a eth1 -s 64 -B 65536
	macsec_stream traffic a:10.0.0.1 b:10.0.0.2
	tap_is "$suite: a stream" $? 0
	rekeys "$REKEYS"
	tap_is "$suite: $REKEYS rekeys" $? 0
	tap_ok "$suite: ... as many generations" test "$(daemons_generation a)" -ge $((before + REKEYS))
	tap_ok "$suite: ... both ends agree" wait_for 30 daemons_agree
	macsec_stream_end traffic
	tap_is "$suite: ... not a frame is lost, or late" $? 0
	macsec_stream_said traffic
	macsec_capture_end parent
	daemons_frames parent
	tap_is "$suite: ... no packet number comes twice under one SA" $? 0
	tap_ok "$suite: ... a has sent with an SA for each key" sends_with_each_key a
	tap_ok "$suite: ... and b" sends_with_each_key b
	tap_is "$suite: ... nothing is in clear but keyidd's messages" \
		"$(macsec_count parent "not ($allowed)")" 0
	add_frames
	daemons_end
}

add_frames() {
	local line

	line=$(sed -n 's/^stream: \([0-9]*\) of \([0-9]*\) frames lost.*/\1 \2/p' "$live_dir/traffic.out")
	lost=$((lost + ${line% *}))
	sent=$((sent + ${line#* }))
	done=$((done + REKEYS))
}

lost=0 sent=0 done=0
for suite in $SUITES; do
	test_suite
done
echo "# macsec: $done rekeys, $lost of $sent frames lost"
tap_done
