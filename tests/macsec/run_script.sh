#!/bin/bash
# Runs one script, in the guest or on the host, in namespaces that end with it: its network, its
# mounts, and whatever it has started.
#
#   tests/macsec/run_script.sh SCRIPT FOLDER
#
# The script is killed after five minutes, or what a line "# Limit: N s" in it says. What it puts into
# $MACSEC_KEEP is kept in FOLDER. Prints its output in a frame, for tests/macsec/run.sh:
#
#   begin SCRIPT
#   | what it printed
#   end SCRIPT STATUS
set -u
script=$1
limit=$(sed -n 's/^# Limit: \([0-9]*\) s$/\1/p' "$script")
MACSEC_KEEP=$(realpath "$2")/$(basename "$script" .sh)
export MACSEC_KEEP

# In the new namespaces.
inside='
	mkdir -p /run/netns && mount -t tmpfs netns /run/netns && ip link set lo up || exit
	exec bash "$0"'

mkdir -p "$MACSEC_KEEP"
echo "begin $script"
timeout --kill-after=10 "${limit:-300}" \
	unshare --mount --net --ipc --pid --fork --kill-child --mount-proc \
	bash -c "$inside" "$script" 2>&1 </dev/null | sed -u 's/^/| /'
echo "end $script ${PIPESTATUS[0]}"
