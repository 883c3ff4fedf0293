#!/bin/bash
# Frames are held back while the encoding SA is switched (netconf/macsec_plug.h): many switches
# under a fast stream lose none. Without it they do, which is only said, as it is a matter of chance: the
# kernel is slowed down where it matters. Held frames leave by the processor that lets them go, and
# in a virtual machine that may be stopped just then: hence the large replay window.
#
#   SWITCHES=N     each time: 2000 unless set
#   INTERVAL_US=N  of the stream's frames: 200 unless set
#
# Limit: 600 s
# shellcheck source=tests/macsec/netlink/lib.sh
source tests/macsec/netlink/lib.sh || exit 1
SWITCHES=${SWITCHES:-2000}
INTERVAL_US=${INTERVAL_US:-200}
window=100000
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

# Between its two looks at the encoding AN the kernel calls skb_push(): traced, with the stack, that
# takes far longer.
slow_down() {
	mount -t tracefs tracefs /sys/kernel/tracing && cd /sys/kernel/tracing &&
		echo skb_push >set_ftrace_filter && echo 1 >options/func_stack_trace &&
		echo function >current_tracer
}

speed_up() {
	echo nop >/sys/kernel/tracing/current_tracer
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

tap_ok "two hosts, joined" wire
tap_ok "the kernel is slow" slow_down
# It takes two processors.
macsec_with_stream=()
test_without
test_with
tap_ok "the kernel is as it was" speed_up
tap_done
