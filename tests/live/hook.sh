#!/bin/bash
# Two daemons whose devices are hooks: docs/examples/hook.sh, with a made-up switch at its other end
# that keeps its keys in a file. Rotations, programs that are slow, hang, crash or print nonsense,
# daemons that are killed half-way, and where a CAK shows and where not. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

# ---- the switch ------------------------------------------------------------------------------

# Its file has "CKN CAK" of the newest key and the one before. MKA is live with what both switches
# have, the newest first. Each command notes what /proc shows of the end's processes.
write_switch() {
	cat >"$live_dir/switch" <<-'EOT'
		#!/bin/bash
		live_dir=$(dirname "$0")
		end=$1 command=$2 association=$3
		shift 3
		keys=$live_dir/$end/keys
		far=$live_dir/$([ "$end" = master ] && echo slave || echo master)/keys
		for process in $(ip netns pids "$end"); do
			cat "/proc/$process/cmdline" "/proc/$process/environ"
		done 2>/dev/null | tr '\0' '\n' >>"$live_dir/$end/looked"
		[ "$association" = span-1 ] || { echo "no association $association" >&2; exit 78; }
		newest=$(head -n 1 "$keys")
		case $command in
		check-key) ;;
		set-key)
			read -r cak
			[ ${#cak} -eq 64 ] || { echo "not a CAK" >&2; exit 65; }
			[ "$newest" = "$1 $cak" ] || {
				printf '%s\n' "$1 $cak" "$newest" | grep . >"$keys.new"
				mv "$keys.new" "$keys"
			}
			;;
		keep-keys)
			grep -e "^$1 " "$keys" >"$keys.new"
			mv "$keys.new" "$keys"
			;;
		show-keys)
			state=active
			while read -r ckn cak; do
				if grep -qx "$ckn $cak" "$far"; then
					echo "$ckn $state"
					state=standby
				else
					echo "$ckn standby"
				fi
			done <"$keys"
			;;
		esac
	EOT
	chmod 700 "$live_dir/switch"
}

# What is in END/fault-OPERATION goes wrong first.
write_program() { # END
	local dir=$live_dir/$1

	sed "s|ssh -F [^ ]*|$live_dir/switch|" docs/examples/hook.sh >"$live_dir/example.sh"
	cat >"$dir/hook" <<-EOT
		#!/bin/sh
		umask 077
		echo "\$*" >>$dir/calls
		if [ \$1 = commit ]; then
			tr '\0' '\n' </proc/\$\$/environ >$dir/environ
			tr '\0' '\n' </proc/\$\$/cmdline >$dir/cmdline
			cat /proc/self/status /proc/self/limits >$dir/process
			ls /proc/self/fd >$dir/fds
			pwd >$dir/folder
		fi
		[ ! -e $dir/fault-\$1 ] || . $dir/fault-\$1
		exec /bin/sh $live_dir/example.sh "\$@"
	EOT
	chmod 700 "$dir/hook"
}

# ---- the laboratory, with switches in place of routers ---------------------------------------

lab_make_router() { # END
	: >"$live_dir/$1/keys"
	write_program "$1"
}

lab_start_router() {
	:
}

lab_clear_router() { # END
	rm -f "$live_dir/$1"/fault-*
}

hook_timeout=2s

lab_write_association() { # END
	cat <<-EOT
		devices:
		  - name: $1
		    type: hook
		    program: $live_dir/$1/hook
		    timeout: $hook_timeout

		associations:
		  - name: span-1
		    sae: ${lab_sae[$1]}
		$(lab_role "$1" | lab_indent 4)
		    kme: ${lab_kme_id[$1]}
		    device: $1
		    ckn-prefix: $lab_prefix
		    channel-keys: [{ number: 1, file: $live_dir/$1/channel.key }]
		    links:
		$(lab_links "$1" | lab_indent 6)
		$(lab_indent 4 <<<"$lab_times")
	EOT
}

lab_key() { # END
	head -n 1 "$live_dir/$1/keys"
}

lab_agree() {
	[ -n "$(lab_key master)" ] && [ "$(lab_key master)" = "$(lab_key slave)" ]
}

# END OPERATION LINE...: instead of the operation, or before it
fault() {
	printf '%s\n' "${@:3}" >"$live_dir/$1/fault-$2.new"
	mv "$live_dir/$1/fault-$2.new" "$live_dir/$1/fault-$2"
}

generation() { # END
	lab_status "$1" 'select(.state == "confirmed") | .generation'
}

settled() { # GENERATION
	[ "$(generation master)" -ge "$1" ] 2>/dev/null &&
		[ "$(generation slave)" = "$(generation master)" ] && lab_agree &&
		[ -z "$(lab_status master '.problems[]')$(lab_status slave '.problems[]')" ]
}

rekey() {
	lab_ctl master rekey --wait --timeout 15 >"$live_dir/said" 2>&1
}

next() {
	echo $(($(generation master) + 1))
}

in_time() { # COMMAND...
	wait_for 20 "$@" && return
	for end in master slave; do
		echo "the $end: $(lab_status "$end" '"\(.state): \(.detail)", .problems[], .device.text')"
		tail -n 5 "$live_dir/$end/keyidd.log"
	done
	return 1
}

is_there() { # FILE: with the number of a process in it
	[ -s "$1" ] && [ -e "/proc/$(<"$1")" ] && ! grep -q '^State:.Z' "/proc/$(<"$1")/status"
}

is_gone() {
	! is_there "$1"
}

# TEXT REASON WORDS END OPERATION LINE...: goes wrong so; the reason shows, the key stays, and when
# it is over a new key comes.
fails() {
	local text=$1 reason=$2 words=$3 end=$4 before at

	before=$(lab_key master)
	at=$(next)
	lab_mark "$end"
	fault "${@:4}"
	[ "$5" = read-back ] || lab_ctl master rekey >/dev/null
	tap_ok "$text: the $end says $reason" in_time lab_said "$end" "$reason: .*$words"
	[ "$5" = commit ] || tap_is "$text: the key of before stays" "$(lab_key master) $(lab_key slave)" \
		"$before $before"
	lab_clear_router "$end"
	[ "$5" != read-back ] || lab_ctl master rekey >/dev/null
	tap_ok "$text: a new key when it is over" in_time settled "$at"
}

cores() {
	find / "$live_dir" "$live_dir"/{master,slave} . -maxdepth 1 -name 'core*' 2>/dev/null
}

# ---- the check -------------------------------------------------------------------------------

cores_before=$(cores)
write_switch
lab_make

check() { # END
	"$BUILD/keyidd" --check --config "$live_dir/$1/keyidd.yaml"
}

# WHAT PATTERN COMMAND...: with the program so, --check says just this
refused() {
	local said

	"${@:3}"
	said=$(check slave 2>&1)
	tap_is "--check, $1: one line" "$(wc -l <<<"$said") $(grep -c -e "$2" <<<"$said")" "1 1"
	rm -rf "$live_dir/slave/hook"
	write_program slave
}

program=$live_dir/slave/hook
tap_ok "keyidd --check accepts the master's configuration" check master
tap_ok "... and the slave's" check slave
refused "no program" 'devices\[0\]\.program: .*/hook: No such file' rm "$program"
refused "a program that others may write" '/hook: mode 0770 lets others write it' chmod 770 "$program"
refused "one that may not be executed" '/hook: not executable' chmod 600 "$program"
refused "one of somebody else" '/hook: belongs to user 65534' chown 65534 "$program"
chmod 777 "$live_dir/slave"
refused "one in a folder that others may write" '/slave: mode 0777 lets others' true
chmod 700 "$live_dir/slave"

for file in kme-ca.pem sae.pem sae.key; do
	echo x >"$live_dir/$file"
done
cp "$live_dir/channel.key" "$live_dir/span-1.key"
cp "$live_dir/master/hook" "$live_dir/hook"
{
	sed "s|/etc/keyidd|$live_dir|" docs/examples/hook.yaml
	echo "daemon: { state-key: $live_dir/master/state.key }"
} >"$live_dir/example.yaml"
tap_ok "keyidd --check accepts the example" "$BUILD/keyidd" --check --config "$live_dir/example.yaml"

# ---- rotations -------------------------------------------------------------------------------

# SIGCHLD ignored, as some that start a daemon leave it; and without the capability by which the
# bounding set could be emptied, as under systemd.
lab_run() { # END
	exec ip netns exec "$1" env --ignore-signal=CHLD setpriv --bounding-set=-setpcap \
		"$BUILD/keyidd" --config "$live_dir/$1/keyidd.yaml" 2>>"$live_dir/$1/keyidd.log"
}

lab_log_level=debug
for end in master slave; do
	lab_write_config $end
done
{ lab_start slave && lab_start master; } || exit 1
tap_ok "switches without a key get one at once" in_time settled 1
for round in 1 2 3 4 5; do
	before=$(lab_key master)
	tap_ok "rekey $round" rekey
	tap_ok "... to a new key" test "$before" != "$(lab_key master)"
	tap_ok "... at both ends" lab_agree
done
retired() {
	[ "$(cat "$live_dir"/{master,slave}/keys | wc -l)" -eq 2 ]
}
tap_ok "older keys are taken out of both switches" in_time retired
tap_is "the CAK is the KME's key" "$(lab_kme delivered | grep -c "$(lab_key master | cut -d ' ' -f 2)")" 2
tap_is "keyidctl shows a hook" "$(lab_status master '.device | "\(.name) \(.type)"')" "master hook"

# ---- what it is called with, and what it runs as ---------------------------------------------

dir=$live_dir/master
ckn=$(lab_key master | cut -d ' ' -f 1)
tap_is "its arguments" "$(xargs <"$dir/cmdline")" \
	"/bin/sh $dir/hook commit span-1 $(generation master) $ckn"
tap_is "its environment" "$(cut -d = -f 1 "$dir/environ" | xargs)" "PATH LC_ALL KEYIDD_DEVICE KEYIDD_SAE"
tap_is "its descriptors (and the one that lists them)" "$(xargs <"$dir/fds")" "0 1 2 3 4"
tap_is "its folder" "$(<"$dir/folder")" /
tap_is "it may dump no core" "$(awk '/^Max core file size/ { print $5, $6 }' "$dir/process")" "0 0"
tap_is "it has no capabilities" "$(awk '/^Cap(Prm|Eff|Amb)/ { print $2 }' "$dir/process" | sort -u)" \
	0000000000000000
tap_is "... and gains none" "$(awk '/^NoNewPrivs/ { print $2 }' "$dir/process")" 1
# But for 32 and 33, which are libc's own and stay as they came.
tap_is "no signal is blocked or ignored" "$(awk '/^Sig(Blk|Ign)/ { print $2 }' "$dir/process" |
	while read -r mask; do echo $((0x$mask & ~0x180000000)); done | sort -u)" 0

# ---- slow and hanging ------------------------------------------------------------------------

# The longest that keyidctl waits for an answer while a command runs, in ms.
slowest_answer() { # COMMAND...
	local longest=0 at took

	"$@" &
	while kill -0 $! 2>/dev/null; do
		at=${EPOCHREALTIME/./}
		lab_ctl master status >/dev/null
		took=$(((${EPOCHREALTIME/./} - at) / 1000))
		[ "$took" -le "$longest" ] || longest=$took
	done
	wait $! && echo "$longest"
}

fault master prepare 'sleep 1'
fault master commit 'sleep 1'
tap_ok "with 1 s for each operation the daemon answers meanwhile" test "$(slowest_answer rekey)" -lt 900
tap_ok "... the other end hears it" lab_hears slave
tap_ok "... and both have a new key" lab_agree
lab_clear

for end in master slave; do
	fails "a program that hangs before it does anything" device-timeout "not done within 2000 ms" $end \
		prepare "echo \$\$ >$live_dir/hanging; sleep 300 & echo \$! >$live_dir/sleeper; wait"
	tap_ok "... it is gone" is_gone "$live_dir/hanging"
	tap_ok "... and what it has started" is_gone "$live_dir/sleeper"
done
fails "a deaf program that hangs in a commit" device-timeout "and ended" slave commit \
	"trap '' TERM" "echo \$\$ >$live_dir/deaf" 'while :; do sleep 0.1; done'
tap_ok "... is killed" is_gone "$live_dir/deaf"

# ---- crashes and nonsense --------------------------------------------------------------------

fails "a program that crashes in prepare" device-connection-lost "ended by signal 11 (SEGV): half" slave \
	prepare 'echo half-way >&2' 'kill -SEGV $$'
fails "... in commit" device-connection-lost "ended by signal 11 (SEGV)" master commit 'kill -SEGV $$'
fails "nonsense from read-back" device-protocol "line 2: a word that is none of usable" slave read-back \
	'echo "# keys"' 'echo "aa01 sleepy"' 'exit 0'
fails "too much from read-back" device-protocol "more than 16384 octets" master read-back \
	'yes "# and so on" | head -c 100000' 'exit 0'
fails "a flood" device-protocol "more than 1048576 octets" master prepare 'exec yes'
fails "an exit status" device-locked "root is configuring" slave prepare \
	'echo "root is configuring" >&2' 'exit 75'

lab_mark slave
at=$(next)
chmod 602 "$live_dir/slave/hook"
tap_ok "a program that may not be called any more" \
	in_time lab_said slave 'device-not-configured: .*/hook: not executable'
chmod 702 "$live_dir/slave/hook"
tap_ok "... nor then, for others may write it" \
	in_time lab_said slave 'device-not-configured: .*/hook: mode 0702 lets others write it'
chmod 700 "$live_dir/slave/hook"
lab_ctl master rekey >/dev/null
tap_ok "... and may again" in_time settled "$at"

fault slave commit 'echo "flash is nearly full" >&2'
lab_mark slave
tap_ok "a warning is no failure" rekey
tap_ok "... and is logged" lab_said slave 'device: .*flash is nearly full'
lab_clear

lab_mark master
fault master commit 'read -r ckn cak start </dev/fd/3' 'echo "the key is $cak" >&2' 'exit 1'
lab_ctl master rekey >/dev/null
tap_ok "a program that tells the CAK: its words are logged" in_time lab_said master 'the key is \[key\]'
at=$(next)
lab_clear
in_time settled "$((at - 1))"

# ---- killed daemons --------------------------------------------------------------------------

# END OPERATION: killed while its program does that
kill_in() {
	local end=$1 operation=$2 at

	at=$(next)
	rm -f "$live_dir/$end/waiting"
	fault "$end" "$operation" "echo \$\$ >$live_dir/$end/waiting" 'exec sleep 300'
	lab_ctl master rekey >/dev/null
	tap_ok "the $end in $operation" in_time is_there "$live_dir/$end/waiting"
	lab_kill "$end"
	tap_ok "... killed: its program dies with it" wait_for 5 is_gone "$live_dir/$end/waiting"
	lab_clear
	lab_start "$end"
	lab_ctl master rekey >/dev/null
	tap_ok "... after a new start both ends have a new key" in_time settled "$at"
}

for end in master slave; do
	kill_in $end prepare
	kill_in $end commit
done

fault slave commit "trap '' TERM" "echo \$\$ >$live_dir/slave/waiting.new" \
	"mv $live_dir/slave/waiting.new $live_dir/slave/waiting" 'while :; do sleep 0.1; done'
rm -f "$live_dir/slave/waiting"
lab_ctl master rekey >/dev/null
in_time is_there "$live_dir/slave/waiting"
at=${EPOCHREALTIME/./}
lab_stop slave
tap_is "SIGTERM ends a daemon whose program hangs" $? 0
tap_ok "... within a second" test $((${EPOCHREALTIME/./} - at)) -lt 1000000
tap_ok "... and the program" is_gone "$live_dir/slave/waiting"
lab_clear
lab_start slave
tap_ok "both have one key after it" in_time lab_agree

# ---- another program -------------------------------------------------------------------------

cp "$live_dir/slave/hook" "$live_dir/slave/other"
sed -i "s|$live_dir/slave/hook|$live_dir/slave/other|" "$live_dir/slave/keyidd.yaml"
lab_mark slave
kill -HUP "${lab_pid[slave]}"
sed -i "1a echo other >$live_dir/slave/who" "$live_dir/slave/other"
tap_ok "after SIGHUP, the program of the new configuration is called" \
	in_time grep -qsx other "$live_dir/slave/who"
in_time lab_hears master
tap_ok "... and rekey works" rekey
tap_ok "... to one key" lab_agree

# ---- by hand ---------------------------------------------------------------------------------

by_hand() { # OPTION... OPERATION
	"$BUILD/applierctl" --association span-1 --generation 99 "$@" >"$live_dir/said" 2>&1
}

tap_ok "applierctl calls it too" by_hand --hook "$live_dir/master/hook" --device master read-back
tap_is "... and shows the key" "$(grep -o -m 1 'CKN .*' "$live_dir/said")" \
	"CKN $(lab_key master | cut -d ' ' -f 1) configured usable transmitting"
openssl rand -hex 32 >"$live_dir/hand.key"
by_hand --dry-run paper --ckn aa01 --cak-file "$live_dir/hand.key" --start 1764000000 prepare commit
tap_is "a dry run says what it would do" \
	"$(sed -n 's/.*dry-run: \(.*CAK\) .\{8\},/\1,/p' "$live_dir/said")" \
	"paper: would check CKN aa01, CAK, start 2025-11-24T16:00:00Z, generation 99
paper: would commit CKN aa01, CAK, start 2025-11-24T16:00:00Z, generation 99"
tap_is "... without a key" "$(grep -ciFf <(cut -c 1-16 "$live_dir/hand.key") "$live_dir/said")" 0

# ---- where the CAK shows ---------------------------------------------------------------------

lab_stop master
lab_stop slave
secrets=$live_dir/secrets
lab_kme delivered | awk '{ print substr($4, 1, 32); print substr($4, 33, 32) }' | sort -u >"$secrets"
tap_ok "many keys were used" test "$(wc -l <"$secrets")" -gt 30
tap_is "the search finds them in the switches" \
	"$(grep -liFf "$secrets" "$live_dir"/{master,slave}/keys | wc -l)" 2
tap_ok "what showed in /proc was looked at" test "$(grep -c "^KEYIDD_SAE=" "$live_dir/master/looked")" -gt 50
tap_is "no CAK in /proc, in a log, a database or whatever else was left" "$(find "$live_dir" -type f \
	! -name keys ! -path "$secrets" ! -path '*/kmesim*' -exec grep -liaFf "$secrets" {} +)" ""
tap_is "no core file" "$(cores)" "$cores_before"
tap_done
