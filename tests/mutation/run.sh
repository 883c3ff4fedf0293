#!/bin/bash
# The simulation must find every fault that it is there to find. Each NN-name.patch beside this
# file puts one deliberate fault into a copy of l2proto; the simulator is linked with it, and runs
# seed after seed until an invariant is violated. TAP; the last line is "mutations: N of N found".
#
#   tests/mutation/run.sh            all of them
#   tests/mutation/run.sh 07 12      these; a single one leaves build/mutation/NN/sim to look into
#
# The seeds are the same each time (MUTATION_FIRST, and at most MUTATION_SEEDS of them), for a
# mutant that is found on some days only would be a test that fails on others. Fresh seeds are what
# `make sim` and the sim in `make check` are for. The simulator without a fault runs all of them
# first: what it violates itself would prove nothing.
#
# A patch says what the fault is, which part of docs/protocol.md it breaks and what should see it; then
# comes a diff of .c files in l2proto (`git diff -U2`), as small as a slip. When the code there has
# changed, the fault is put into it anew: a patch that does not apply exactly is a failure.
#
# `make mutations` builds what this needs, in BUILD.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${BUILD:-build}
first=${MUTATION_FIRST:-1}
most=${MUTATION_SEEDS:-3000}
seconds=60 # for one run of the simulator, of at most 320 seeds: then it hangs
work=$build/mutation
number=0
found=0

result() { # RESULT TEXT
	number=$((number + 1))
	echo "$1 $number - $2"
}

explain() { # lines from a file, or stdin
	sed 's/^/# /' "$@"
}

# Copies the files that a patch touches into DIR, and puts the fault in.
mutate() { # PATCH DIR
	local file

	rm -rf "$2" "$build/obj/$2"
	mkdir -p "$2"
	while read -r file; do
		mkdir -p "$2/$(dirname "$file")"
		cp "$file" "$2/$file" || return
	done < <(sed -n 's|^+++ b/||p' "$1")
	patch -d "$2" -p1 -F0 -s -N -r - <"$1" >"$2/log" 2>&1
}

# One chunk of seeds: 0 = clean, 1 = $seed and $violation are set, 2 = the simulator itself failed.
run_chunk() { # SIM FIRST COUNT LOG
	local status violations lines

	timeout "$seconds" "$1" --first "$2" --seeds "$3" >"$4" 2>&1
	status=$?
	violations=$(sed -n '$s/^sim: .*, \([0-9]*\) violations$/\1/p' "$4")
	lines=$(grep -c '^seed [0-9]*: ' "$4")
	# A job that crashed counts as a violation that has no line.
	if [ "$status" -gt 1 ] || [ "${violations:--1}" -ne "$lines" ]; then
		return 2
	fi
	[ "$status" -ne 0 ] || return 0
	seed=$(sed -n 's/^seed \([0-9]*\): .*/\1/p' "$4" | sort -n | head -1)
	violation=$(sed -n "s/^seed $seed: //p" "$4")
	return 1
}

# Seeds until one violates an invariant, in runs that grow, for most are found soon; as run_chunk().
hunt() { # SIM LOG
	local at=$first end=$((first + most)) count=20

	while [ "$at" -lt "$end" ]; do
		count=$((end - at < count ? end - at : count))
		run_chunk "$1" "$at" "$count" "$2" || return
		at=$((at + count))
		count=$((count < 320 ? 2 * count : 320))
	done
	return 0
}

control() {
	if [ ! -x "$build/sim" ]; then
		echo "Bail out! there is no $build/sim: use make mutations"
		exit 1
	fi
	if ! hunt "$build/sim" "$work/control.log"; then
		echo "Bail out! without any fault, seeds $first to $((first + most - 1)) are not clean:"
		explain <(grep "^seed " "$work/control.log"; tail -1 "$work/control.log")
		exit 1
	fi
	result ok "without a fault: seeds $first to $((first + most - 1)) are clean"
}

test_mutant() { # PATCH
	local name=${1##*/} dir
	name=${name%.patch}
	dir=$work/${name%%-*}

	if [ ! -x "$dir/sim" ]; then
		result 'not ok' "$name: does not compile"
		explain <(grep -m5 -A3 "$dir/.*error:" "$work/make.log")
		return
	fi
	hunt "$dir/sim" "$dir/log"
	case $? in
	0)
		result 'not ok' "$name: not found in $most seeds"
		explain <(sed '/^--- /,$d' "$1")
		;;
	1)
		result ok "$name: found at seed $seed after $((seed - first + 1)) seeds: $violation"
		found=$((found + 1))
		;;
	*)
		result 'not ok' "$name: the simulator crashes, or runs for more than $seconds s"
		explain <(tail -1 "$dir/log")
		;;
	esac
}

patches=()
if [ $# -eq 0 ]; then
	patches=(tests/mutation/[0-9]*.patch)
else
	for arg; do
		patches+=(tests/mutation/"$arg"-*.patch)
		if [ ! -f "${patches[-1]}" ]; then
			echo "there is no tests/mutation/$arg-*.patch" >&2
			exit 2
		fi
	done
fi

mkdir -p "$work"
echo "1..$((${#patches[@]} + 1))"
control
sims=()
applied=()
for patch in "${patches[@]}"; do
	name=${patch##*/}
	dir=$work/${name%%-*}
	if mutate "$patch" "$dir"; then
		applied+=("$patch")
		sims+=("$dir/sim")
	else
		result 'not ok' "${name%.patch}: the patch no longer applies"
		echo "# l2proto has changed there: put the same fault into it by hand, and write the" \
			"patch anew by git diff"
		explain "$dir/log"
	fi
done
# A fault may leave something unused behind: that is no reason not to find it.
make --no-print-directory -k -j"$(nproc)" BUILD="$build" WERROR= "${sims[@]}" >"$work/make.log" 2>&1
for patch in "${applied[@]}"; do
	test_mutant "$patch"
done
echo "mutations: $found of ${#patches[@]} found"
[ "$found" -eq ${#patches[@]} ]
