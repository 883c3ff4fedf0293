#!/bin/bash
# Frames are held back while the encoding SA is switched (netconf/macsec_plug.h): many switches
# under a fast stream lose none. Without it they do, which is only said, as it is a matter of chance:
# the guest's kernel is slowed down where it matters.
#
#   SWITCHES=N     each time: 2000 unless set
#   INTERVAL_US=N  of the stream's frames: 200 unless set
#
# Limit: 600 s
# shellcheck source=tests/macsec/netlink/lib.sh
source tests/macsec/netlink/lib.sh || exit 1
SWITCHES=${SWITCHES:-2000}
INTERVAL_US=${INTERVAL_US:-200}
window=64
suite=gcm-aes-128

# Two keys at both ends; a switches between them.
open_with() { # HOLD
	on_both open macsec0 eth1 "$suite" 1 "$window" "$1"
	on_both channel
	stage 0 1
	stage 1 2
	on_both encode 0 1
}

switches() { # HOLD
	open_with "$1"
	echo a switch "$SWITCHES" 1 2 0 1
	echo a warning
}

root_of() { # HOST
	tc -n "$1" qdisc show dev macsec0 root | sed 's/ root.*//'
}

in_guest() {
	[ "$PWD" = /keyidd ]
}

# Between its two looks at the encoding AN the kernel calls skb_push(): traced, with the stack, that
# takes far longer.
slow_down() {
	mount -t tracefs tracefs /sys/kernel/tracing && cd /sys/kernel/tracing &&
		echo skb_push >set_ftrace_filter && echo 1 >options/func_stack_trace &&
		echo function >current_tracer
}

lost() { # NAME
	sed -n 's/^a to b: [0-9]* sent, \([0-9]*\) lost.*/\1/p' "$live_dir/$1.out"
}

# The status of the stream is left in $lossless.
switch_under_stream() { # NAME HOLD
	add_addresses
	macsec_stream "$1" --size 100 --interval-us "$INTERVAL_US" --window "$window" \
		a:10.0.0.1 b:10.0.0.2
	tap_is "... a stream" $? 0
	says "... $SWITCHES switches" "" < <(switches "$2")
	macsec_stream_end "$1"
	lossless=$?
	macsec_stream_said "$1"
	echo "# $1: $(lost "$1") frames lost in $SWITCHES switches; b has received" \
		"$(macsec_show b '.rx_sc[0] | "\(.InPktsNotValid) not valid, \(.InPktsLate) late"')"
}

test_without() {
	tap_ok "frames are not held: two keys" do_all < <(open_with 0)
	tap_is "... the device has no queue" "$(root_of a)" "qdisc noqueue 0:"
	switch_under_stream without 0
	delete_devices
}

test_with() {
	tap_ok "frames are held: two keys" do_all < <(open_with 1)
	tap_is "... the device has a plug" "$(root_of a)" "qdisc plug 88b7:"
	switch_under_stream with 1
	tap_is "... not a frame is lost" "$lossless" 0
	tap_is "... nothing is left of the nexthops" "$(ip -n a nexthop show)" ""
	delete_devices
}

# ---- where frames cannot be held -------------------------------------------------------------

lossy="macsec0: frames are not held back at a change of keys, which may lose one:"

# It comes with the next look, once it is there.
test_no_module() {
	local text="a kernel without the queueing discipline"

	if ! in_guest || ! modprobe -r sch_plug; then
		tap_skip "$text" "not in the guest, or in use"
		return
	fi
	mv /lib/modules/*/kernel/net/sched/sch_plug.ko /tmp/
	says "$text: a device is made without, which is said" \
		"$lossy the kernel has no queueing discipline plug (CONFIG_NET_SCH_PLUG)" <<-EOT
			a open macsec0 eth1 $suite
			a warning
		EOT
	mv /tmp/sch_plug.ko /lib/modules/*/kernel/net/sched/
	says "... with it, the same device has a plug" "" <<-EOT
		a open macsec0 eth1 $suite
		a warning
	EOT
	tap_is "... as tc(8) sees it" "$(root_of a)" "qdisc plug 88b7:"
	ip -n a link del dev macsec0
}

test_other_queue() {
	tap_ok "a device without a plug" do_all < <(open_with 0)
	add_addresses
	says "... in use, it is left alone" "$lossy it was in use already when it was adopted \
(delete it, and keyidd makes it anew)" < <(open_with 1 && echo a warning && echo a encode 1 2)
	tap_is "... as it was" "$(root_of a)" "qdisc noqueue 0:"
	tc -n a qdisc add dev macsec0 root handle 7: pfifo
	says "... and with the operator's queue, too" "$lossy it has the queueing discipline pfifo" \
		< <(open_with 1 && echo a warning)
	tap_is "... as it was" "$(root_of a)" "qdisc pfifo 7:"
	tc -n a qdisc replace dev macsec0 root handle 8: plug
	says "... or somebody's plug" "$lossy it has the queueing discipline plug" \
		< <(open_with 1 && echo a warning)
	tap_ok "... which still holds frames" no_ping
	delete_devices
}

# Of the batch all is done but what the kernel refuses.
test_plug_taken() {
	tap_ok "a device with a plug" do_all < <(open_with 1)
	add_addresses
	says "... that is taken from it while it is open: it switches" \
		"encoding 1, operational
$lossy the kernel did not do so, or did not wait (needs Linux 5.8): File exists" < <(
			open_with 1
			echo a sh tc qdisc replace dev macsec0 root handle 7: pfifo
			echo a encode 1 2
			echo a encoding
			echo a warning
		)
	tap_ok "... frames pass" pings
	tap_is "... the operator's queue is as it was" "$(root_of a)" "qdisc pfifo 7:"
	tap_is "... and nothing is left of the nexthops" "$(ip -n a nexthop show)" ""
	delete_devices
}

test_held() {
	tap_ok "a device with a plug" do_all < <(open_with 1)
	add_addresses
	tap_ok "... which lets frames pass" pings
	tc -n a qdisc change dev macsec0 root handle 88b7: plug block
	tap_ok "... found to hold them" no_ping
	tap_ok "... once it is opened" do_all <<<"a open macsec0 eth1 $suite 1 $window 0"
	tap_ok "... lets them pass" pings
	delete_devices
}

tap_ok "two hosts, joined" wire
test_no_module
test_other_queue
test_plug_taken
test_held
! in_guest || tap_ok "the kernel is slow" slow_down
test_without
test_with
! in_guest || echo nop >/sys/kernel/tracing/current_tracer
tap_done
