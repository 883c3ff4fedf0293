#!/bin/bash
# 500 associations between two daemons over one veth pair: all of them come to a key, have the same
# one at both ends, get the next one, and go on after a restart. Prints TAP.
# shellcheck source=tests/lib/associations.sh
source "$(dirname "$0")/../lib/associations.sh" || exit 1

count=500

# When it took too long, how far it is
in_time() { # GENERATION
	associations_wait 60 $count "$1" && return
	echo "$(associations_confirmed "$1") of $count"
	lab_ctl master status --json | jq -r '.associations[] | select(.state != "confirmed") |
		"\(.name) \(.generation) \(.state): \(.detail)"' | head -n 20
	return 1
}

associations_make
associations_start $count || exit 1
tap_is "both daemons have them all" "$(for end in master slave; do
	lab_ctl $end status --json | jq '.associations | length'
done | xargs)" "$count $count"
tap_ok "all are confirmed, with the same key at both ends" in_time 1
tap_is "no two of them share a key" "$(associations_keys master 1 | awk '{ print $3 }' | sort -u |
	wc -l)" $count
lab_ctl master rekey >/dev/null
tap_ok "all rotate" in_time 2
lab_stop slave
lab_start slave || exit 1
tap_ok "all are as before after one end is started again" in_time 2
tap_is "no error is in the logs" "$(grep -h ' error ' "$live_dir"/{master,slave}/keyidd.log)" ""
tap_done
