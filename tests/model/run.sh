#!/bin/bash
# Checks the model of the exchange with spin: first as it is, exhaustively, then with each of a list
# of deliberate faults, which must be found. TAP; the last line is "model: 0 errors, N states".
set -u
cd "$(dirname "$0")/../.." || exit 1

model=$PWD/tests/model/exchange.pml
work=${BUILD:-build}/model
memory_mb=${MODEL_MEMORY_MB:-7000}
seconds=${MODEL_SECONDS:-600}
jobs=$(nproc)

# How a search is built: NAME, KIND (safety or cycles), and the macros of the model.
searches=(
	"safety                safety -DGENERATIONS=3"
	"stale-devices         safety -DGENERATIONS=2 -DSTALE_DEVICES"
	"disk-lost             safety -DGENERATIONS=3 -DDISK_LOSS=1"
	"two-disks-lost        safety -DGENERATIONS=2 -DDISK_LOSS=2"
	"agreement             safety -DGENERATIONS=3 -DLIVENESS -DFAULTS=4"
	"agreement-stale       safety -DGENERATIONS=2 -DLIVENESS -DFAULTS=2 -DSTALE_DEVICES"
	"agreement-disk-lost   safety -DGENERATIONS=3 -DLIVENESS -DFAULTS=2 -DDISK_LOSS=1"
	"no-cycle              cycles -DGENERATIONS=3 -DLIVENESS -DFAULTS=4"
	"no-cycle-disk-lost    cycles -DGENERATIONS=3 -DLIVENESS -DFAULTS=2 -DDISK_LOSS=1"
)

# Deliberate faults: NAME (-DFAULT_NAME), and in which search each is looked for.
faults=(
	"SKIP_READY_WAIT         safety -DGENERATIONS=3"
	"NO_SEAL                 safety -DGENERATIONS=3"
	"APPLY_ON_PREPARE        safety -DGENERATIONS=3"
	"DROP_AT_APPLIED         safety -DGENERATIONS=3"
	"REUSE_GENERATION        safety -DGENERATIONS=3"
	"RELAY_FORGETS           safety -DGENERATIONS=3"
	"ABORT_FORGOTTEN         safety -DGENERATIONS=3"
	"ONE_SLOT                safety -DGENERATIONS=3 -DLIVENESS -DFAULTS=2"
	"READY_WITHOUT_DIGEST    safety -DGENERATIONS=3 -DDISK_LOSS=1"
	"COMMIT_BEFORE_CONFIRMED safety -DGENERATIONS=3"
	"READY_TIMEOUT           safety -DGENERATIONS=3"
	"NO_NEIGHBOUR_RULE       safety -DGENERATIONS=3 -DDISK_LOSS=1"
)

# Builds and runs one search in a folder of its own; what the checker says is in FOLDER/log.
search() { # FOLDER KIND OPTIMISATION MACROS...
	local folder=$1 kind=$2 optimisation=$3 flags=(-DSAFETY) run=()

	shift 3
	if [ "$kind" = cycles ]; then
		flags=(-DNP)
		run=(-l)
	fi
	rm -rf "$folder"
	mkdir -p "$folder"
	cd "$folder" || exit 1
	{
		spin -a "$@" "$model" &&
			gcc "$optimisation" "${flags[@]}" -DMEMLIM="$memory_mb" -o pan pan.c &&
			timeout "$seconds" ./pan "${run[@]}" -m20000 -w22 -n
	} >log 2>&1
	echo "status $?" >>log
}

# No more at a time than there are processors.
start() {
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
	done
	search "$@" &
}

states_of() { # FOLDER
	awk '/states, stored/ { printf "%d", $1 }' "$1/log"
}

incomplete='search not completed|depth too small|out of memory|reached -DMEMLIM'

# Ended by itself, having seen every state.
complete() { # FOLDER
	grep -q '^status 0$' "$1/log" && grep -q 'errors: ' "$1/log" &&
		! grep -qiE "$incomplete" "$1/log"
}

elapsed() { # FOLDER
	sed -n 's/^pan: elapsed time \([0-9.]*\) seconds$/\1 s/p' "$1/log"
}

found() { # FOLDER: what the checker found; nothing if it found nothing
	sed -n -e 's/^pan:1: assertion violated \([a-z0-9_]*\).*/\1/p' \
		-e 's/^pan:1: \(non-progress cycle\).*/\1/p' "$1/log" | head -1
}

for entry in "${searches[@]}"; do
	read -r name kind macros <<<"$entry"
	# shellcheck disable=SC2086 # macros are several words
	start "$work/$name" "$kind" -O2 $macros
done
for entry in "${faults[@]}"; do
	read -r name kind macros <<<"$entry"
	# shellcheck disable=SC2086
	start "$work/fault-$name" "$kind" -O1 $macros "-DFAULT_$name"
done
wait

echo "1..$((${#searches[@]} + ${#faults[@]}))"
number=0
errors=0
states=0

result() { # OK|"not ok" TEXT FOLDER
	number=$((number + 1))
	echo "$1 $number - $2"
	if [ "$1" != ok ]; then
		errors=$((errors + 1))
		tail -40 "$3/log" | sed 's/^/# /'
	fi
}

for entry in "${searches[@]}"; do
	read -r name kind macros <<<"$entry"
	folder=$work/$name
	count=$(states_of "$folder")
	states=$((states + ${count:-0}))
	if complete "$folder" && grep -q 'errors: 0$' "$folder/log"; then
		result ok "$name: complete, $count states, $(elapsed "$folder")" "$folder"
	else
		result "not ok" "$name: $(found "$folder")" "$folder"
	fi
done
for entry in "${faults[@]}"; do
	read -r name kind macros <<<"$entry"
	folder=$work/fault-$name
	how=$(found "$folder")
	if [ -n "$how" ]; then
		result ok "FAULT_$name is found: $how" "$folder"
	else
		result "not ok" "FAULT_$name is not found" "$folder"
	fi
done

echo "model: $errors errors, $states states"
[ "$errors" -eq 0 ]
