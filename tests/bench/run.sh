#!/bin/sh
# Benchmarks: `tests/bench/run.sh` runs all, `tests/bench/run.sh NAME...` only those.
# They print and judge nothing: no test depends on time. Needs root.
set -eu
build=${BUILD:-build}
benchmarks="roundtrip handover associations captures"

# A frame there and back over a veth pair, in a namespace that ends with the command.
roundtrip() {
	unshare --net sh -euc '
		ip link add near type veth peer name far
		ip link set dev near up
		ip link set dev far up
		exec "$0" near far' "$build/bench/roundtrip"
}

# A key-ID to the far end, by keyidd's carriers and by what people use without it.
handover() {
	bash tests/bench/handover.sh
}

# What each of 500 associations costs two daemons.
associations() {
	bash tests/bench/associations.sh 500
}

# A million frames on record, read again.
captures() {
	bash tests/bench/captures.sh 1000000
}

for name in ${*:-$benchmarks}; do
	case " $benchmarks " in
	*" $name "*) "$name" ;;
	*) echo "no such benchmark: $name (there are: $benchmarks)" >&2; exit 2 ;;
	esac
done
