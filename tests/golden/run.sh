#!/bin/bash
# Makes every capture of pcaps/ anew and compares its octets, and replays every case of
# pcaps/cases and compares what is said; pcaps/README.md. Cases of a station's view are also
# compared with what that station made of each frame when the capture was made. Prints TAP, and
# as the last line "golden: N captures, M differ".
#
# UPDATE=NAME rewrites one capture and what is expected of it, or one case; UPDATE=all
# everything. Programs are those of $BUILD.
set -u
cd "$(dirname "$0")/../../pcaps" || exit 1

shopt -s nullglob
build=$(cd ../"${BUILD:-build}" 2>/dev/null && pwd) || build=${BUILD:-build}
update=${UPDATE:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0
declare -A differs=() # capture -> it, or a case of it

result() { # NAME CAPTURE DIFF-FILE
	tests=$((tests + 1))
	if [ -s "$3" ]; then
		echo "not ok $tests - $1"
		head -40 "$3" | sed 's/^/# /'
		differs[$2]=1
	else
		echo "ok $tests - $1"
	fi
}

wanted() { # NAME...: is one of them to be rewritten?
	local name

	for name in "$@"; do
		case $update in all | "$name") return 0 ;; esac
	done
	return 1
}

# diff(1), but a file that is missing is an empty one.
compare() { # EXPECTED FOUND
	[ -e "$1" ] || set -- /dev/null "$2"
	diff -u --label "$1" --label found "$1" "$2"
}

capture_name() { # SCENARIO, without its ending
	grep -q '^format pcapng' "$1.scenario" && echo "$1.pcapng" || echo "$1.pcap"
}

check_capture() { # SCENARIO CAPTURE
	local made=$work/$2

	rm -f "$work/diff"
	if ! "$build/keyid-craft" "$1.scenario" -o "$made" 2>"$work/diff"; then
		result "capture $2" "$2" "$work/diff"
		return
	fi
	wanted "$1" && cp "$made" "$2"
	if ! cmp -s "$made" "$2"; then
		od -Ax -tx1z -v "$2" >"$work/old" 2>/dev/null
		od -Ax -tx1z -v "$made" >"$work/new"
		diff -u --label "$2" --label made "$work/old" "$work/new" >"$work/diff"
	fi
	result "capture $2" "$2" "$work/diff"
}

check_case() { # CASE CAPTURE OPTIONS...
	local name=$1 capture=$2 status

	shift 2
	"$build/keyid-replay" --config replay.yaml "$@" "$capture" >"$work/out" 2>"$work/errors"
	status=$?
	[ "$status" -eq 0 ] || echo "status $status" >>"$work/errors"
	if wanted "$name" "${capture%.*}"; then
		cp "$work/out" "$name.expected"
		rm -f "$name.errors"
		[ ! -s "$work/errors" ] || cp "$work/errors" "$name.errors"
	fi
	{
		compare "$name.expected" "$work/out"
		compare "$name.errors" "$work/errors"
	} >"$work/diff"
	[ -e "$name.expected" ] || echo "no $name.expected: make golden UPDATE=$name" >>"$work/diff"
	result "case $name" "$capture" "$work/diff"
}

# The view of a station: its own verdict on each frame that it heard. The record does not have
# all that the station knew: so replaying may not know, but must not know better.
check_view() { # CASE CAPTURE STATION
	"$build/keyid-craft" --verdicts "${2%.*}.scenario" -o /dev/null >"$work/verdicts" 2>&1
	awk -v station="$3" '
		FNR == 1 { file++ }
		file == 1 && ($2 == station || index($2, station "-") == 1) { live[$1] = $3 }
		file == 2 && $1 in live {
			sub(/:.*/, "", $5)
			heard++
			if ($5 != live[$1] && $5 !~ /^(unknown-freshness|truncated)$/) {
				print "frame " $1 ": " $5 ", but the station said " live[$1]
			}
		}
		END { if (!heard) { print station " has heard nothing" } }
	' "$work/verdicts" "$1.expected" >"$work/diff"
	result "case $1 is what the station made of it" "$2" "$work/diff"
}

# Nothing is left over, and nothing forgotten.
check_names() {
	local file

	for file in *.expected *.errors; do
		grep -q "^${file%.*} " cases || echo "$file belongs to no case"
	done
	for file in *.pcap *.pcapng; do
		[ -e "${file%.*}.scenario" ] || echo "$file has no scenario"
		grep -q "[ 	]$file\( \|$\)" cases || echo "no case replays $file"
	done
	cut -d' ' -f1 cases | grep -v '^#' | grep . | sort | uniq -d | sed 's/$/ is there twice/'
}

captures=0
for scenario in *.scenario; do
	scenario=${scenario%.scenario}
	check_capture "$scenario" "$(capture_name "$scenario")"
	captures=$((captures + 1))
done
while read -r name capture options; do
	case $name in '' | '#'*) continue ;; esac
	# shellcheck disable=SC2086 # options are words
	check_case "$name" "$capture" $options
	case $options in
	*--json* | *--summary*) ;;
	*"--station "*) check_view "$name" "$capture" "${options##*--station }" ;;
	esac
done <cases
check_names >"$work/names"
result "every file has a scenario and a case" names "$work/names"

echo "1..$tests"
echo "golden: $captures captures, ${#differs[@]} differ"
[ "${#differs[@]}" -eq 0 ]
