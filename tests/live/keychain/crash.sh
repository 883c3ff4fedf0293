#!/bin/bash
# Two routers with a key-chain; in each of ten rotations the master is killed at a moment that nobody
# chose, and started again. Prints TAP; SEED=N repeats when.
# shellcheck source=tests/lib/keychain.sh
source "$(dirname "$0")/../../lib/keychain.sh" || exit 1

rotations=10
: "${SEED:=$((RANDOM * 32768 + RANDOM))}"
RANDOM=$SEED
echo "# SEED=$SEED"

nodes=(a b)
lab_sae=([a]=mx304-11 [b]=mx304-12)
{ nodes_chain && keychain_make 3 && nodes_start; } || exit 1

at_rest() {
	lab_status a '.decision != "commit" and (.rekey_wanted | not) and
		(.proposal == null or .proposal.stage == "aborted")' 2>/dev/null | grep -q true
}

# A master that was killed before it began has forgotten that somebody asked it.
settled_or_asked() { # GENERATION
	nodes_settled "$1" && return
	! at_rest || [ "$(nodes_generation)" -ge "$1" ] || lab_ctl a rekey
	return 1
}

settle() { # GENERATION
	wait_for 15 settled_or_asked "$1" >/dev/null 2>&1 || {
		nodes_describe
		return 1
	}
}

crash() { # MS
	local generation=$(($(nodes_generation) + 1))

	lab_ctl a rekey >/dev/null
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
	lab_kill a
	lab_start a
	tap_ok "killed after $1 ms of generation $generation: both routers use one new key" \
		settle "$generation"
}

# Every other kill is in the hand-over, which takes a tenth of a second; the others before CONFIRMED.
for ((i = 1; i <= rotations; i++)); do
	crash $((i % 2 ? RANDOM % 150 : RANDOM % 4000))
done
tap_is "no link ever was without a key" "$(keychain_gaps)" ""
tap_done
