#!/bin/bash
# Runs the tests and adds them up: `tests/run.sh quick` (make test) or `all` (make check).
# Every test prints TAP; the last line here is "N passed, N failed" (", N skipped").
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
sim_seeds=${SIM_SEEDS:-4000}
jobs=$(nproc)
passed=0
failed=0
skipped=0
logs=$build/test-logs

mkdir -p "$logs"

# Adds up one suite's TAP. A suite that ends badly without saying so is a failure too.
suite() {
	local name=$1 log status ok not_ok skip start=$SECONDS

	shift
	log=$logs/${name//\//-}.log
	"$@" >"$log" 2>&1 </dev/null
	status=$?
	ok=$(grep -c '^ok ' "$log")
	skip=$(grep -ci '^ok .*# skip' "$log")
	not_ok=$(grep '^not ok ' "$log" | grep -vci '# skip')
	if [ "$not_ok" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
		not_ok=1
		echo "# ended with status $status" >>"$log"
	fi
	passed=$((passed + ok - skip))
	skipped=$((skipped + skip))
	failed=$((failed + not_ok))
	printf '%-44s %4d passed %s%s(%d s)\n' "$name" $((ok - skip)) \
		"$([ "$not_ok" -eq 0 ] || echo "$not_ok FAILED ")" \
		"$([ "$skip" -eq 0 ] || echo "$skip skipped ")" $((SECONDS - start))
	if [ "$not_ok" -ne 0 ]; then
		grep -A12 '^not ok ' "$log" | head -80 | sed 's/^/    /'
		echo "    ... the last lines of $log:"
		tail -15 "$log" | sed 's/^/    /'
	fi
}

# For what does not speak TAP: one test, passed if it succeeds.
one_test() {
	local name=$1

	shift
	if "$@"; then
		echo "ok 1 - $name"
	else
		echo "not ok 1 - $name"
		return 1
	fi
}

unit_tests() { # BUILD LABEL
	local test

	for test in tests/unit/*/test_*.c; do
		test=${test#tests/unit/}
		test=${test%.c}
		CMOCKA_MESSAGE_OUTPUT=TAP suite "unit/$test$2" "$1/unit/$test"
	done
}

compile() { # LABEL BUILD MAKE-ARGUMENTS...
	local label=$1 folder=$2

	shift 2
	suite "build/$label" one_test "$label, no warning" make --no-print-directory -j"$jobs" \
		BUILD="$folder" WERROR=1 "$@" all unit benches
}

# The same octets and verdicts from every build.
golden() { # BUILD LABEL
	BUILD=$1 suite "golden/$2" tests/golden/run.sh
	grep '^golden: ' "$logs/golden-$2.log"
}

sanitizers() {
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

	compile sanitizers "$build/asan" CC=clang SANITIZE=1 CFLAGS="-O1 -g"
	unit_tests "$build/asan" "+asan"
	golden "$build/asan" asan
	BUILD=$build/asan suite golden/mutants tests/golden/mutants.py
	suite fuzz-replay/build one_test "fuzz targets" make --no-print-directory -j"$jobs" \
		BUILD="$build/asan" WERROR=1 CC=clang SANITIZE=1 CFLAGS="-O1 -g" fuzz-replay
	for target in tests/fuzz/*/fuzz_*.c; do
		corpus=${target%/*}/corpus/$(basename "$target" .c | sed 's/^fuzz_//')
		target=${target#tests/fuzz/}
		suite "fuzz-replay/${target%.c}" "$build/asan/fuzz-replay/${target%.c}" "$corpus"
	done
}

live_tests() {
	local test

	if [ "$(id -u)" -ne 0 ]; then
		echo "live tests need root: skipped"
		skipped=$((skipped + 1))
		return
	fi
	for test in tests/live/*.sh; do
		BUILD=$build/gcc suite "live/$(basename "$test" .sh)" bash "$test"
	done
	BUILD=$build/gcc suite demo one_test "make demo" bash tools/demo/demo.sh
}

finish() {
	local summary="$passed passed, $failed failed"

	[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
	echo "$summary"
	[ "$failed" -eq 0 ]
	exit
}

case ${1:-} in
quick)
	unit_tests "$build" ""
	BUILD=$build suite purity sh tests/purity.sh
	golden "$build" quick
	suite sim one_test sim "$build/sim" --seeds 500
	;;
all)
	compile gcc "$build/gcc" CC=gcc
	compile clang "$build/clang" CC=clang
	[ "$failed" -eq 0 ] || finish # nothing below could say anything new
	unit_tests "$build/gcc" ""
	BUILD=$build/gcc suite purity sh tests/purity.sh
	suite vectors /usr/bin/python3 tests/vectors/check_vectors.py
	golden "$build/gcc" gcc
	golden "$build/gcc" gcc-again
	golden "$build/clang" clang
	BUILD=$build/gcc suite golden/craft tests/golden/craft.sh
	BUILD=$build/gcc suite scapy /usr/bin/python3 tests/scapy/check.py
	suite dissector tests/dissector/run.sh
	suite sim/build one_test "the simulator" make --no-print-directory -j"$jobs" \
		BUILD="$build/gcc" WERROR=1 CC=gcc "$build/gcc/sim"
	suite sim one_test "sim, fresh seeds" "$build/gcc/sim" --seeds "$sim_seeds"
	grep '^sim: ' "$logs/sim.log"
	suite model tests/model/run.sh
	grep '^model: ' "$logs/model.log"
	BUILD=$build/gcc suite mutations tests/mutation/run.sh
	grep '^mutations: ' "$logs/mutations.log"
	sanitizers
	live_tests
	;;
*)
	echo "usage: tests/run.sh quick|all" >&2
	exit 2
	;;
esac

finish
