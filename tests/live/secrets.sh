#!/bin/bash
# After rotations and failures of all kinds, told at the greatest length: no key, CAK, channel key
# or state key in any log, answer, argument, environment, database or file that others can read;
# raw, hex or base64. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

lab_log_level=debug
lab_key_size=512 # the CAK is half of it
lab_umask=022    # the daemons are to see to it themselves
lab_make
mkdir "$live_dir/answers"

rekey() { # END
	lab_ctl "$1" rekey --wait --timeout 15 >>"$live_dir/answers/rekey" 2>&1
	lab_ctl "$1" status >>"$live_dir/answers/status" 2>&1
	lab_ctl "${lab_far[$1]}" status --json >>"$live_dir/answers/status" 2>&1
	lab_ctl slave neighbours --json >>"$live_dir/answers/neighbours" 2>&1
}

with_fault() {
	"$@"
	rekey master
	lab_clear
	rekey master
}

processes() {
	local end

	for end in master slave; do
		mkdir -p "$live_dir/answers/$end"
		cat "/proc/${lab_pid[$end]}/cmdline" >"$live_dir/answers/$end/cmdline"
		cat "/proc/${lab_pid[$end]}/environ" >"$live_dir/answers/$end/environ"
		cp "$live_dir/$end"/keyidd.db* "$live_dir/answers/$end/"
	done
}

# ---- the run ---------------------------------------------------------------------------------

{ lab_start slave && lab_start master; } || exit 1
rekey master
rekey slave
processes
for fault in "status 503" reply-lost garbage oversize wrong-length; do
	# shellcheck disable=SC2086
	with_fault lab_kme fault mx304-12 $fault
	# shellcheck disable=SC2086
	with_fault lab_kme fault mx304-11 $fault
done
for fault in quote-key check-refused commit-refused warning drop-before-commit drop-after-commit \
	garbage; do
	with_fault lab_fault master $fault
	with_fault lab_fault slave $fault
done
tap_ok "a refusal that quotes the CAK was told, without it" \
	grep -q "device-refused: .*'\[key\]'" "$live_dir/master/keyidd.log"

lab_fault slave slow-commit 1500
lab_mark slave
lab_ctl master rekey >>"$live_dir/answers/rekey" 2>&1
wait_for 10 lab_said slave "committed:"
lab_kill slave
lab_kill master
mkdir "$live_dir/answers/killed"
cp "$live_dir/slave"/keyidd.db* "$live_dir/answers/killed/"
{ lab_start slave && lab_start master; } || exit 1
rekey master
tap_ok "after all that, both routers use one key" lab_agree

for end in master slave; do
	lab_ctl $end history --limit 10000 >"$live_dir/answers/$end/history"
	lab_ctl $end history --limit 10000 --json >>"$live_dir/answers/$end/history"
	lab_ctl $end counters --json >"$live_dir/answers/$end/counters"
	pid=${lab_pid[$end]}
	tap_is "the $end's process may dump no core" \
		"$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$pid/limits")" "0 0"
	if grep -q '^Max locked memory *unlimited' "/proc/$pid/limits"; then
		tap_ok "... its memory is locked" grep -q '^VmLck:.*[1-9]' "/proc/$pid/status"
	else
		tap_skip "... its memory is locked" "locked memory is limited here"
	fi
	tap_is "... what it made in its folder is nobody else's business" \
		"$(find "$live_dir/$end" -maxdepth 1 -name 'keyidd.db*' -perm /077)" ""
	tap_is "... nor is its socket" "$(stat -c %a "$live_dir/$end/control.sock")" 600
done

# A core file would be where the process is, here: the script's folder.
cores() {
	find . -maxdepth 1 -name 'core*' ! -name core
	find "$live_dir" /var/crash /var/lib/systemd/coredump -name '*core*' 2>/dev/null
}
cores_before=$(cores)
kill -ABRT "${lab_pid[slave]}"
wait "${lab_pid[slave]}" 2>/dev/null
tap_is "SIGABRT ends it" $? 134
tap_is "... and leaves no core" "$(cores)" "$cores_before"
lab_stop master

# ---- the search ------------------------------------------------------------------------------

# Halves of each, so that what is cut or wrapped is found too.
secrets=$live_dir/secrets
mkdir "$secrets"
lab_kme delivered >"$secrets/delivered"
{
	awk '{ print substr($4, 1, 32); print substr($4, 33, 32); print substr($4, 65, 32) }' \
		"$secrets/delivered"
	cut -c 1-32 "$live_dir"/*/*.key "$live_dir/first.key"
	cut -c 33-64 "$live_dir"/*/*.key "$live_dir/first.key"
} | grep -v '^$' | grep -x '[0-9a-f]*' | sort -u >"$secrets/hex"
{
	awk '{ print substr($5, 1, 20); print substr($5, 41, 20) }' "$secrets/delivered"
	for file in "$live_dir"/{master,slave}/{channel,state}.key "$live_dir/first.key"; do
		tr -d '\n' <"$file" | tr a-f A-F | basenc -d --base16 | base64 | cut -c 1-20
	done
} | grep -v '^$' | sort -u >"$secrets/base64"

# FILE...: those that hold a secret
betrayers() {
	local file

	for file; do
		if grep -qaiFf "$secrets/hex" "$file" || grep -qaFf "$secrets/base64" "$file" ||
			od -An -v -tx1 "$file" | tr -d ' \n' | grep -qFf "$secrets/hex"; then
			echo "$file"
		fi
	done
}

# All but what holds keys by its nature: key files, the routers' and the KMEs' own memory.
mapfile -t files < <(find "$live_dir" -type f -size -20M ! -path "$secrets/*" ! -name '*.key' \
	! -name state.json ! -name running.xml ! -name candidate.xml)
printf '%s\n' "${files[@]}" | sort | sed "s|$live_dir/|# searched: |"

control=$live_dir/betrayal
head -n 1 "$secrets/hex" | tr a-f A-F | tee "$control.hex" | basenc -d --base16 >"$control.raw"
basenc -d --base16 <"$control.hex" | cat - "$live_dir/master/keyidd.log" >"$control.log"
tap_is "the search finds secrets where they are" \
	"$(betrayers "$control".{hex,log,raw} "$live_dir"/{master,slave}/router/running.xml |
		xargs -n 1 basename | xargs)" "betrayal.hex betrayal.log betrayal.raw running.xml running.xml"
rm "$control".*
tap_ok "it looks for many keys" test "$(wc -l <"$secrets/hex")" -gt 60
tap_ok "... in the logs, answers, databases and processes" test ${#files[@]} -gt 20
tap_is "and finds none" "$(betrayers "${files[@]}")" ""
tap_is "no file of the run can be read by others" \
	"$(find "$live_dir" -type f -perm /077)" ""
tap_done
