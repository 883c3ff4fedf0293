# Many associations over one veth pair, between the two ends of tools/demo/lab.sh: one SAE and one
# KME at each end, and a device that needs no router. To be sourced first of all.
#
#   associations_make COUNT    everything but the daemons
#   associations_write_configs COUNT
#   associations_start COUNT   the same, and starts both daemons; waits for nothing but their sockets
#   associations_confirmed N   how many have confirmed generation N or a later one at both ends, and
#                              have the same key there
#   associations_wait S COUNT N   waits until COUNT have; to ask is dear, so this does it seldom
#   associations_dropped END   frames that came when there was no room for them
#   associations_ticks END     processor time that its daemon has used, in clock ticks
#   associations_rss END       its resident memory, in KiB
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/demo/lab.sh" || exit 1

lab_log_level=warning
lab_kme_times="timeout: 30s"
lab_first_key=

# The heartbeat is the default, and so is whatever else is not said here.
lab_write_config() { # END COUNT
	local i entry

	entry=$(cat <<-EOT
		  - name: span-%d
		    sae: ${lab_sae[$1]}
		$(lab_role "$1" | lab_indent 4)
		    kme: ${lab_kme_id[$1]}
		    device: none
		    ckn-prefix: $lab_prefix
		    channel-keys:
		      - number: 1
		        file: $live_dir/$1/channel.key
		    links:
		      - interface: eth1
		    rekey-interval: 0
		    keys-per-hour: 0
	EOT
	)
	{
		lab_write_first "$1"
		printf '%s\n' devices: '  - name: none' '    type: dry-run' '' associations:
		for ((i = 1; i <= $2; i++)); do
			# shellcheck disable=SC2059
			printf "$entry\n" "$i"
		done
	} >"$live_dir/$1/keyidd.yaml"
}

associations_make_all() {
	lab_make_network && lab_make_keys && lab_start_kmes
}

associations_make() {
	lab_must associations_make_all
}

associations_write_configs() { # COUNT
	lab_write_config master "$1" && lab_write_config slave "$1"
}

associations_start() { # COUNT
	associations_write_configs "$1" && lab_start slave && lab_start master
}

associations_keys() { # END GENERATION
	lab_ctl "$1" status --json | jq -r --argjson least "$2" '.associations[] |
		select(.state == "confirmed" and .generation >= $least) |
		"\(.name) \(.generation) \(.keys[].ckn)"' | sort
}

associations_confirmed() { # GENERATION
	comm -12 <(associations_keys master "$1") <(associations_keys slave "$1") | wc -l
}

associations_wait() { # SECONDS COUNT GENERATION
	local end=$((SECONDS + $1))

	until [ "$(associations_confirmed "$3")" -eq "$2" ]; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.3
	done
}

associations_dropped() { # END
	lab_ctl "$1" counters --json | jq '[.interfaces[].dropped] | add'
}

# /proc/PID/stat: the 14th and 15th field, counted from the end of the name in parentheses.
associations_ticks() { # END
	sed 's/.*) //' "/proc/${lab_pid[$1]}/stat" | awk '{ print $12 + $13 }'
}

associations_rss() { # END
	awk '$1 == "VmRSS:" { print $2 }' "/proc/${lab_pid[$1]}/status"
}
