#!/bin/bash
# The part of `make demo` that needs a kernel with MACsec.
# Limit: 120 s
# shellcheck source=tests/lib/live.sh
source tests/lib/live.sh || exit 1

tap_ok "the kernel is found to have MACsec" tools/demo/macsec.sh --possible
tools/demo/macsec.sh >"$live_dir/demo.txt" 2>&1
tap_is "the demonstration ends well" $? 0
sed 's/^/# /' "$live_dir/demo.txt"
tap_ok "... having lost nothing" grep -q '^macsec: 3 rekeys, 0 of [0-9]* frames lost$' "$live_dir/demo.txt"
tap_done
