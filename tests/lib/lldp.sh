# Two ends on a bridge that can drop an EtherType, for the tests of LLDP; to be sourced like
# tools/demo/lab.sh, which it sources.
#
#   carrier                        the transport of the ends' link: lldp at first, auto or raw
#   write_config END               its configuration; by that of the laboratory, unless the test has
#                                  one of its own
#   block ETHERTYPE...             drops these, and no others, between the ends
#   restart_with CARRIER           both daemons anew, until they agree and hear each other
#   rekey END, generation END
#   begin_rotation                 tests that the slave hears of one, which then waits for its KME
#   rotation_ends TEXT             ... and that it is confirmed, as one generation
#   is_silent END CARRIER, works END CARRIER         as that end says of its neighbour's carrier
#   carrier_of END CARRIER JQ
#   counter END JQ                 of its link
#   no_generation_lost
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/demo/lab.sh" || exit 1

carrier=lldp

write_config() { # END
	lab_must lab_write_config "$1"
}

# The ends are joined by a bridge, which can drop what a packet socket would hear otherwise.
lab_make_network() {
	local end

	ip netns add wire && ip -n wire link add bridge type bridge group_fwd_mask 0x4000 &&
		ip -n wire link set dev bridge up || return
	for end in master slave; do
		ip netns add "$end" && ip -n "$end" link set lo up &&
			ip -n wire link add "$end-side" type veth peer name eth1 netns "$end" &&
			ip -n "$end" link set dev eth1 up &&
			ip -n wire link set dev "$end-side" master bridge up || return
	done
}

lab_links() { # END
	printf '%s\n' "- interface: eth1" "  transport: $carrier"
}

block() { # ETHERTYPE...
	local end type

	{
		echo 'add table netdev cut; delete table netdev cut; add table netdev cut;'
		for end in master slave; do
			echo "add chain netdev cut $end {
				type filter hook ingress device \"$end-side\" priority 0; };"
			for type; do
				echo "add rule netdev cut $end ether type $type drop"
			done
		done
	} | ip netns exec wire nft -f -
}

restart_with() { # CARRIER
	carrier=$1
	for end in slave master; do
		[ -z "${lab_pid[$end]-}" ] || lab_stop "$end"
		write_config "$end"
	done
	lab_start slave && lab_start master || exit 1
	wait_for 15 lab_agree && wait_for 15 lab_hears master && wait_for 15 lab_hears slave
}

rekey() { # END
	lab_ctl "$1" rekey --wait --timeout 20
}

generation() { # END
	lab_status "$1" .generation
}

# A rotation that waits for the slave's KME; what happens to it meanwhile is for the caller.
begin_rotation() {
	at=$(generation master)
	lab_kme fault mx304-12/dec_keys delay 1500 1
	lab_mark slave
	live_start rekey rekey master
	rekey_pid=$live_pid
	tap_ok "a rotation is under way" wait_for 5 lab_said slave 'proposed'
}

# ... and what became of it.
rotation_ends() { # TEXT
	wait_for 20 live_ended "$rekey_pid"
	wait "$rekey_pid"
	tap_is "$1" "$? $(generation master)" "0 $((at + 1))"
}

# What one end says of its neighbour's carrier.
carrier_of() { # END CARRIER JQ
	lab_ctl "$1" neighbours --json |
		jq -r "[.links[0].stations[] | select(.state == \"live\")][0].carriers.$2$3"
}

is_silent() { # END CARRIER
	[ "$(carrier_of "$1" "$2" .silent)" = true ]
}

works() { # END CARRIER
	[ "$(carrier_of "$1" "$2" .silent)" = false ]
}

counter() { # END JQ
	lab_ctl "$1" counters --json | jq -r ".links[0]$2"
}

no_generation_lost() {
	[ "$(lab_ctl master history --limit 1000 --json |
		jq '[.events[] | select(.event == "aborted" or .event == "lost")] | length')" = 0 ]
}
