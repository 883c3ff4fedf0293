#!/bin/bash
# Bounds on what is sent under one key: when a link has sent so many frames or octets, either end
# asks for the next key by itself, and gets it without loss.
# Limit: 300 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1
lab_times=${lab_times/read-back-interval: 2s/read-back-interval: 500ms}

# The file is read again, and the daemon made anew: the kernel has the keys.
bound() { # HOST KEY: VALUE
	daemons_device_keys=$2
	lab_write_config "$1"
	daemons_device_keys=
	lab_stop "$1"
	lab_start "$1" && wait_for 60 daemons_agree
}

unbound() { # HOST
	lab_write_config "$1"
	lab_stop "$1"
	lab_start "$1" && wait_for 60 daemons_agree
}

keys_since() { # GENERATION
	echo $(($(daemons_generation a) - $1))
}

# FRAMES of 200 octets are sent; a bound of a fifth of them takes at least three keys.
test_bound() { # TEXT HOST KEY: VALUE
	local before keys

	bound "$2" "$3"
	tap_is "$1" $? 0
	before=$(daemons_generation a)
	macsec_stream "$2" --frames 8000 a:10.0.0.1 b:10.0.0.2
	macsec_stream_wait "$2"
	tap_is "... nothing is lost" $? 0
	tap_ok "... both ends agree" wait_for 30 daemons_agree
	keys=$(keys_since "$before")
	echo "# $keys keys"
	tap_ok "... there were new keys, and not too many" test "$keys" -ge 2 -a "$keys" -le 8
	unbound "$2"
	tap_is "... no bound" $? 0
}

daemons_make
daemons_start
tap_is "the first key is in use" $? 0
test_bound "the master after 1600 frames" a "rekey-packets: 1600"
test_bound "the slave after 1600 frames" b "rekey-packets: 1600"
test_bound "the master after 400,000 octets" a "rekey-octets: 400000"
tap_done
