#!/bin/bash
# Reading a capture of $1 frames: keyid-replay beside the least that it could cost and beside
# tcpdump. The ways take turns; a ratio is the median of those within each turn.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
frames=${1:-1000000}
turns=5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cp tests/bench/captures.yaml "$folder/"
printf '11%.0s' {1..32} >"$folder/channel.key"
"$build/bench/captures" make "$folder/c.pcap" "$frames"
replay=("$build/keyid-replay" --config "$folder/captures.yaml" --station mx304-12)

bare() { "$build/bench/captures" bare "$folder/c.pcap"; }
summary() { "${replay[@]}" --summary "$folder/c.pcap"; }
lines() { "${replay[@]}" "$folder/c.pcap"; }
json() { "${replay[@]}" --json "$folder/c.pcap"; }
copy() { tcpdump -r "$folder/c.pcap" -w /dev/null; }
print() { tcpdump -n -r "$folder/c.pcap"; }

milliseconds() { # COMMAND
	local begin=${EPOCHREALTIME/./}

	"$1" >/dev/null 2>"$folder/err" || { cat "$folder/err" >&2; exit 1; }
	echo $(((${EPOCHREALTIME/./} - begin) / 1000))
}

ways="bare summary lines json copy print"
for ((turn = 0; turn < turns; turn++)); do
	for way in $ways; do
		echo "$turn $way $(milliseconds "$way")"
	done
done >"$folder/times"

median() { sort -n | sed -n "$((turns / 2 + 1))p"; }

ratio() { # WAY WAY
	awk -v a="$1" -v b="$2" '$2 == a { x[$1] = $3 } $2 == b { y[$1] = $3 }
		END { for (t in x) printf "%.2f\n", x[t] / y[t] }' "$folder/times" | median
}

echo "captures: $frames frames, $(($(stat -c %s "$folder/c.pcap") / frames)) octets each, medians of $turns turns"
for way in $ways; do
	ms=$(awk -v w="$way" '$2 == w { print $3 }' "$folder/times" | median)
	case $way in
	bare) text="libpcap, filter, HMAC and nothing else" ;;
	summary) text="keyid-replay --summary" ;;
	lines) text="keyid-replay, a line for each frame" ;;
	json) text="keyid-replay --json" ;;
	copy) text="tcpdump -r FILE -w /dev/null" ;;
	print) text="tcpdump -n -r FILE, printing" ;;
	esac
	printf '  %-40s %6d ms %9d frames/s %6s\n' "$text" "$ms" $((frames * 1000 / ms)) "$(ratio "$way" bare)"
done
echo "captures: without output $(ratio summary bare) of the bare loop, with it $(ratio lines print) of tcpdump's printing"
