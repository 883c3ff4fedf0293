#!/bin/bash
# The applier of this host's own MACsec (netconf/applier.h) against the kernel, one at each end, with
# tests/macsec/applier in the place of the exchange: keys roll under a stream without loss, in
# any order of doing things twice and of devices that go and come; and where nothing can
# be done, one line says why, and nothing is half done.
# Limit: 400 s
# shellcheck source=tests/macsec/netlink/lib.sh
source tests/macsec/netlink/lib.sh || exit 1
program=applier
suite=gcm-aes-xpn-256

open_appliers() { # [OPTION=N...]
	on_both open "$suite" eth1/macsec0 "$@"
	on_both look
}

# As the exchange does it: own SAs first; the neighbour's when its nonce is known.
prepare_both() { # AN GENERATION
	on_both prepare "$@"
	on_both look
	on_both prepare "$@"
	on_both look
}

commit_both() { # AN GENERATION
	prepare_both "$@"
	on_both commit "$@"
	on_both look
}

roll() { # AN GENERATION
	commit_both "$@"
	echo a sleep 300
	on_both retire "$2"
	on_both look
}

# All that could be changed, without what counts.
state() { # HOST
	ip -n "$1" macsec show
	ip -n "$1" -details link show | sed 's/ qlen [0-9]*//; s/ state [A-Z]* / /'
}

# A job that fails with this text, and leaves all as it was.
refuses() { # TEXT PROBLEM COMMAND...
	local before after

	before=$(state a)
	says "$1" "$2" < <(printf '%s\n' "${@:3}")
	after=$(state a)
	tap_is "... and nothing is changed" "$after" "$before"
}

# ---- a key, from the first to the last -------------------------------------------------------

test_first_key() {
	local no_key="link 0: SCI $sci_a, suite 4, transmits, receives
ANs in use 0"

	says "a device is made when it is first looked at" "$no_key" < <(open_appliers && echo a show)
	says "PREPARE adds the own SA, which has sent nothing" "generation 1 at AN 0, usable
link 0: SCI $sci_a, suite 4, transmits 1 (unused), receives
ANs in use 1" < <(open_appliers && echo a prepare 0 1 && echo a show)
	says "... and those of neighbours that are known; twice is as once" "generation 1 at AN 0, usable
link 0: SCI $sci_a, suite 4, transmits 1 (unused), receives 1
ANs in use 1" < <(open_appliers && prepare_both 0 1 && prepare_both 0 1 && echo a show)
	add_addresses
	tap_ok "... with which nothing is sent" no_ping
	says "DISCARD leaves nothing, done twice" "$no_key" \
		< <(open_appliers && echo a discard 1 2 && echo a discard 1 2 && echo a show)
	says "COMMIT encodes, done twice" "generation 1 at AN 0, usable, transmitting
link 0: SCI $sci_a, suite 4, transmits 1, receives 1
ANs in use 1" < <(open_appliers && echo b discard 1 && commit_both 0 1 &&
		on_both commit 0 1 && echo a show)
	tap_ok "... and frames pass" pings
	says "neither DISCARD nor RETIRE touches what encodes" "generation 1 at AN 0, usable, transmitting
link 0: SCI $sci_a, suite 4, transmits 1, receives 1
ANs in use 1" < <(open_appliers && echo a discard 1 && echo a retire 2 && echo a show)
	tap_ok "... and frames still pass" pings
	says "PREPARE and COMMIT keep the key in use" "generation 1 at AN 0, usable
generation 2 at AN 1, usable, transmitting
link 0: SCI $sci_a, suite 4, transmits 1 2, receives 1 2
ANs in use 3" < <(open_appliers && commit_both 1 2 && echo a show)
	says "RETIRE leaves the key that it names" "generation 2 at AN 1, usable, transmitting
link 0: SCI $sci_a, suite 4, transmits 2, receives 2
ANs in use 2" < <(open_appliers && on_both retire 2 && on_both retire 2 && echo a show)
	tap_ok "... and frames pass" pings
	delete_devices
}

rolls() { # FIRST LAST
	local generation

	open_appliers
	for ((generation = $1; generation <= $2; generation++)); do
		roll $((generation % 4)) "$generation"
	done
}

test_rolls() { # SUITE
	suite=$1

	tap_ok "$suite: a first key" do_all < <(rolls 1 1)
	add_addresses
	macsec_stream "$suite" a:10.0.0.1 b:10.0.0.2
	tap_is "$suite: a stream" $? 0
	tap_ok "$suite: twelve rolls" do_all < <(rolls 2 13)
	macsec_stream_end "$suite"
	tap_is "$suite: ... nothing lost" $? 0
	macsec_stream_said "$suite"
	delete_devices
}

# ---- devices that go and come ----------------------------------------------------------------

test_made_again() {
	tap_ok "a key is in use" do_all < <(rolls 1 1)
	says "a device that was deleted is made again, without keys" \
		"link 0: SCI $sci_b, suite 4, transmits, receives
ANs in use 0" < <(open_appliers && echo b sh ip link del macsec0 && echo b show)
	says "COMMIT makes no SA to send with" \
		"device-commit-failed macsec0: the key's transmit SA does not stand at AN 1: it was never there, or was deleted with the device
link 0: SCI $sci_b, suite 4, transmits, receives
ANs in use 0" < <(open_appliers && echo b commit 1 1 && echo b show)
	says "the same key prepared again has another nonce there, which the neighbour takes up" \
		"generation 1 at AN 1, usable, transmitting
link 0: SCI $sci_a, suite 4, transmits 1, receives 1
ANs in use 2
generation 1 at AN 1, usable
link 0: SCI $sci_b, suite 4, transmits 1 (unused), receives
ANs in use 2" < <(open_appliers && prepare_both 1 1 && on_both show)
	tap_ok "the next key" do_all < <(open_appliers && roll 2 2)
	add_addresses
	tap_ok "... and frames pass" pings
	delete_devices
}

test_other_address() {
	local other=200000000cc0001

	tap_ok "a key is in use, and one is staged" do_all < <(rolls 1 1 && prepare_both 2 2)
	ip -n b link del macsec0 && ip -n b link set dev eth1 address 02:00:00:00:00:cc
	says "of a neighbour with another address the SA of the staged key is replaced" \
		"generation 1 at AN 1, usable, transmitting
generation 2 at AN 2, usable
link 0: SCI $sci_a, suite 4, transmits 1 2 (unused), receives 2 1 (of another nonce)
ANs in use 6
0x$other 1
0x${sci_b#0} 1" < <(open_appliers && prepare_both 2 2 && echo a show &&
		echo "a sh ip -json macsec show macsec0 | jq -r '.[0].rx_sc[] | \"\\(.sci) \\(.sa_list|length)\"'")
	says "... and RETIRE takes away the channel that nobody sends on" "0x$other 1" \
		< <(open_appliers && on_both commit 2 2 && on_both retire 2 &&
			echo "a sh ip -json macsec show macsec0 | jq -r '.[0].rx_sc[] | \"\\(.sci) \\(.sa_list|length)\"'")
	set_mac_addresses
	delete_devices
}

# ---- refused ---------------------------------------------------------------------------------

test_other_keys() {
	local token

	token=$(printf 'name 1' | sha256sum | head -c 16)
	tap_ok "two keys" do_all < <(rolls 1 1 && prepare_both 2 2)
	refuses "another key at the AN" \
		"device-refused macsec0: AN 1 is taken: its transmit SA has another key, $token, and is in use" \
		"a open $suite eth1/macsec0" "a prepare 1 3"
	refuses "the key at another AN" \
		"device-refused macsec0: the key's transmit SA stands at AN 2, not at AN 3" \
		"a open $suite eth1/macsec0" "a prepare 3 2"
	refuses "a key that is too short" \
		"device-unsuitable-key macsec0: the key of generation 0 has 15 octets, $suite needs 32" \
		"a open $suite eth1/macsec0" "a prepare 0 0"
	refuses "another cipher suite" \
		"device-not-configured macsec0: its cipher suite is $suite, not gcm-aes-128: delete it (ip link delete macsec0) or configure that" \
		"a open gcm-aes-128 eth1/macsec0" "a look"
	delete_devices
}

test_rights() {
	local why="not permitted: keyidd needs CAP_NET_ADMIN in this network namespace" before

	before=$(state a)
	tap_is "without CAP_NET_ADMIN no device is made" \
		"$(printf 'a open %s eth1/macsec0\na prepare 0 1\na look\n' $suite |
			setpriv --bounding-set=-net_admin "$BUILD/macsec/applier" 2>&1)" \
		"device-refused macsec0: cannot make it on eth1: $why
device-refused macsec0: cannot make it on eth1: $why"
	tap_is "... and nothing is changed" "$(state a)" "$before"
	do_all < <(rolls 1 1)
	before=$(state a)
	tap_is "... and one that is there is not changed" "$({
		echo a open $suite eth1/macsec0
		echo a look
		echo a prepare 2 2
		echo a commit 1 1
		echo a discard 1
		echo a retire 1
	} | setpriv --bounding-set=-net_admin "$BUILD/macsec/applier" 2>&1)" \
		"device-refused macsec0: cannot add the transmit SA at AN 2: $why"
	tap_is "... anywhere" "$(state a)" "$before"
	delete_devices
}

test_no_parent() {
	local gone="device-not-configured macsec0: its parent interface eth1 is not there"

	tap_ok "a key is in use" do_all < <(rolls 1 1)
	says "a parent deleted under our feet" "$gone
$gone
$gone" < <(
		open_appliers
		echo a sh ip link del eth1
		echo a look
		echo a prepare 2 2
		echo a commit 2 2
		echo a discard 2
		echo a retire 2
	)
	join_again
	tap_ok "... comes again" do_all < <(rolls 2 2)
	add_addresses
	tap_ok "... and frames pass" pings
	delete_devices
}

# ---- two links -------------------------------------------------------------------------------

second_wire() {
	ip -n a link add eth2 address 02:00:00:00:01:0a \
		type veth peer name eth2 address 02:00:00:00:01:0b netns b &&
		ip -n a link set dev eth2 up && ip -n b link set dev eth2 up
}

open_two() {
	on_both open $suite eth1/macsec0 eth2/macsec1
	on_both look
}

test_two_links() {
	local secys="link 0: SCI $sci_a, suite 4, transmits 1, receives 1
link 1: SCI 02000000010a0001, suite 4, transmits"

	tap_ok "a link" do_all < <(open_appliers)
	refuses "of two links, the second without interface" \
		"device-not-configured macsec1: its parent interface eth2 is not there" \
		"a open $suite eth1/macsec0 eth2/macsec1" "a prepare 0 1"
	second_wire
	tap_ok "two links" do_all < <(open_two && commit_both 0 1)
	says "a key in use on both" "generation 1 at AN 0, usable, transmitting
$secys 1, receives 1
ANs in use 1" < <(open_two && echo a show)
	tap_ok "... on one only" do_all < <(open_two && prepare_both 1 2 && echo a sh \
		ip link set macsec1 type macsec encodingsa 1)
	says "... is not told to be in use" "generation 1 at AN 0, usable
generation 2 at AN 1, usable
link 0: SCI $sci_a, suite 4, transmits 1 2 (unused), receives 1 2
link 1: SCI 02000000010a0001, suite 4, transmits 1 (unused) 2 (unused), receives 1 2
ANs in use 3" < <(open_two && echo a show)
	tap_ok "both at once" do_all < <(open_two && on_both commit 1 2 && on_both retire 2)
	ip -n a link add link eth2 macsec9 type macsec port 9 && ip -n a macsec add macsec9 rx \
		sci 02000000010c0001
	ip -n b link del macsec1 && ip -n b link set dev eth2 address 02:00:00:00:01:0c
	refuses "a step of PREPARE that fails on the second link" \
		"device-refused macsec1: another macsec device on its parent receives from SCI 02000000010c0001: delete that" \
		"a open $suite eth1/macsec0 eth2/macsec1" "a look" \
		"b open $suite eth1/macsec0 eth2/macsec1" "b look" "b prepare 2 3" "b look" "a prepare 2 3"
	delete_devices
	ip -n a link del eth2
}

# ---- when the next key is due ----------------------------------------------------------------

due() { # OPTION=N
	open_appliers "$1"
	echo a sh ping -q -c 2 -i 0.05 -W 1 10.0.0.2 \>/dev/null \|\| true # answered or not
	echo a show
}

is_due() { # TEXT OPTION=N ", used up"|""
	says "$1" "generation 1 at AN 1, usable, transmitting
link 0: SCI $sci_a, suite $suite_number, transmits 1, receives 1
ANs in use 2$3" < <(due "$2")
}

test_due() { # SUITE NUMBER OPTION-OF-IP PACKET-NUMBER
	suite=$1 suite_number=$2

	tap_ok "$suite: a key" do_all < <(rolls 1 1)
	add_addresses
	is_due "$suite: two frames of thousand" packets=1000 ""
	is_due "$suite: four frames of four" packets=4 ", used up"
	is_due "$suite: 200 octets of thousands" octets=10000 ""
	is_due "$suite: ... and of hundred" octets=100 ", used up"
	ip -n a macsec set macsec0 tx sa 1 "$3" "$4"
	is_due "$suite: packet numbers, half used" percent=75 ""
	is_due "$suite: ... are enough" percent=50 ", used up"
	delete_devices
}

tap_ok "two hosts, joined" wire
test_first_key
test_made_again
test_other_address
test_other_keys
test_rights
test_no_parent
test_two_links
test_due gcm-aes-128 1 pn 2200000000
test_due gcm-aes-xpn-128 3 xpn 9300000000000000000
test_rolls gcm-aes-128
test_rolls gcm-aes-xpn-256
tap_done
