#!/bin/bash
# The key-ID as an interface description that LLDP shows: keyidd as the slave's end hears Debian's
# lldpd in the place of the other end's router; as the master's end it sets the description on its
# router. Not authenticated, so refused unless accepted by name. Prints TAP.
# shellcheck source=tests/lib/handover.sh
source "$(dirname "$0")/../lib/handover.sh" || exit 1

slave_lines="transport: lldp-port-description
accept-unauthenticated: true
interface: eth1
key-size: 0"
handover_lines[slave]=$slave_lines
handover_lines[master]="transport: lldp-port-description
accept-unauthenticated: true
description-interface: et-0/0/9
interval: 30d
key-size: 0"
declare -A lldpd_pid

# ---- who shows descriptions ------------------------------------------------------------------

lldpd_run() { # NAME END
	exec ip netns exec "$2" lldpd -d -u "$live_dir/$1.lldpd" -I eth1
}

lldp() { # NAME LLDPCLI-ARGUMENT...
	local socket=$live_dir/$1.lldpd

	shift
	lldpcli -u "$socket" "$@"
}

lldpd_start() { # NAME END
	live_start "lldpd-$1" lldpd_run "$1" "$2"
	lldpd_pid[$1]=$live_pid
	wait_for 10 lldp "$1" show chassis >"$live_dir/said" 2>&1
}

show() { # NAME DESCRIPTION
	lldp "$1" configure ports eth1 lldp portdescription "$2" >"$live_dir/said" 2>&1
}

# The old script at the master's end: a key of the KME's, committed there; not shown yet.
old_key() {
	handover_old master && old_id=$(sed 's/.*: "\(.*\)"}/\1/' "$live_dir/master/home/"*.json)
}

# What a router does whose description was set.
mirror() {
	show west "$(lab_router master '.descriptions["et-0/0/9"]')"
}

# The old script of the slave's end, with the key-ID of the neighbour that lldpd hears.
old_slave() {
	handover_old slave --copy "lldpcli -u $live_dir/east.lldpd -f json0 show neighbors details |
		jq '{\"mx304-11\": .lldp[0].interface[0].port[0].descr[0].value}'"
}

# ---- what to look at -------------------------------------------------------------------------

problem() {
	handover slave '.problems[0] // "none"'
}

has_problem() { # PATTERN
	[[ $(problem 2>/dev/null) == $1 ]]
}

well() {
	handover_is slave '.problems | length' 0
}

follows() { # KEY-ID
	handover_is slave '"\(.key_id) \(.state)"' "$1 live" && lab_agree
}

heard_more() { # COUNT
	[ "$(handover_count slave seen)" -gt "$1" ]
}

# ---- refused ---------------------------------------------------------------------------------

handover_make
chmod 711 "$live_dir" # lldpd gives up its privileges, and has to find its socket then
for end in master slave; do
	cp "$live_dir/$end/keyidd.yaml" "$live_dir/accepted.yaml"
	sed -i /accept-unauthenticated/d "$live_dir/$end/keyidd.yaml"
	said=$("$BUILD/keyidd" --check --config "$live_dir/$end/keyidd.yaml" 2>&1)
	tap_is "keyidd --check refuses the $end without accept-unauthenticated" "$?" 78
	tap_is "... with one line" "$(wc -l <<<"$said")" 1
	tap_ok "... that says what it means" grep -q \
		'handovers\[0\].accept-unauthenticated: not true: nothing protects a key-ID in LLDP' \
		<<<"$said"
	tap_is "keyidd does not start either" \
		"$("$BUILD/keyidd" --config "$live_dir/$end/keyidd.yaml" 2>&1)" "$said"
	cp "$live_dir/accepted.yaml" "$live_dir/$end/keyidd.yaml"
	tap_ok "with it, --check accepts the $end" "$BUILD/keyidd" --check --config \
		"$live_dir/$end/keyidd.yaml"
done

# ---- keyidd is the slave's end ---------------------------------------------------------------

lab_start slave || exit 1
tap_ok "without a neighbour keyidd waits, and says so" wait_for 10 has_problem \
	'lldp-no-neighbour: eth1: no neighbour with a Port Description is heard'
tap_is "... marked insecure" "$(handover slave .mark)" insecure
tap_ok "... in the table too" grep -q 'span-9 \[insecure\]: ' <(lab_ctl slave status)
lldpd_start west master || exit 1
tap_ok "a description that is no key-ID is refused" wait_for 10 has_problem \
	'lldp-content: eth1: "eth1" is no UUID, which ckn: prefix needs'
show west "to mx304-12 via eth1"
tap_ok "... and so is one with blanks" wait_for 10 has_problem \
	'lldp-content: eth1: "to mx304-12 via eth1" is no key-ID'
tap_is "... nobody was asked for a key" "$(handover_count slave asked)" 0

old_key
show west "$old_id"
tap_ok "the key-ID of the old master's key is followed" wait_for 10 follows "$old_id"
tap_ok "... nothing is wrong" wait_for 10 well
tap_is "... by one call of the KME" "$(handover_count slave asked)" 1
tap_ok "every line of the log about it has the mark" test -z \
	"$(grep 'handover: span-9' "$live_dir/slave/keyidd.log" | grep -v 'span-9 \[insecure\]: ')"

seen=$(handover_count slave seen)
lldp west configure lldp tx-interval 1 >"$live_dir/said"
tap_ok "the same key-ID comes again and again" wait_for 10 heard_more $((seen + 1))
tap_is "... and is stale" "$(handover_count slave asked)" 1

old_key
show west "$old_id"
tap_ok "the next one is followed" wait_for 10 follows "$old_id"
unknown=00000000-0000-4000-8000-000000000001
show west $unknown
tap_ok "a key-ID that the KME does not know" wait_for 10 handover_is slave '.errors[0].reason' \
	kme-key-not-found
seen=$(handover_count slave seen)
wait_for 10 heard_more $((seen + 1))
tap_is "... is asked for once" "$(handover_count slave asked)" 3
tap_is "... and the router keeps its key" "$(handover_key_id slave)" "$old_id"
lab_stop slave
lab_start slave || exit 1
wait_for 10 heard_more 1
tap_is "... after a restart as well" "$(handover_count slave asked) $(handover slave .state)" "0 lost"
old_key
show west "$old_id"
tap_ok "another one goes through" wait_for 10 follows "$old_id"

# ---- neighbours that go and come -------------------------------------------------------------

live_stop "${lldpd_pid[west]}"
tap_ok "a shutdown LLDPDU ends the neighbour at once" wait_for 2 has_problem 'lldp-no-neighbour: *'
tap_is "... the key stays" "$(handover slave '"\(.key_id) \(.state)"')" "$old_id live"
lldpd_start west master
lldp west configure lldp tx-interval 1 >"$live_dir/said"
lldp west configure lldp tx-hold 2 >"$live_dir/said"
show west "$old_id"
tap_ok "it comes back" wait_for 10 well

start_pretender() {
	lldpd_start other master
	lldp other configure system chassisid other
	lldp other configure system hostname pretender
	lldp other configure lldp tx-interval 1
	lldp other configure lldp tx-hold 2
	show other $unknown
} >"$live_dir/said"

# lldpd's process and the one that keeps its privileges: no shutdown LLDPDU is sent.
kill_pretender() {
	local pids

	mapfile -t pids < <(pgrep -P "${lldpd_pid[other]}")
	kill -KILL "${lldpd_pid[other]}" "${pids[@]}"
	wait "${lldpd_pid[other]}" 2>/dev/null
}

start_pretender
tap_ok "two neighbours: neither is believed, and both are named" wait_for 10 has_problem \
	'lldp-ambiguous: eth1: 2 neighbours show a Port Description, and none is believed: *other*'
asked=$(handover_count slave asked)
old_key
show west "$old_id"
refused=$(handover_count slave refused)
more_refused() {
	[ "$(handover_count slave refused)" -gt $((refused + 2)) ]
}
wait_for 10 more_refused
tap_is "... also when one of them shows a new key-ID" "$(handover_count slave asked)" "$asked"
kill_pretender
tap_ok "one is silent: when its TTL has passed, the other one is believed again" \
	wait_for 10 follows "$old_id"

start_pretender
wait_for 10 has_problem 'lldp-ambiguous: *'
handover_lines[slave]="$slave_lines
neighbour-system-name: $(lldp west -f keyvalue show chassis | sed -n 's/.*chassis.name=//p')"
lab_write_config slave
kill -HUP "${lab_pid[slave]}"
old_key
show west "$old_id"
tap_ok "named by its system name, the right one is believed" wait_for 10 follows "$old_id"
handover_lines[slave]="$slave_lines
neighbour-chassis: $(lldp west -f keyvalue show chassis | sed -n 's/.*chassis.mac=//p')"
lab_write_config slave
kill -HUP "${lab_pid[slave]}"
old_key
show west "$old_id"
tap_ok "... and so it is named by its chassis ID" wait_for 10 follows "$old_id"
live_stop "${lldpd_pid[other]}"
handover_lines[slave]=$slave_lines
lab_write_config slave
kill -HUP "${lab_pid[slave]}"

# Whoever is heard alone is believed: what the pretender shows is asked for, and leaves no trace but that.
show west $unknown
tap_ok "a forged key-ID costs a question" wait_for 10 handover_is slave '.errors[0].reason' \
	kme-key-not-found
show west "$old_id"
tap_ok "... and when the true one is back, all is well" wait_for 10 handover_is slave \
	'"\(.state) \(.problems | length)"' "live 0"

# ---- an interface that goes and comes --------------------------------------------------------

ip -n slave link set eth1 down && ip -n slave link set eth1 name eth9
tap_ok "the interface is gone: keyidd says so" wait_for 10 has_problem 'lldp-port: eth1: *'
ip -n slave link set eth9 name eth1 && ip -n slave link set eth1 up
old_key
show west "$old_id"
tap_ok "... it is back: the key-ID is followed" wait_for 15 follows "$old_id"
lab_stop slave

# ---- keyidd is the master's end --------------------------------------------------------------

lldpd_start east slave || exit 1
rm -f "$live_dir/slave/home/"*
before=$(lab_router master .commits)
lab_start master || exit 1
shown() {
	[ "$(lab_router master '.descriptions["et-0/0/9"]')" = "$(handover_key_id master)" ]
}
tap_ok "keyidd shows the key-ID of a new key as the description" wait_for 10 shown
tap_is "... with the key, in one commit" "$(lab_router master .commits)" $((before + 1))
tap_is "... marked insecure" "$(handover master .mark)" insecure
tap_ok "the old key is in use until the other end follows" wait_for 5 \
	handover_is master '"\(.state) \(.device.key)"' "applied holds"
mirror
old_follows() {
	old_slave && lab_agree
}
tap_ok "the old script at the slave's end follows" wait_for 10 old_slave
tap_ok "... both routers use the key" wait_for 10 handover_is master .state live
tap_ok "... and one key" wait_for 5 lab_agree
new=$(handover_key_id master)
lab_stop master
lab_start master || exit 1
wait_for 10 handover_is master .state live
tap_is "a restart changes nothing" "$(handover_key_id master) $(lab_router master .commits)" \
	"$new $((before + 1))"
lab_fault master commit-refused
lab_ctl master rekey span-9 >"$live_dir/said"
tap_ok "a commit that is refused is tried again, with description and key" wait_for 15 \
	handover_is master '"\(.key_id != "'"$new"'") \(.state)"' "true applied"
tap_ok "... the description is that of the key" shown
tap_is "... of the same key" "$(handover_count master asked)" 1

# ---- keyidd at both ends ---------------------------------------------------------------------

live_stop "${lldpd_pid[east]}"
lab_start slave || exit 1
mirror
tap_ok "a slave of our own follows" wait_for 10 follows "$(handover_key_id master)"
for round in 1 2 3; do
	lab_ctl master rekey span-9 >"$live_dir/said"
	wait_for 10 handover_is master .state applied
	mirror
	tap_ok "... and again" wait_for 10 follows "$(handover_key_id master)"
done
tap_ok "... which both show as live" wait_for 10 handover_is master .state live
lab_stop slave
tap_is "the slave ends with 0 on SIGTERM" "$?" 0
lab_stop master
tap_is "the master ends with 0 on SIGTERM" "$?" 0
tap_done
