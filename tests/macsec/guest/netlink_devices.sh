#!/bin/bash
# netconf/macsec.h against the kernel: devices made, adopted, refused and gone; channels, few and
# many; what cannot be done for want of rights or of MACsec. Nothing of another is changed.
# shellcheck source=tests/macsec/netlink/lib.sh
source tests/macsec/netlink/lib.sh || exit 1
suite=gcm-aes-128

ip_a() {
	ip -n a "$@"
}

# All interfaces of a host but for counters and times: what must be as it was.
state() { # HOST
	ip -n "$1" -details link show | sed 's/ qlen [0-9]*//; s/ state [A-Z]* / /'
	ip -n "$1" macsec show
}

# ---- adopted ---------------------------------------------------------------------------------

test_adoption() {
	ip_a link add link eth1 macsec0 type macsec port 1 encrypt off validate check
	ip_a macsec add macsec0 tx sa 2 pn 77 on key 0f 00112233445566778899aabbccddeeff
	ip_a link set macsec0 type macsec encodingsa 2
	says "a device of ip-macsec(8) is adopted, set right, and keeps its SAs" \
		"SCI $sci_a, $suite, ICV 16, window 64, encrypts, protects, replay protection, strict, sends SCI
encoding 2, operational
transmit 2: unknown key, active, packet number 77, SSCI 0" <<-EOT
		a open macsec0 eth1 $suite
		a settings
		a encoding
		a show
	EOT
	says "... with another replay window" \
		"SCI $sci_a, $suite, ICV 16, window 1000, encrypts, protects, replay protection, strict, sends SCI
encoding 2, operational" <<-EOT
		a open macsec0 eth1 $suite 1 1000
		a settings
		a encoding
	EOT
	tap_is "... still down" "$(ip_a -json link show macsec0 | jq -r '.[0].flags | index("UP")')" null
	ip_a link del macsec0
}

# ---- refused ---------------------------------------------------------------------------------

# With nothing changed.
refuses() { # TEXT PROBLEM OPEN-ARGUMENTS...
	local before after

	before=$(state a)
	says "$1" "$2" <<<"a open ${*:3}"
	after=$(state a)
	tap_is "... and nothing is changed" "$after" "$before"
}

test_refusals() {
	ip_a link add eth2 type veth peer name eth3
	ip_a link add br0 type bridge
	ip_a link set eth3 master br0
	ip_a link add link eth1 macsec0 type macsec port 1 encrypt off
	ip_a link add link eth1 macsec8 type macsec port 8 icvlen 8
	ip_a link add link eth1 macsec9 type macsec port 9
	ip_a link set macsec9 netns b

	refuses "another cipher suite" \
		"EEXIST macsec0: its cipher suite is gcm-aes-128, not gcm-aes-256: delete it (ip link delete macsec0) or configure that" \
		macsec0 eth1 gcm-aes-256
	refuses "another port" \
		"EEXIST macsec0: the port of its SCI is 1, not 2: delete it (ip link delete macsec0) or configure that" \
		macsec0 eth1 $suite 2
	refuses "a short ICV" \
		"EEXIST macsec8: its ICV has 8 octets, not 16: delete it (ip link delete macsec8)" \
		macsec8 eth1 $suite 8
	refuses "another parent" \
		"EEXIST macsec0: its parent is eth1, not eth2: delete it (ip link delete macsec0) or choose another name" \
		macsec0 eth2 $suite
	refuses "a name of another kind" \
		"EEXIST eth2: there is an interface of this name, and it is no macsec device but of kind veth: choose another name" \
		eth2 eth1 $suite
	refuses "an SCI in use" \
		"EBUSY macsec1: cannot be made on eth1: it has another macsec device of port 1 (\"ip -d link show type macsec\" names it; delete it, or give this one another port), or its frames are taken by a driver of another kind" \
		macsec1 eth1 $suite
	refuses "a port of a bridge" \
		"EBUSY macsec1: cannot be made on eth3, which is a port of a bridge or bond: take it out, or put MACsec on another interface" \
		macsec1 eth3 $suite
	refuses "no such parent" \
		"ENODEV macsec1: its parent interface eth7 is not there" macsec1 eth7 $suite
	refuses "no Ethernet" "EINVAL macsec1: its parent lo is no Ethernet interface" macsec1 lo $suite
	refuses "no name" \
		"EINVAL mac/sec: names of interfaces have 1 to 15 characters, without '/', ':' and spaces" \
		mac/sec eth1 $suite
	refuses "no port" "EINVAL macsec1: the port of an SCI is 1 or more" macsec1 eth1 $suite 0
	refuses "too large a window" \
		"EINVAL macsec1: the replay window is at most 1073741823 with gcm-aes-xpn-128" \
		macsec1 eth1 gcm-aes-xpn-128 3 1073741824
	says "a parent in another network namespace" \
		"EEXIST macsec9: its parent is in another network namespace, not eth1: delete it (ip link delete macsec9) or choose another name" \
		<<<"b open macsec9 eth1 $suite 9"
	says "two devices on one parent" \
		"EEXIST macsec1: another macsec device on its parent receives from SCI $sci_b: delete that" <<-EOT
			b open macsec0 eth1 $suite
			a open macsec0 eth1 $suite
			a channel
			a open macsec1 eth1 $suite 2
			a channel
		EOT
	for device in macsec0 macsec1 macsec8 eth2 br0; do
		ip_a link del $device
	done
	ip -n b link del macsec0
	ip -n b link del macsec9
}

# ---- rights ----------------------------------------------------------------------------------

without_rights() {
	setpriv --bounding-set=-net_admin "$BUILD/macsec/netlink" 2>&1
}

test_rights() {
	local why="not permitted: keyidd needs CAP_NET_ADMIN in this network namespace" before

	before=$(state a)
	tap_is "without CAP_NET_ADMIN no device is made" \
		"$(without_rights <<<"a open macsec0 eth1 $suite")" "EPERM macsec0: cannot make it on eth1: $why"
	tap_is "... and nothing is changed" "$(state a)" "$before"
	do_all < <(first_key)
	before=$(state a)
	tap_is "... and one that is there is not changed" "$(without_rights <<-EOT
		b open macsec0 eth1 $suite
		b transmit 0 1
		a open macsec0 eth1 $suite
		a open macsec0 eth1 $suite 1 100
		a open macsec0 eth1 $suite
		a channel 0200000000ff0001
		a transmit 0 1
		a transmit 1 2
		a receive 1 2
		a encode 0 1
		a deactivate-receive 0 1
		a delete-device
	EOT
	)" "EPERM macsec0: cannot set encryption and replay protection on it: $why
EPERM macsec0: cannot add the receive channel of SCI 0200000000ff0001: $why
EPERM macsec0: cannot add the transmit SA at AN 1: $why
EPERM macsec0: cannot add the receive SA of SCI $sci_b at AN 1: $why
EPERM macsec0: cannot deactivate the receive SA of SCI $sci_b at AN 0: $why
EPERM macsec0: cannot delete it: $why"
	tap_is "... anywhere" "$(state a)" "$before"
}

# ---- gone ------------------------------------------------------------------------------------

# Everything that can be asked of a device, after DISASTER has come over a's.
after() { # DISASTER...
	first_key
	echo a sh "$@"
	echo a encoding
	echo a channel
	echo a delete-channel
	echo a transmit 0 1
	echo a receive 0 1
	echo a encode 0 1
	echo a deactivate-receive 0 1
	echo a delete-receive 0 1
	echo a delete-transmit 0 1
	echo a delete-device
}

gone() {
	yes "ENODEV macsec0: the device is gone: it or its parent was deleted" | head -n 9
}

test_gone() {
	says "a device deleted under our feet" "$(gone)" < <(after ip link del macsec0)
	ip -n b link del macsec0 # has the SA of a key that is lost
	tap_ok "... is made again" do_all < <(first_key)
	says "another made in its place is not taken for it" "$(gone)" \
		< <(after "ip link del macsec0 && ip link add link eth1 macsec0 type macsec port 1")
	tap_ok "... nor deleted" delete_devices
	says "a parent deleted under our feet" "$(gone)
ENODEV macsec0: its parent interface eth1 is not there" < <(
		after ip link del eth1
		echo a open macsec0 eth1 $suite
	)
	join_again
	tap_ok "... comes again, and the device is made again" do_all < <(first_key)
	tap_ok "a device is deleted" do_all <<-EOT
		a open macsec0 eth1 $suite
		a delete-device
		a delete-device
		b open macsec0 eth1 $suite
		b delete-device
	EOT
	tap_is "... and none is left" "$(ip_a macsec show && ip -n b macsec show)" ""
}

# Others' devices on the same parent, made and deleted until the script ends.
test_restless() {
	local i

	do_all < <(first_key)
	live_start restless ip netns exec a sh -c '
		while ip link add link eth1 macsec5 type macsec port 5; do
			ip link add link eth1 macsec6 type macsec port 6
			ip link del macsec5
			ip link del macsec6
		done'
	says "read back three hundred times while others come and go" \
		"$(yes "encoding 0, operational" | head -n 300)" < <(
			echo a open macsec0 eth1 $suite
			for i in {1..300}; do echo a encoding; done
		)
	tap_ok "... which they did" kill -0 "$live_pid"
	live_stop "$live_pid"
	ip_a link del macsec5 2>/dev/null
	ip_a link del macsec6 2>/dev/null
	delete_devices
}

# ---- channels --------------------------------------------------------------------------------

# Of SCIs FIRST to LAST.
channels() { # COMMAND FIRST LAST
	local i

	for ((i = $2; i <= $3; i++)); do
		printf 'a %s 02000001%04x0001\n' "$1" "$i"
	done
}

# With each a key at each AN, so that the kernel's answer is as long as it can be.
full_channels() {
	local i an

	for i in {1..32}; do
		for an in 0 1 2 3; do
			printf 'a receive %d %d 1 02000001%04x0001\n' $an $((an + 1)) "$i"
		done
	done
}

test_channels() {
	suite=gcm-aes-xpn-256
	says "a channel with an SA is not deleted" \
		"EBUSY macsec0: the receive channel of SCI $sci_b has an SA at AN 0: delete that first
ENOENT macsec0: there is no receive channel of SCI $sci_b" < <(
		open_both
		stage 0 1
		echo a delete-channel
		echo a delete-receive 0 1
		echo a delete-channel
		echo a delete-channel
		echo a delete-receive 0 1
		echo a receive 0 1
	)
	tap_is "32 channels with four SAs each are read back" "$({
		echo a open macsec0 eth1 $suite
		channels channel 1 32
		full_channels
		echo a show
	} | "$BUILD/macsec/netlink" 2>&1 | cut -d ' ' -f 1 | sort | uniq -c | tr -s ' \n' ' ')" \
		" 32 channel 128 receive 1 transmit "
	says "33 are too many, and said to be" "E2BIG macsec0: it has more than 32 receive channels
E2BIG macsec0: it has more than 32 receive channels
E2BIG macsec0: it has more than 32 receive channels" < <(
		echo a open macsec0 eth1 $suite
		channels channel 33 34
		echo a encoding
		echo a open macsec0 eth1 $suite
	)
	for i in {34..250}; do
		printf 'macsec add macsec0 rx sci 02000001%04x0001\n' "$i"
	done | ip_a -batch -
	says "... even if the kernel does not show the device any more" \
		"E2BIG macsec0: it has too many receive channels to be read back" <<<"a open macsec0 eth1 $suite"
	delete_devices
}

# ---- without MACsec --------------------------------------------------------------------------

# Only where nobody else can need it: in the guest, whose tree is /keyidd.
test_no_module() {
	local text="without the kernel's macsec"

	if [ "$PWD" != /keyidd ] || ! modprobe -r macsec; then
		tap_skip "$text" "not in the guest, or in use"
		return
	fi
	mv /lib/modules/*/kernel/drivers/net/macsec.ko /tmp/
	says "$text" \
		"EOPNOTSUPP macsec0: this kernel has no MACsec: load it (modprobe macsec), or take one with CONFIG_MACSEC" \
		<<<"a open macsec0 eth1 $suite"
	mv /tmp/macsec.ko /lib/modules/*/kernel/drivers/net/
	tap_ok "... and with it" do_all <<<"a open macsec0 eth1 $suite"
}

tap_ok "two hosts, joined" wire
test_adoption
test_refusals
test_rights
test_gone
test_restless
test_channels
test_no_module
tap_done
