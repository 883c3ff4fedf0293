#!/bin/bash
# Builds every fuzz target with clang and libFuzzer, in a build folder of its own,
# and runs each for FUZZ_SECONDS from its corpus. Called by `make fuzz`.
#
# What crashes a target is copied into its corpus as crash-HASH, where make check
# runs it for ever after; what else the fuzzer finds stays in the build folder.
# FUZZ_TARGETS names some only: FUZZ_TARGETS="l2proto/fuzz_link". A target's words are in
# NAME.dict beside it, if it has any. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
fuzzing=${BUILD:-build}/fuzzing
seconds=${FUZZ_SECONDS:-60}

if ! make CC=clang BUILD="$fuzzing" SANITIZE=1 CFLAGS="-O1 -g -fsanitize=fuzzer-no-link" \
	fuzzers >&2; then
	echo "Bail out! the fuzz targets do not build"
	exit 1
fi

read -ra targets <<<"${FUZZ_TARGETS:-$(cd tests/fuzz && echo */fuzz_*.c)}"
echo "1..${#targets[@]}"
number=0
failed=0
for target in "${targets[@]}"; do
	target=${target%.c}
	number=$((number + 1))
	corpus=tests/fuzz/${target%/*}/corpus/${target##*/fuzz_}
	found=$fuzzing/found/$target
	crashes=$fuzzing/crashes/$target
	log=$fuzzing/$target.log
	options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
		-artifact_prefix="$crashes/")
	if [ -e "tests/fuzz/$target.dict" ]; then
		options+=(-dict="tests/fuzz/$target.dict")
	fi
	mkdir -p "$corpus" "$found" "$crashes" "$(dirname "$log")"
	if "$fuzzing/fuzz/$target" "${options[@]}" "$found" "$corpus" >"$log" 2>&1; then
		runs=$(awk '/number_of_executed_units/ { print $2 }' "$log")
		echo "ok $number - $target, $runs runs"
	else
		failed=1
		echo "not ok $number - $target, see $log"
		for crash in "$crashes"/*; do
			if [ -e "$crash" ]; then
				cp "$crash" "$corpus/"
				echo "# $corpus/${crash##*/}"
			fi
		done
		grep -m 5 -E 'ERROR|runtime error|SUMMARY|Assertion|does not hold' "$log" | sed 's/^/# /'
	fi
done
exit $failed
