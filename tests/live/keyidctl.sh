#!/bin/bash
# keyidctl and two daemons: what people see, what scripts get, and how it fails. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

# Runs keyidctl of an end; what it prints is in $out and $err, its exit status in $rc.
ask() { # END ARGUMENTS...
	lab_ctl "$@" >"$live_dir/out" 2>"$live_dir/err"
	rc=$?
	out=$(<"$live_dir/out")
	err=$(<"$live_dir/err")
}

plain() { # ARGUMENTS...
	"$BUILD/keyidctl" "$@" >"$live_dir/out" 2>"$live_dir/err"
	rc=$?
	out=$(<"$live_dir/out")
	err=$(<"$live_dir/err")
}

shows() { # TEXT PATTERN
	tap_ok "$1" grep -Eq -e "$2" <<<"$out"
}

complains() { # TEXT STATUS PATTERN
	tap_is "$1: exit status" "$rc" "$2"
	tap_ok "... in one line that says it" grep -Eq -e "$3" <<<"$err"
	tap_is "... and no more" "$(wc -l <<<"$err") ${#out}" "1 0"
}

# No line is wider than 100 columns, or ends in blanks.
is_narrow() {
	awk 'length > 100 || / $/ { exit 1 }' <<<"$out"
}

# ---- without a daemon ------------------------------------------------------------------------

plain --socket "$live_dir/none.sock" status
complains "no socket" 3 "keyidctl: keyidd is not running: no socket at $live_dir/none.sock"
perl -MSocket -e 'socket S, AF_UNIX, SOCK_STREAM, 0 and bind S, sockaddr_un $ARGV[0] or die $!' \
	"$live_dir/stale.sock"
KEYIDD_SOCKET=$live_dir/stale.sock plain status
complains "a stale socket, named by the environment" 3 "nobody listens at $live_dir/stale.sock"
plain --socket "/$(printf 'x%.0s' {1..200})" status
complains "a path that is too long" 3 "File name too long"

for wrong in "" "stat" "status a b" "status --limit 3" "history --limit 0" "history --limit x" \
	"rekey --timeout 5" "rekey --wait --timeout 3601" "--nonsense" "counters --wait"; do
	# shellcheck disable=SC2086
	plain $wrong
	tap_is "wrong usage: keyidctl $wrong" "$rc ${#out}" "2 0"
done
plain help
tap_is "help" "$rc ${#err}" "0 0"
shows "... lists the commands" '^  rekey +\[ASSOCIATION\] \[--wait\]'

# ---- two daemons, no key yet -----------------------------------------------------------------

lab_make
lab_start master || exit 1

ask master status
tap_is "status" "$rc $err" "0 "
shows "... says that there is no key" '^span-1: master mx304-11, idle$'
shows "... and what is wrong" '^! mx304-12 has not been heard since the start$'
ask master rekey --wait
complains "rekey --wait with a silent member" 1 \
	'span-1: no new key can be made now: member-silent \(mx304-12\)'
ask master rekey --wait --json
tap_is "... as JSON" "$rc $(jq -r '.associations[0] | .outcome, .reason, .sae' <<<"$out" | xargs)" \
	"1 held member-silent mx304-12"

lab_start slave || exit 1
tap_ok "that key is made once the member is there" wait_for 15 eval \
	'[ "$(lab_status master .decision)" = confirmed ] && [ "$(lab_status slave .decision)" = confirmed ]'

# ---- keys ------------------------------------------------------------------------------------

ask master rekey span-1 --wait --timeout 30
tap_is "rekey --wait at the master" "$rc $err" "0 "
ckn=$(lab_status master '.keys[0].ckn')
shows "... names the key" "CKN +$ckn"
tap_is "... that its router uses" "$(lab_router master .committed.ckn)" "$ckn"
ask slave --json rekey --wait
tap_is "rekey --wait at the slave" "$rc $err" "0 "
ckn=$(lab_router slave .committed.ckn)
tap_is "... names the key that its router uses" "$(jq -r '.associations[0].keys[0].ckn' <<<"$out")" "$ckn"
tap_is "... and so does the status of both" \
	"$(lab_status master '.device.keys[0].ckn') $(lab_status slave '.keys[0].ckn')" "$ckn $ckn"

tap_ok "nothing is wrong at the end" wait_for 5 eval \
	'[ "$(lab_status master ".problems | length")$(lab_status slave ".problems | length")" = 00 ]'
ask slave status span-1
shows "status shows the key-ID" "key-ID +$(lab_status slave '.keys[0].key_id')"
shows "... and the master" '^  mx304-11  master  live '
tap_ok "... within 100 columns" is_narrow
ask master neighbours
shows "neighbours shows the station" '^  [0-9a-f]{24}  live .* mx304-12$'
tap_ok "... within 100 columns" is_narrow
ask master history --limit 1
shows "history ends with the newest" "^20[0-9-]+ [0-9:.]+  span-1 .* confirmed "
tap_is "... and has as many as asked for" "$(wc -l <<<"$out")" 2
tap_ok "... within 100 columns" is_narrow
tap_is "as JSON it begins with the newest" \
	"$(lab_ctl master history --json | jq -r '.events[0] | .event, .ckn' | xargs)" "confirmed $ckn"
ask master counters
shows "counters counts" '^ +received: accepted +[1-9]'
tap_ok "... within 100 columns" is_narrow
tap_is "as JSON it has every verdict" \
	"$(lab_ctl master counters --json | jq '.links[0].received | length')" 13
tap_is "a pipe that closes early is no error" \
	"$(lab_ctl master history 2>&1 | head -n 1 | cut -c 1-10)" "TIME (UTC)"
ask master status span-9
complains "an association that there is not" 1 'keyidctl: no association "span-9"'

# ---- failures, with their reason at both ends --------------------------------------------------

key=$(lab_key master)
lab_kme fault mx304-12 status 503 || exit 1
ask master rekey --wait
complains "a KME that answers 503" 1 'given up: mx304-12: kme-unavailable'
tap_ok "the master's status names member and reason" wait_for 5 eval \
	'lab_status master ".problems[]" | grep -q "failed at mx304-12: kme-unavailable"'
tap_ok "the slave's has the KME's own words" wait_for 5 eval \
	'lab_status slave ".problems[]" | grep -q "failed here: kme-unavailable: .*503"'
tap_is "the old key is in use" "$(lab_key master)" "$key"
lab_kme clear
tap_ok "it recovers without help" wait_for 15 eval \
	'[ "$(lab_status master ".state")" = confirmed ] && [ "$(lab_key master)" != "$key" ] && lab_agree'

lab_fault slave slow-commit 4000 || exit 1
ask master rekey --wait --timeout 1
complains "a time-out" 1 'not confirmed within 1 s: applied: mx304-11 holds the key and does not use it yet'
tap_ok "it is confirmed all the same" wait_for 15 eval '[ "$(lab_status master .state)" = confirmed ]'

# ---- who may ask, and when it ends -------------------------------------------------------------

tap_is "only root may open the socket" "$(stat -c '%a %u' "$live_dir/master/control.sock")" "600 0"
chmod 755 "$live_dir" "$live_dir/master"
tap_ok "... others are told so" eval \
	"setpriv --reuid 65534 --regid 65534 --clear-groups '$BUILD/keyidctl' --socket \
	'$live_dir/master/control.sock' status 2>&1 | grep -q 'permission denied at .*: run as root'"

lab_ctl slave rekey --wait --timeout 1 >/dev/null 2>&1
lab_fault slave slow-commit 4000
live_start waiting lab_ctl slave rekey --wait
waiting=$live_pid
tap_ok "while one waits" wait_for 10 eval '[ "$(lab_status slave .state)" != confirmed ]'
lab_kill slave
wait "$waiting"
tap_is "... the daemon dies: exit status" "$?" 3
tap_ok "... and it is said" grep -q 'closed the connection without an answer' "$live_dir/waiting.err"
lab_start slave
tap_ok "a new daemon takes the stale socket's place" lab_ctl slave status
lab_stop slave
tap_ok "a daemon that ends takes its socket away" test ! -e "$live_dir/slave/control.sock"
tap_done
