#!/bin/bash
# A peer that stays behind: it receives with the new key, and its daemon stalls before it hears that
# this is decided on. The other one sends with the new key meanwhile, it sends with the old one, and
# nothing is lost, for however long; when it goes on, it comes after. And so through all four
# association numbers.
# Limit: 400 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1

an() { # HOST: of the SA that encodes
	macsec_show "$1" .encoding_sa
}

committed() {
	lab_said a 'span-1: generation [0-9]* committed'
}

# Messages to b take half of LIFE: when a has committed, there is time to stop b before it hears of it.
lab_times=${lab_times/heartbeat: 500ms/heartbeat: 2s}

fall_behind() {
	lab_mark a
	lab_ctl a rekey >/dev/null
	wait_for 60 committed
	kill -STOP "${lab_pid[b]}"
}

a_is_ahead() {
	[ "$(an a)" != "$(an b)" ]
}

# At the other end.
is_silent() { # HOST
	[ "$(lab_status "$(macsec_other "$1")" '.members[0].state')" = silent ]
}

come_after() {
	kill -CONT "${lab_pid[b]}"
	wait_for 60 daemons_agree
}

test_behind() { # NUMBER
	local was

	was=$(an a)
	fall_behind
	tap_ok "$1: a has committed, b has not heard of it" wait_for 10 a_is_ahead
	tap_is "$1: ... b still sends with the older key" "$(an b)" "$was"
	tap_ok "$1: ... also when it is silent for a" wait_for 30 is_silent b
	tap_is "$1: ... with the older key" "$(an b)" "$was"
	tap_ok "$1: ... when it goes on, it comes after" come_after
	tap_is "$1: ... they send with the same AN, the next one" "$(an a) $(an b)" \
		"$(((was + 1) % 4)) $(((was + 1) % 4))"
}

daemons_make
daemons_start
tap_is "the first key is in use" $? 0
macsec_disturb a 0x88b7 delay 3s
macsec_stream traffic a:10.0.0.1 b:10.0.0.2
tap_is "a stream" $? 0
for number in 1 2 3 4 5; do
	test_behind "$number"
done
macsec_stream_end traffic
tap_is "not a frame is lost, or late" $? 0
macsec_stream_said traffic
line=$(sed -n 's/^stream: \([0-9]* of [0-9]* frames lost\).*/\1/p' "$live_dir/traffic.out")
echo "# macsec: 5 rekeys, in which b stays behind, $line"
tap_done
