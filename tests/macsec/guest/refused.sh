#!/bin/bash
# Where a host cannot be the end of a MACsec link, keyidd says why in one line, of the log and
# of keyidctl, changes nothing, and goes on by itself once it can.
# Limit: 300 s
# shellcheck source=tests/macsec/daemons.sh
source tests/macsec/daemons.sh || exit 1

problem() { # HOST PATTERN
	lab_ctl "$1" status | grep -q -e "$2"
}

# All that could be changed.
state() { # HOST
	ip -n "$1" macsec show
	ip -n "$1" -details link show | sed 's/ qlen [0-9]*//; s/ state [A-Z]* / /'
}

warnings() { # HOST PATTERN
	tail -c "+$((lab_marked[$1] + 1))" "$live_dir/$1/keyidd.log" | grep -c -e "device: .*$2"
}

# TEXT PATTERN COMMAND...: what the command has started says so, and leaves everything as it is
refuses() {
	local text=$1 pattern=$2 before

	shift 2
	before=$(state a)
	"$@"
	tap_is "$text: keyidd runs" $? 0
	tap_ok "... keyidctl says why" wait_for 20 problem a "$pattern"
	tap_is "... and the log, once" "$(warnings a "$pattern")" 1
	tap_is "... nothing is changed" "$(state a)" "$before"
}

# With everything that root has, but for this.
lab_run() { # HOST
	umask "$lab_umask"
	exec ip netns exec "$1" setpriv --bounding-set "${bounding[$1]:-+all}" --inh-caps=-all \
		"$BUILD/keyidd" --config "$live_dir/$1/keyidd.yaml" 2>>"$live_dir/$1/keyidd.log"
}

daemons_make
declare -A bounding=([a]=-net_admin)
refuses "without CAP_NET_ADMIN" 'CAP_NET_ADMIN' lab_start a
lab_stop a
bounding=()

ip -n a link add link eth1 macsec0 type macsec port 1 cipher gcm-aes-128 encrypt on
refuses "a device of another cipher suite" 'macsec0.*GCM-AES-128\|macsec0.*gcm-aes-128' lab_start a
lab_start b
tap_is "... b waits for a" $? 0
ip -n a link del macsec0
tap_ok "... without it there is a key" wait_for 60 daemons_agree

no_problem() { # HOST PATTERN
	! problem "$@"
}
lab_mark a
ip -n a link set dev macsec0 down
tap_ok "the macsec device is down: keyidctl says so" wait_for 20 problem a 'macsec0 is down'
tap_is "... and the log, once" "$(warnings a 'macsec0 is down')" 1
ip -n a link set dev macsec0 up
tap_ok "... up again: no more" wait_for 20 no_problem a 'macsec0 is down'
tap_ok "... which the log says" lab_said a 'macsec0 is not down any more'

parent_is_gone() {
	ip -n a link del eth1
}
lab_mark a
parent_is_gone
tap_ok "the parent is gone: keyidctl says so" wait_for 20 problem a 'eth1'
tap_is "... and the log says once what the device lacks" "$(warnings a eth1)" 1
confirmed_anew() {
	lab_said a 'confirmed' && daemons_agree
}
lab_mark a
ip -n a link add eth1 address 02:00:00:00:00:0a type veth peer name eth1 address 02:00:00:00:00:0b netns b
ip -n a link set dev eth1 up
ip -n b link set dev eth1 up
tap_ok "... and is there again: so is a key" wait_for 60 confirmed_anew
daemons_end

# Only in a machine of our own.
if [ ! -e /init ]; then
	tap_skip "without the kernel's module" "not on this host"
	tap_done
fi
rmmod macsec
find /lib/modules -name macsec.ko -exec mv {} /tmp/macsec.ko \;
daemons_make
refuses "without the kernel's module" 'MACsec' lab_start a
lab_stop a
find /lib/modules -path '*/drivers/net' -exec mv /tmp/macsec.ko {} \;
modprobe macsec
tap_done
