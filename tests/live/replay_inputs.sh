#!/bin/bash
# keyid-replay on what is no capture, or half of one, and on the wrong command line: one clear
# line, no crash, bounded memory, and what came before is still reported. Prints TAP.
source "$(dirname "$0")/../lib/live.sh"
cd "$(dirname "$0")/../.." || exit 1

config=$live_dir/replay.yaml
sed 's/channel\.key/test.key/' tests/bench/captures.yaml >"$config"
printf '11%.0s' {1..32} >"$live_dir/test.key"
"$BUILD/bench/captures" make "$live_dir/good.pcap" 1000

# Runs it in 256 MiB; leaves its status, $live_dir/out and $live_dir/err.
replay() {
	(ulimit -v $((256 * 1024)) && exec timeout 60 "$BUILD/keyid-replay" --config "$config" "$@") \
		>"$live_dir/out" 2>"$live_dir/err" </dev/null
	status=$?
}

# Refused with one line that has this in it; the report has so many lines.
refused() { # TEXT PATTERN LINES ARGUMENTS...
	local text=$1 pattern=$2 lines=$3

	shift 3
	replay "$@"
	tap_is "$text: status 2" "$status" 2
	tap_is "... one line" "$(wc -l <"$live_dir/err")" 1
	tap_ok "... that says why" grep -q -e "$pattern" "$live_dir/err"
	tap_is "... after $lines frames" "$(wc -l <"$live_dir/out")" "$lines"
}

replay "$live_dir/good.pcap"
tap_is "a whole capture: status 0" "$status" 0
tap_is "... a line for each frame" "$(wc -l <"$live_dir/out")" 1000

: >"$live_dir/empty.pcap"
refused "an empty file" "empty" 0 "$live_dir/empty.pcap"
refused "a directory" "is a directory" 0 "$live_dir"
refused "no such file" "No such file" 0 "$live_dir/none.pcap"
head -c 1000 /dev/urandom | tr '\000-\037' 'x' >"$live_dir/random.pcap"
refused "random octets" "not a capture" 0 "$live_dir/random.pcap"
truncate -s 10G "$live_dir/sparse.pcap"
refused "10 GB of zeros" "not a capture" 0 "$live_dir/sparse.pcap"
{ head -c 24 "$live_dir/good.pcap" && head -c 4000 "$live_dir/random.pcap"; } >"$live_dir/noise.pcap"
refused "random octets behind a header" "broken after frame 0" 0 "$live_dir/noise.pcap"
head -c 24 "$live_dir/good.pcap" >"$live_dir/zeros.pcap"
truncate -s 10G "$live_dir/zeros.pcap"
refused "10 GB of zeros behind a header" "broken after frame 0" 0 "$live_dir/zeros.pcap"
frame=$((16 + $(od -An -tu4 -j 32 -N 4 "$live_dir/good.pcap")))
head -c $((24 + frame + 50)) "$live_dir/good.pcap" >"$live_dir/cut.pcap"
refused "a capture that ends in the middle" "broken after frame 1: truncated" 1 "$live_dir/cut.pcap"
refused "... with a whole one behind it" "broken after frame 1: truncated" 1001 \
	"$live_dir/cut.pcap" "$live_dir/good.pcap"
{ head -c 20 "$live_dir/good.pcap" && printf '\161\0\0\0' && tail -c +25 "$live_dir/good.pcap"; } \
	>"$live_dir/cooked.pcap"
refused "another link type" "link type LINUX_SLL" 0 "$live_dir/cooked.pcap"
head -c 24 "$live_dir/good.pcap" >"$live_dir/none.pcap"
replay "$live_dir/none.pcap"
tap_is "a capture without frames is one: status 0" "$status" 0
tap_is "... and nothing to say" "$(cat "$live_dir/out" "$live_dir/err")" ""

for form in "" --config=x --station=a\ b --count=0 --count=x --promiscuous --nonsense --follow=nowhere0; do
	# shellcheck disable=SC2086 # none, or one word
	refused "usage: keyid-replay $form" "keyid-replay: \|No such file" 0 $form
done
refused "captures and --follow" "either" 0 --follow lo "$live_dir/good.pcap"
refused "an interface without links" "no link on interface eth9" 0 --interface eth9 "$live_dir/good.pcap"

# ---- the key ---------------------------------------------------------------------------------

mv "$live_dir/test.key" "$live_dir/away.key"
replay --summary "$live_dir/good.pcap"
tap_is "without the channel key: status 0" "$status" 0
tap_ok "... said once" grep -q 'test.key: No such file' "$live_dir/err"
tap_ok "... all unverified" grep -qx 'unverified  *1000' "$live_dir/out"
replay "$live_dir/good.pcap"
tap_ok "... and decoded" grep -q 'unverified .*master mx304-11: confirmed 7' "$live_dir/out"
mv "$live_dir/away.key" "$live_dir/test.key"

# ---- comparing -------------------------------------------------------------------------------

replay "$live_dir/good.pcap"
cp "$live_dir/out" "$live_dir/expected"
replay --expect "$live_dir/expected" "$live_dir/good.pcap"
tap_is "what is expected: status 0" "$status" 0
tap_is "... and nothing printed" "$(cat "$live_dir/out" "$live_dir/err")" ""
sed -i '500s/accepted/bad-icv /' "$live_dir/expected"
replay --expect "$live_dir/expected" "$live_dir/good.pcap"
tap_is "a difference: status 1" "$status" 1
tap_is "... as diff shows it" "$(grep -c '^[-+] ' "$live_dir/out")" 2
refused "nothing to compare with" "No such file" 0 --expect "$live_dir/nothing" "$live_dir/good.pcap"
replay --json --summary "$live_dir/good.pcap"
tap_is "--json --summary is one object" "$(jq -r '.frames, .verdicts.accepted' "$live_dir/out" | xargs)" \
	"1000 999"
tap_is "--count ends early" "$(replay --count 10 "$live_dir/good.pcap"; wc -l <"$live_dir/out")" 10
cat "$live_dir/good.pcap" | "$BUILD/keyid-replay" --config "$config" - >"$live_dir/piped"
replay "$live_dir/good.pcap"
tap_ok "standard input is the same" cmp -s "$live_dir/piped" "$live_dir/out"
tap_done
