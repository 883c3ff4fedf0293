#!/bin/bash
# KMEs and routers that fail: the key of before stays in use, both ends say why, and when the fault
# is over the next interval brings a new key without help. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

# What MACsec uses according to this end's router.
ckn_in_use() { # END
	lab_router "$1" '.committed.ckn as $newest | .interfaces[0] |
		if .mka == "primary live" then $newest
		elif .mka == "preceding active" then .preceding.ckn
		else "none" end'
}

in_use() {
	echo "$(ckn_in_use master) $(ckn_in_use slave)"
}

confirmed_after() { # GENERATION
	[ "$(lab_status master 'select(.state == "confirmed") | .generation')" -gt "$1" ] 2>/dev/null &&
		[ "$(lab_status slave 'select(.state == "confirmed") | .generation')" -gt "$1" ] 2>/dev/null
}

says() { # END REASON
	lab_status "$1" '.problems[]' | grep -q -e "$2"
}

both_say() { # REASON
	says master "$1" && says slave "$1"
}

recovered() { # GENERATION
	confirmed_after "$1" && lab_agree &&
		[ -z "$(lab_status master '.problems[]')$(lab_status slave '.problems[]')" ]
}

# COMMAND...: waits for it; if in vain, says how both ends are
in_time() {
	wait_for 15 "$@" && return
	for end in master slave; do
		echo "the $end: $(lab_status "$end" '"\(.state): \(.detail)", .problems[]')"
	done
	return 1
}

# TEXT REASON FAULT COMMAND...: the fault is put in place just after a rotation.
fails() {
	local text=$1 reason=$2 generation before

	shift 2
	generation=$(lab_status master .generation)
	wait_for 20 confirmed_after "$generation" || echo "# no rotation before the fault"
	before=$(in_use)
	"$@" || echo "# no fault: $*"
	generation=$(lab_status master .generation)
	tap_ok "$text: both ends say $reason" in_time both_say "$reason"
	tap_is "$text: the key of before stays in use" "$(in_use)" "$before"
	"${mend[@]}"
	tap_ok "$text: a new key without help when it is over" in_time recovered "$generation"
}

lab_mka_delay=100
lab_times=${lab_times/rekey-interval: 0/rekey-interval: 1s}
lab_make
{ lab_start slave && lab_start master && lab_ctl master rekey --wait >"$live_dir/said"; } || exit 1

# ---- KMEs ------------------------------------------------------------------------------------

mend=(lab_start_kmes)
fails "KMEs down" kme-unreachable lab_stop_kmes
mend=(lab_clear)
fails "503 at the master's KME" kme-unavailable lab_kme fault mx304-11 status 503
fails "400 at the master's KME" kme-bad-request lab_kme fault mx304-11 status 400
fails "503 at the slave's KME" kme-unavailable lab_kme fault mx304-12 status 503
fails "a reply lost on its way to the slave" kme-connection-lost lab_kme fault mx304-12 reply-lost
fails "a key that expires before the slave asks" kme-key-not-found \
	lab_kme fault mx304-12 key-expired
fails "a key of the wrong length for the slave" kme-key-unusable \
	lab_kme fault mx304-12 wrong-length
fails "a reply that is not JSON" kme-bad-reply lab_kme fault mx304-12 garbage

# ---- routers, before the decision ------------------------------------------------------------

for end in master slave; do
	fails "a check refused by the $end's router" device-refused \
		lab_fault "$end" check-refused always
	fails "the lock of the $end's router held" device-locked \
		lab_fault "$end" lock-held 4711 always
	mend=(lab_start_router "$end")
	fails "the $end's router unreachable" device-unreachable lab_stop_router "$end"
	mend=(lab_clear)
done

# ---- routers, after it -----------------------------------------------------------------------

for end in master slave; do
	fails "a commit refused by the $end's router" device-commit-failed \
		lab_fault "$end" commit-refused always
	fails "the session lost with each commit at the $end's router" device-connection-lost \
		lab_fault "$end" drop-before-commit always
done

for end in master slave; do
	generation=$(lab_status master .generation)
	wait_for 20 confirmed_after "$generation"
	lab_mark $end
	lab_fault $end drop-after-commit
	tap_ok "the session lost after a commit at the $end's router: the rotation is confirmed" \
		in_time confirmed_after $((generation + 1))
	tap_ok "... though the session was lost" lab_said $end "connection-lost"
	tap_ok "... and both routers use one key" in_time lab_agree
done
tap_done
