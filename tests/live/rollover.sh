#!/bin/bash
# Channel-key roll-over by SIGHUP, one end after the other, while keys are rotated: no message is
# lost or refused, nobody is missed for a moment, and what is signed with changes as protocol.md
# section 4.5 says. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

heard=$live_dir/listen.out
declare -A missed_before refused_before

# Key 1 is channel.key, as lab_make made it.
use_keys() { # END NUMBER...
	local end=$1 number list=()

	shift
	for number; do
		list+=("\n      - number: $number\n        file: $live_dir/$end/channel-$number.key")
	done
	lab_write_config "$end"
	sed -i -e '/- number:/d' -e '/file: .*channel/d' \
		-e "s|channel-keys:|channel-keys:$(printf '%s' "${list[@]}")|" \
		"$live_dir/$end/keyidd.yaml"
	lab_mark "$end"
	kill -HUP "${lab_pid[$end]}"
	wait_for 10 lab_said "$end" "config: .*reloaded"
}

# The last one that was confirmed.
generation() { # END
	lab_status "$1" 'if .decision == "confirmed" then .generation else .generation - 1 end'
}

confirmed() { # GENERATION
	[ "$(generation master)" -ge "$1" ] && [ "$(generation slave)" -ge "$1" ]
}

# One that began before is no proof.
two_rotations() {
	wait_for 15 confirmed $(($(generation master) + 2))
}

# What was counted at the link, as "VERDICT=COUNT", without what has to be and what never was.
refused() { # END
	lab_ctl "$1" counters --json | jq -r '.links[0].received | to_entries | map(select(.value > 0 and
		.key != "accepted" and .key != "duplicate") | "\(.key)=\(.value)") | join(" ")'
}

# $missed: how many messages of this end the other has not received. Between two messages.
count_missed() { # END
	local sent

	sent=$(lab_ctl "$1" counters --json | jq '.links[0].sent')
	missed=$((sent - $(lab_ctl "${lab_far[$1]}" counters --json | jq '[.links[0].received[]] | add')))
	[ "$(lab_ctl "$1" counters --json | jq '.links[0].sent')" = "$sent" ]
}

station() { # END
	lab_ctl "$1" neighbours --json | jq -r '.links[0].member'
}

# The channel key that this end signs with and the newest it has, by its last message.
signs() { # END
	awk -v member="$(station "$1")" '$1 == member { keys = $3 "/" $4 } END { print keys }' "$heard"
}

both_sign() { # KEY/NEWEST KEY/NEWEST
	[ "$(signs master) $(signs slave)" = "$1 $2" ]
}

# One after the other, through all that happens; one that fails leaves a line.
rotate_on() {
	while :; do
		lab_ctl master rekey --wait --timeout 20 2>&1 >/dev/null
	done
}

# Every look at an end that does not have the other one live leaves a line.
watch_neighbours() {
	local end

	while :; do
		for end in master slave; do
			lab_hears $end || echo "the $end does not hear the other one"
		done
		sleep 0.1
	done
}

# TEXT KEYS-OF-MASTER KEYS-OF-SLAVE, as KEY/NEWEST
step() {
	tap_ok "$1: rotations go on" two_rotations
	wait_for 5 both_sign "$2" "$3"
	tap_is "... the master signs with and has at most $2, the slave $3" \
		"$(signs master) $(signs slave)" "$2 $3"
}

lab_make
for end in master slave; do
	cp "$live_dir/$end/channel.key" "$live_dir/$end/channel-1.key"
done
openssl rand -hex 32 >"$live_dir/master/channel-2.key"
cp "$live_dir/master/channel-2.key" "$live_dir/slave/"
live_start listen ip netns exec slave /usr/bin/python3 tests/lib/listen.py eth1
wait_for 10 grep -qs ready "$heard" || exit 1
{ lab_start slave && lab_start master; } || exit 1
wait_for 10 lab_hears master
wait_for 10 lab_hears slave
stations="$(station master) $(station slave)"
for end in master slave; do
	refused_before[$end]=$(refused $end)
	wait_for 10 count_missed $end
	missed_before[$end]=$missed
done
live_start rotate rotate_on
rotate_pid=$live_pid
live_start watch watch_neighbours
watch_pid=$live_pid

step "one key" 1/1 1/1
tap_ok "the second key comes to the slave" use_keys slave 1 2
step "one end has two" 1/1 1/2
tap_ok "... and to the master" use_keys master 1 2
step "both have two" 2/2 2/2
tap_ok "the first key goes at the slave" use_keys slave 2
step "one end has the new one alone" 2/2 2/2
tap_ok "... and at the master" use_keys master 2
step "both have the new one alone" 2/2 2/2

live_stop "$watch_pid"
live_stop "$rotate_pid"
tap_is "no rotation has failed" "$(cat "$live_dir/rotate.out")" ""
for end in master slave; do
	tap_is "nothing was refused at the $end since they met" "$(refused $end)" \
		"${refused_before[$end]}"
done
tap_is "nobody was missed for a moment" "$(cat "$live_dir/watch.out")" ""
tap_is "both stations have gone on through all that" "$(station master) $(station slave)" "$stations"

# ---- message by message ----------------------------------------------------------------------

tap_is "all messages were of these two" \
	"$(awk 'NF == 4 { print $1 }' "$heard" | sort -u | xargs)" "$(printf '%s\n' $stations | sort | xargs)"
for end in master slave; do
	tap_is "the $end's are numbered without a gap" "$(awk -v member="$(station $end)" '
		$1 == member && $2 != ++number { print "after " number - 1 ": " $2; number = $2 }' "$heard")" ""
	tap_is "... signed with 1, and from a certain one on with 2" "$(awk -v member="$(station $end)" '
		$1 == member { print $3 }' "$heard" | uniq | xargs)" "1 2"
done

for end in master slave; do
	wait_for 10 count_missed $end
	tap_is "no message that the $end sent since they met has missed the other end" "$missed" \
		"${missed_before[$end]}"
done
tap_ok "both routers use one key" wait_for 5 lab_agree
tap_done
