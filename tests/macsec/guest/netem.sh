#!/bin/bash
# Loss, delay and reordering for frames of one EtherType on the parent, 0x88B7 as keyidd sends them:
# what goes through MACsec at the same time comes whole and at once.
# shellcheck source=tests/macsec/lib.sh
source tests/macsec/lib.sh || exit 1

disturb() {
	macsec_disturb a 0x88b7 loss 20% delay 200ms 50ms && macsec_disturb b 0x88b7 loss 20% delay 200ms 50ms
}

# One key in each direction.
add_keys() {
	local host key

	for host in a b; do
		key=$(openssl rand -hex 16)
		macsec_add_tx "$host" 0 "0$host" "$key" &&
			macsec_add_rx "$(macsec_other "$host")" 0 "0$host" "$key" || return
	done
}

account() { # NAME DIRECTION WORD: the number before this word
	sed -n "s/^$2:.* \([0-9]*\) $3[,;].*/\1/p" "$live_dir/$1.out"
}

delay() { # NAME DIRECTION
	sed -n "s/^$2:.*; delay \([0-9]*\) ms.*/\1/p" "$live_dir/$1.out"
}

tap_ok "two hosts with MACsec" eval "macsec_wire && macsec_devices replay on window 64 && add_keys"
tap_ok "0x88B7 is disturbed on the parents" disturb
macsec_stream inside a:10.0.0.1 b:10.0.0.2
tap_is "frames go through MACsec" $? 0
macsec_stream beside --frames 2000 --ethertype 0x88b7 a:eth1 b:eth1
tap_is "frames of 0x88B7 go beside it" $? 0
macsec_stream_wait beside
macsec_stream_said beside
macsec_stream_end inside
tap_is "MACsec: nothing lost" $? 0
macsec_stream_said inside
for way in "a to b" "b to a"; do
	tap_ok "$way: a fifth of 0x88B7 is lost" test "$(account beside "$way" lost)" -gt 200 -a \
		"$(account beside "$way" lost)" -lt 600
	tap_ok "$way: ... and more comes out of order" test "$(account beside "$way" reordered)" -gt 200
	tap_ok "$way: ... and late" test "$(delay beside "$way")" -ge 150
	tap_ok "$way: MACsec is not late" test "$(delay inside "$way")" -lt 150
done
tap_ok "no longer disturbed" eval "macsec_undisturb a && macsec_undisturb b"
macsec_stream after --frames 500 --ethertype 0x88b7 a:eth1 b:eth1
macsec_stream_wait after
tap_is "0x88B7: nothing lost" $? 0
tap_done
