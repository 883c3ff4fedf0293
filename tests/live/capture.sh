#!/bin/bash
# What a daemon counts while it runs, keyid-replay finds in a capture of it: two daemons, rotations,
# a restart, a stranger on the wire. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

replay=$BUILD/keyid-replay

tcpdump_pids=()

# Everything on an end's interface, until end_captures.
capture() { # END FILE
	live_start "tcpdump-$2" ip netns exec "$1" tcpdump -i eth1 -U --immediate-mode -n -w "$live_dir/$2.pcap"
	tcpdump_pids+=("$live_pid")
	wait_for 10 grep -q 'listening on' "$live_dir/tcpdump-$2.err"
}

end_captures() {
	for pid in "${tcpdump_pids[@]}"; do
		live_stop "$pid"
	done
	tcpdump_pids=()
}

# While it is down, the counters stand still.
link() { # up|down
	ip -n master link set eth1 "$1" && ip -n slave link set eth1 "$1"
}

# What the daemon says: "sent N", and "VERDICT N" for those that are not 0. An interface's own
# counters are of frames that belong to no link.
counted() { # END
	lab_ctl "$1" counters --json | jq -r '
		(.links[0].received + { sent: (.links[0].sent - .links[0].send_errors),
			"malformed": .interfaces[0].malformed,
			"unknown-association": .interfaces[0].unknown_association }) |
		del(."not-ours") | to_entries | map(select(.value > 0)) | sort_by(.key) |
		.[] | "\(.key) \(.value)"'
}

# Of what came before a daemon said its first word (unknown-freshness) nobody can tell from a
# capture whether the daemon was there to count it, as not-listed.
replayed() { # END CAPTURE...
	local end=$1 not_listed

	shift
	not_listed=$(sed -n 's/^not-listed //p' "$live_dir/counted")
	"$replay" --config "$live_dir/$end/keyidd.yaml" --station "${lab_sae[$end]}" --json --summary \
		"${@/#/$live_dir/}" 2>"$live_dir/replay.err" | jq -r --argjson counted "${not_listed:-0}" '
		.verdicts | ."unknown-freshness" as $before |
		if $counted - ."not-listed" | . >= 0 and . <= $before
		then ."not-listed" = $counted else . end |
		del(."not-ours", ."unknown-freshness") | to_entries | map(select(.value > 0)) |
		sort_by(.key) | .[] | "\(.key) \(.value)"'
}

same() { # END CAPTURE...
	counted "$1" >"$live_dir/counted"
	replayed "$@" >"$live_dir/replayed"
	diff "$live_dir/counted" "$live_dir/replayed" >"$live_dir/difference"
}

agree() { # TEXT END CAPTURE...
	local text=$1

	shift
	wait_for 5 same "$@"
	tap_is "$text" "$(<"$live_dir/replayed")" "$(<"$live_dir/counted")"
}

# Frames of the capture, sent once more from the slave's end: as they are, older, and altered.
stranger() {
	ip netns exec slave /usr/bin/python3 - "$live_dir/second.pcap" <<-'EOT'
		import socket, struct, sys

		data = open(sys.argv[1], "rb").read()
		frames, at = [], 24
		while at + 16 <= len(data):
		    length = struct.unpack_from("<I", data, at + 8)[0]
		    frame = data[at + 16:at + 16 + length]
		    at += 16 + length
		    if frame[12:14] == b"\x88\xb7":
		        frames.append(frame)
		own = socket.if_nametoindex("eth1") and open("/sys/class/net/eth1/address").read().strip()
		own = bytes.fromhex(own.replace(":", ""))
		slave = [f for f in frames if f[6:12] == own]
		master = [f for f in frames if f[6:12] != own]
		flipped = bytearray(slave[-1]); flipped[-1] ^= 1
		association = bytearray(slave[-1]); association[12 + 7 + 4] ^= 1
		number = bytearray(slave[-1]); number[12 + 7 + 13] ^= 2
		short = slave[-1][:60]
		out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		out.bind(("eth1", 0))
		for frame in (slave[-1], slave[0], slave[1], master[-1], flipped, association, number, short):
		    out.send(frame)
	EOT
}

two_rotations() {
	lab_ctl master rekey --wait && lab_ctl slave rekey --wait
}

lab_times=${lab_times/heartbeat: 200ms/heartbeat: 500ms}
lab_make
capture master first && capture slave far || exit 1
lab_start slave && lab_start master || exit 1
wait_for 15 lab_agree
tap_ok "two rotations" two_rotations
link down
agree "the master's counters are what its capture says" master first.pcap
agree "the slave's are" slave far.pcap
end_captures
"$replay" --config "$live_dir/slave/keyidd.yaml" "$live_dir/first.pcap" >"$live_dir/observed"
tap_is "an observer sees each generation confirmed" \
	"$(grep -o 'confirmed [0-9]*' <(grep -o '=> .*' "$live_dir/observed") | xargs)" \
	"$(seq -f 'confirmed %g' "$(lab_status master .generation)" | xargs)"
tap_is "... and nothing refused" "$(grep -Ec ' (bad-icv|replayed|duplicate|malformed)' \
	"$live_dir/observed")" 0

# Nothing is said before there is somebody to record it.
kill -STOP "${lab_pid[master]}" "${lab_pid[slave]}"
link up
capture master second || exit 1
kill -CONT "${lab_pid[master]}" "${lab_pid[slave]}"
live_start follow ip netns exec master "$replay" --config "$live_dir/master/keyidd.yaml" \
	--follow eth1 --promiscuous
follow_pid=$live_pid
lab_stop slave
lab_start slave || exit 1
tap_ok "... and is heard" wait_for 10 lab_hears master
tap_ok "a rotation" lab_ctl master rekey --wait
tap_ok "who follows on the interface sees it confirmed" wait_for 5 \
	grep -q "=> .*confirmed $(lab_status master .generation)" "$live_dir/follow.out"
live_stop "$follow_pid"
tap_is "... and ends with 0 when told to" "$?" 0
tap_ok "a stranger repeats and alters what was said" stranger
heard_stranger() { # each of the eight came in
	[ "$(replayed master second.pcap | grep -cE '^(bad-icv|malformed|reflected|replayed|unknown)')" -ge 5 ]
}
tap_ok "... and is on record" wait_for 5 heard_stranger
link down
agree "the master's counters are what both captures say" master first.pcap second.pcap
for verdict in reflected bad-icv unknown-association unknown-channel-key malformed; do
	tap_is "one $verdict is among them" "$(grep "^$verdict " "$live_dir/replayed")" "$verdict 1"
done
tap_ok "duplicate or replayed, three are" \
	awk '/^(duplicate|replayed) / { n += $2 } END { exit n != 3 }' "$live_dir/replayed"
tap_done
