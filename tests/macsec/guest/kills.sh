#!/bin/bash
# Each rekey is interrupted: one of the two keyidds is killed at some step of it, and started again.
# The kernel has the keys, so traffic goes on; what the new daemon finds there, and on its disk, is
# enough to know the way on. Under a stream of a frame a millisecond both ways none is lost.
#
#   KILLS=N     20 unless set
#   SEED=N      for the choice of host and step; printed
#
# Limit: 900 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1
KILLS=${KILLS:-20}
RANDOM=${SEED:-$(($$ % 32768))}
echo "# SEED=${SEED:-$(($$ % 32768))}"

steps=(asked proposed ready committed applied live confirmed)

# Messages that are late keep the steps apart.
disturb() {
	macsec_disturb a 0x88b7 loss 10% delay 100ms 50ms && macsec_disturb b 0x88b7 loss 10% delay 100ms 50ms
}

at_step() { # HOST STEP
	[ "$2" = asked ] || lab_said "$1" "exchange: span-1: generation [0-9]* $2"
}

last_step() { # HOST
	tail -c "+$((lab_marked[$1] + 1))" "$live_dir/$1/keyidd.log" |
		sed -n 's/.*span-1: generation [0-9]* \([a-z]*\).*/\1/p' | tail -n 1
}

interrupted_rekey() {
	local hosts=(a b) host step reached

	host=${hosts[RANDOM % 2]}
	step=${steps[RANDOM % ${#steps[@]}]}
	lab_mark a
	lab_mark b
	lab_ctl a rekey >/dev/null || return
	wait_for 60 at_step "$host" "$step" || return
	lab_kill "$host"
	reached=$(last_step "$host")
	echo "# $host is killed: to be $step, is ${reached:-asked}"
	[ "$reached" = confirmed ] || half_way=$((half_way + 1))
	lab_start "$host" && wait_for 60 daemons_agree
}

# A key that was installed a second time would have sent with another SA.
sends_once_with_each_key() { # HOST
	local keys sas

	keys=$(sed -n 's/.*span-1: generation \([0-9]*\) committed.*/\1/p' "$live_dir/$1/keyidd.log" |
		sort -u | wc -l)
	sas=$(grep -c "^sa $(macsec_sci "$1") " "$live_dir/frames.txt")
	echo "$sas SAs of $keys generations, $(daemons_keys "$1") keys"
	[ "$sas" -gt $((KILLS / 2)) ] && [ "$sas" -le "$keys" ] && [ "$sas" -le "$(daemons_keys "$1")" ]
}

half_way=0
daemons_make
daemons_start
tap_is "the first key is in use" $? 0
disturb
before=$(daemons_generation a)
daemons_note_keys
macsec_capture parent a eth1 -s 64 -B 65536
macsec_stream traffic a:10.0.0.1 b:10.0.0.2
tap_is "a stream" $? 0
agreed=0
for ((number = 1; number <= KILLS; number++)); do
	interrupted_rekey && agreed=$((agreed + 1))
	daemons_note_keys
done
tap_is "$KILLS rekeys interrupted: both ends agree after each" "$agreed" "$KILLS"
tap_ok "... many of them half-way ($half_way)" test "$half_way" -ge $((KILLS / 4))
daemons_rekey >"$live_dir/rekey.out" 2>&1
tap_is "... and then a rekey goes as it should" $? 0
daemons_note_keys
generation=$(daemons_generation a)
tap_ok "... there were new keys" test "$generation" -gt $((before + KILLS / 2))
macsec_stream_end traffic
tap_is "... not a frame is lost, or late" $? 0
macsec_stream_said traffic
macsec_capture_end parent
daemons_frames parent
tap_is "... no packet number comes twice under one SA" $? 0
tap_ok "... a has sent with one SA of each key" sends_once_with_each_key a
tap_ok "... and b" sends_once_with_each_key b
tap_is "... nothing is in clear but keyidd's messages" \
	"$(macsec_count parent 'not (ether proto 0x88e5 or ether proto 0x88b7)')" 0
line=$(sed -n 's/^stream: \([0-9]* of [0-9]* frames lost\).*/\1/p' "$live_dir/traffic.out")
echo "# macsec: $((KILLS + 1)) rekeys, $KILLS of them interrupted, $line"
tap_done
