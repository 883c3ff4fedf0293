# For the tests of netconf/macsec.h, to be sourced by the scripts in tests/macsec/guest: the two
# hosts of tests/macsec/lib.sh, with fixed addresses and no macsec devices, and commands for
# tests/macsec/netlink, or another of these programs, $program, with the cipher suite $suite.
#
#   says TEXT EXPECTED     compares what the commands on standard input print
#   do_all                 succeeds if they print nothing
#
#   on_both COMMAND...     prints it for both hosts
#   open_both              commands that make or adopt the devices, and the channels
#   stage AN GENERATION    SAs at both ends, which send nothing yet; of those there, the nonces
#   first_key              generation 1 at AN 0, in use
#
#   wire, join_again       the link, made and made again
#   add_addresses          to the macsec devices, without ARP
#   pings, no_ping         do frames pass?
#   delete_devices
# shellcheck shell=bash
source tests/macsec/lib.sh || exit 1

program=netlink
# shellcheck disable=SC2034 # for those that source this
sci_a=02000000000a0001
# shellcheck disable=SC2034
sci_b=02000000000b0001

says() { # TEXT EXPECTED
	tap_is "$1" "$("$BUILD/macsec/$program" 2>&1)" "$2"
}

do_all() {
	local said

	if ! said=$("$BUILD/macsec/$program" 2>&1) || [ -n "$said" ]; then
		echo "$said"
		return 1
	fi
}

on_both() { # COMMAND...
	echo "a $*"
	echo "b $*"
}

open_both() {
	on_both open macsec0 eth1 "${suite:?}"
	on_both channel
}

stage() { # AN GENERATION
	on_both transmit "$1" "$2"
	on_both receive "$1" "$2"
}

first_key() {
	open_both
	stage 0 1
	on_both encode 0 1
}

set_mac_addresses() {
	ip -n a link set dev eth1 address 02:00:00:00:00:0a &&
		ip -n b link set dev eth1 address 02:00:00:00:00:0b
}

wire() {
	macsec_wire && set_mac_addresses
}

join_again() {
	ip -n a link add eth1 type veth peer name eth1 netns b && set_mac_addresses &&
		ip -n a link set dev eth1 up && ip -n b link set dev eth1 up
}

add_addresses() {
	ip -n a addr add 10.0.0.1/24 dev macsec0 && ip -n b addr add 10.0.0.2/24 dev macsec0 &&
		ip -n a neigh add 10.0.0.2 lladdr 02:00:00:00:00:0b dev macsec0 &&
		ip -n b neigh add 10.0.0.1 lladdr 02:00:00:00:00:0a dev macsec0
}

pings() {
	ip netns exec a ping -q -c 3 -i 0.05 -W 2 10.0.0.2
}

no_ping() {
	! ip netns exec a ping -q -c 1 -W 1 10.0.0.2
}

delete_devices() {
	ip -n a link del dev macsec0 && ip -n b link del dev macsec0
}
