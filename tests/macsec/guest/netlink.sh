#!/bin/bash
# netconf/macsec.h against the kernel: what is set is what is read back, by us and by ip-macsec(8);
# nothing is taken from others; keys roll under a stream without loss; packet numbers are never used
# twice. The commands are those of tests/macsec/netlink.
# Limit: 600 s
# shellcheck source=tests/macsec/netlink/lib.sh
source tests/macsec/netlink/lib.sh || exit 1

# ---- what is set is there --------------------------------------------------------------------

settings() {
	echo "SCI $sci_a, $suite, ICV 16, window 64, encrypts, protects, replay protection, strict, sends SCI"
}

four_generations() {
	local an

	open_both
	for an in 0 1 2 3; do
		stage $an $((an + 1))
	done
}

# As show has them, and ip-macsec(8).
four_sas() { # transmit|receive active|inactive
	local an

	for an in 0 1 2 3; do
		echo "$1 $an: generation $((an + 1)), $2, packet number 1, SSCI $ssci"
	done
}

four_sas_of_ip() { # ACTIVE
	local an

	for an in 0 1 2 3; do
		echo "$an $1 1 $ssci_of_ip $(printf 'name %d' $((an + 1)) | sha256sum | head -c 16)"
	done
}

test_read_back() {
	local sas='.[] | "\(.an) \(.active) \(.pn) \(.ssci) \(.key[:16])"'

	says "$suite: a device is made" "$(settings)
encoding 0, not operational" <<-EOT
		a open macsec0 eth1 $suite
		a settings
		a encoding
	EOT
	tap_is "$suite: ... as ip-macsec(8) sees it" "$(macsec_show a '[.protect, .validate, .encrypt,
		.send_sci, .end_station, .scb, .replay, .window, .cipher_suite] | map(tostring) | join(" ")')" \
		"true strict true true false false true 64 ${suite^^}"
	tap_ok "$suite: SAs at four ANs" do_all < <(four_generations)
	says "$suite: ... read back by another process, for which they are there already" \
		"$(four_sas transmit inactive)
channel $sci_b, active
$(four_sas receive active)" < <(four_generations && echo a show)
	tap_is "$suite: ... as ip-macsec(8) sees it" \
		"$(macsec_show a ".sa_list | $sas" && macsec_show a ".rx_sc[0].sa_list | $sas")" \
		"$(four_sas_of_ip false && four_sas_of_ip true)"
}

test_other_keys() {
	says "$suite: no key takes the AN of another" \
		"EEXIST macsec0: the transmit SA at AN 1 has another key: it must be deleted first
EEXIST macsec0: the receive SA of SCI $sci_b at AN 1 has another key: it must be deleted first
EEXIST macsec0: the key of generation 4 has a transmit SA at AN 3, not 1
ENOENT macsec0: the transmit SA at AN 1 is not there, or has another key
EINVAL macsec0: AN 4: there are 0 to 3" < <(
		four_generations
		echo a transmit 1 5
		echo a receive 1 5
		echo a transmit 1 4
		echo a encode 1 5
		echo a encode 4 1
	)
	says "$suite: what is deleted goes, and what has another key stays" \
		"transmit 3: generation 4, inactive, packet number 1, SSCI $ssci
channel $sci_b, active
receive 3: generation 4, active, packet number 1, SSCI $ssci" < <(
		four_generations
		for an in 0 1 2 0; do
			echo a delete-transmit $an $((an + 1))
			echo a delete-receive $an $((an + 1))
		done
		echo a delete-receive 3 3
		echo a delete-transmit 3 3
		echo a deactivate-receive 3 3
		echo a show
	)
	delete_devices
}

# ---- what is sent and taken ------------------------------------------------------------------

# At AN 0, which encodes by default.
test_first_key() {
	tap_ok "$suite: a first key is staged" do_all < <(open_both && stage 0 1)
	add_addresses
	tap_ok "$suite: ... with which nothing is sent" no_ping
	tap_is "$suite: ... no packet number is taken" \
		"$(macsec_show a '.sa_list[] | "\(.an) \(.active) \(.pn)"')" "0 false 1"
	says "$suite: ... before it is told to" "encoding 0, operational" < <(first_key && echo a encoding)
	tap_ok "$suite: ... and then is" pings
	says "$suite: the SA in use is not deleted" \
		"EBUSY macsec0: frames are encrypted with the transmit SA at AN 0: encrypt with another first" \
		< <(first_key && echo a delete-transmit 0 1)
}

# Generations 1 to LAST, one after the other at the next AN.
rolls() { # LAST
	local generation

	open_both
	stage 0 1
	for ((generation = 2; generation <= $1; generation++)); do
		stage $(((generation - 1) % 4)) $generation
		on_both encode $(((generation - 1) % 4)) $generation
		echo a sleep 300
		on_both deactivate-receive $(((generation - 2) % 4)) $((generation - 1))
		on_both delete-receive $(((generation - 2) % 4)) $((generation - 1))
		on_both delete-transmit $(((generation - 2) % 4)) $((generation - 1))
	done
}

test_rolls() {
	macsec_stream "$suite" a:10.0.0.1 b:10.0.0.2
	tap_is "$suite: a stream" $? 0
	tap_ok "$suite: twenty rolls" do_all < <(rolls 21)
	macsec_stream_end "$suite"
	tap_is "$suite: ... nothing lost" $? 0
	macsec_stream_said "$suite"
	tap_is "$suite: ... the last key is left" \
		"$(macsec_show a '[.encoding_sa, (.sa_list[], .rx_sc[].sa_list[] | .an, .active)] | map(tostring) | join(" ")')" \
		"0 0 true 0 true"
}

test_receive_sa() {
	tap_ok "$suite: a receive SA, deactivated once and twice" do_all < <(
		open_both
		stage 0 21
		echo b deactivate-receive 0 21
		echo b deactivate-receive 0 21
	)
	tap_ok "$suite: ... takes nothing" no_ping
	tap_ok "$suite: ... added again" do_all < <(open_both && stage 0 21)
	tap_ok "$suite: ... takes frames" pings
	tap_ok "$suite: ... deleted while it is active" do_all < <(
		open_both
		stage 0 21
		echo b delete-receive 0 21
		echo b delete-receive 0 21
	)
	tap_ok "$suite: ... takes nothing" no_ping
	delete_devices
}

# ---- packet numbers --------------------------------------------------------------------------

# The receiver's SA is made when the sender is at NUMBER already.
test_late_receiver() { # OPTION-OF-IP NUMBER
	tap_ok "$suite: a receive SA for a sender at packet number $2" do_all < <(
		first_key
		echo b sh ip macsec set macsec0 tx sa 0 "$1" "$2"
		echo a delete-receive 0 1
		echo a receive 0 1 "$2"
	)
	says "$suite: ... begins there" "transmit 0: generation 1, active, packet number 1, SSCI $ssci
channel $sci_b, active
receive 0: generation 1, active, packet number $2, SSCI $ssci" <<-EOT
		b open macsec0 eth1 $suite
		b transmit 0 1
		a open macsec0 eth1 $suite
		a transmit 0 1
		a show
	EOT
	add_addresses
	tap_ok "$suite: ... and takes what comes" pings
	delete_devices
}

# Frames that were sent long ago, played back to a receiver that has forgotten them.
test_old_frames() {
	tap_ok "$suite: a receive SA that begins at packet number 1000" do_all < <(
		first_key
		echo a delete-receive 0 1
		echo a receive 0 1 1000
	)
	add_addresses
	tap_ok "$suite: ... takes nothing far below" no_ping
	tap_ok "$suite: ... and counts it as late" test "$(macsec_show a '.rx_sc[0].InPktsLate')" -gt 0
	delete_devices
}

test_used_up() { # OPTION-OF-IP LAST-NUMBER
	tap_ok "$suite: a sender at its last packet number" do_all < <(
		first_key
		echo a sh ip macsec set macsec0 tx sa 0 "$1" "$2"
	)
	add_addresses
	ip netns exec a ping -q -c 1 -W 1 10.0.0.2 >/dev/null
	tap_ok "$suite: ... sends no more after it" no_ping
	says "$suite: ... and is not made to begin again" "encoding 0, not operational
transmit 0: generation 1, inactive, packet number 0, SSCI $ssci
EKEYEXPIRED macsec0: the packet numbers of the transmit SA at AN 0 are used up: it takes a new key
encoding 0, not operational" <<-EOT
		a open macsec0 eth1 $suite
		a transmit 0 1
		a encoding
		a show transmit
		a encode 0 1
		a encoding
	EOT
	tap_ok "$suite: ... takes a new key" do_all < <(
		open_both
		stage 1 2
		on_both encode 1 2
		echo a transmit 0 1
		echo a delete-transmit 0 1
	)
	tap_ok "$suite: ... and sends again" pings
	delete_devices
}

test_bad_numbers() {
	says "$suite: what there is no packet number or no key for" "$1" < <(
		open_both
		echo b transmit 0 1
		echo a receive 0 1 0
		echo a receive 0 1 4294967296
		echo a transmit 1 0
		echo a receive 1 0
	)
	delete_devices
}

# ---- all of it -------------------------------------------------------------------------------

test_suite() { # SUITE SSCI SSCI-OF-IP
	suite=$1 ssci=$2 ssci_of_ip=$3

	test_read_back
	test_other_keys
	test_first_key
	test_rolls
	test_receive_sa
}

tap_ok "two hosts, joined" wire
test_suite gcm-aes-128 0 null
test_late_receiver pn 1000000000
test_old_frames
test_used_up pn 4294967295
test_bad_numbers "EINVAL macsec0: there is no packet number 0 with gcm-aes-128
EINVAL macsec0: there is no packet number 4294967296 with gcm-aes-128
EINVAL macsec0: the key of generation 0 has 15 octets, gcm-aes-128 needs 16
EINVAL macsec0: the key of generation 0 has 15 octets, gcm-aes-128 needs 16"
test_suite gcm-aes-256 0 null
test_suite gcm-aes-xpn-128 1 0x1
test_suite gcm-aes-xpn-256 1 0x1
test_late_receiver xpn 8589934597
test_used_up xpn 18446744073709551615
tap_done
