#!/bin/bash
# The file hand-over of older deployments: keyidd at one end, their script at the other, in both
# roles; a real OpenSSH server with the file. Prints TAP.
# shellcheck source=tests/lib/handover.sh
source "$(dirname "$0")/../lib/handover.sh" || exit 1

# Two pairs that were seen on real routers: key-ID, key as the KME delivered it, CAK.
id_1=d9b6fa63-dd88-47d2-8afe-94fcecf40d19
key_1=nK45tzFFjDA42/1Ko5B6Hz2wi35gr72VsiHyVbMD9X9qxRbHOKe8D4NpHUy1nX96JeVF4xOp0qOiDLH9ldIb4Q==
cak_1=9cae39b731458c3038dbfd4aa3907a1f3db08b7e60afbd95b221f255b303f57f
id_2=a310923e-9de9-4ab1-bafe-806bcc2e62f9
key_2=E/n0dB6HY4PfpoYvJOuaEHba9PhB1/hz+zl1B6Wh71jkcBql9VayN1rFigJqw0R8IWiej8IxkDnDP/8Ofkw1rA==
cak_2=13f9f4741e876383dfa6862f24eb9a1076daf4f841d7f873fb397507a5a1ef58
lab_keys_file=$live_dir/keys.json
echo "[{\"key_ID\": \"$id_1\", \"key\": \"$key_1\"}, {\"key_ID\": \"$id_2\", \"key\": \"$key_2\"}]" \
	>"$lab_keys_file"

file=$live_dir/master/home/mx304-11_last_key_test.json

# Where keyidd reads, or writes, the file: at the master's end in either case.
file_lines() {
	cat <<-EOT
		transport: ssh-file
		host: ${handover_address[master]}
		user: $(id -un)
		private-key: $live_dir/master/sshd/client_key
		known-hosts: $live_dir/master/sshd/known_hosts
		timeout: 5s
	EOT
}

handover_lines[slave]="$(file_lines)
key-size: 512
poll-interval: 200ms"
handover_lines[master]="$(file_lines)
key-size: 0
interval: 30d"

# Whole keys, as no status shows them.
pair_of() { # END
	sed -n 's|.*<ckn>\(.*\)</ckn>.*|\1|p; s|.*<cak>\(.*\)</cak>.*|\1|p' \
		"$live_dir/$1/router/running.xml" | xargs
}

# The router has the key of this key-ID, and MACsec uses it.
holds() { # END KEY-ID
	[ "$(handover_key_id "$1")" = "$2" ]
}

# The slave has read the file again, so often.
has_read() { # COUNT
	[ "$(handover_count slave seen)" -ge "$1" ]
}

wait_for_readings() { # COUNT
	wait_for 20 has_read $(($(handover_count slave seen) + $1))
}

problem() { # END
	handover "$1" '.problems[0] // "none"'
}

has_problem() { # END PATTERN
	[[ $(problem "$1" 2>/dev/null) == $2 ]]
}

write_file() { # CONTENT
	printf '%s' "$1" >"$file.part"
	mv "$file.part" "$file"
}

handover_make
handover_sshd master "$live_dir/master/home" || exit 1

# ---- keyidd is the slave's end ---------------------------------------------------------------

tap_ok "keyidd --check accepts the slave's configuration" "$BUILD/keyidd" --check --config \
	"$live_dir/slave/keyidd.yaml"
lab_start slave || exit 1
idle_without_key() { # once its router has been looked at
	[ "$(handover slave '"\(.state) \(.key_id)"')" = "idle null" ]
}
tap_ok "without a file keyidd waits, and says why" wait_for 10 has_problem slave \
	'file-not-found: mx304-11_last_key_test.json on 192.0.2.1: reading *: No such file*'
tap_is "... marked by what protects it" "$(handover slave .mark)" ssh-protected
tap_ok "... with no key-ID yet" wait_for 10 idle_without_key

tap_ok "the old script makes a key at the master's end" handover_old master
tap_ok "keyidd follows it" wait_for 10 holds slave $id_1
tap_is "... with the known key" "$(pair_of slave)" "$lab_prefix${id_1//-/} $cak_1"
tap_ok "... both routers use it" wait_for 10 handover_agree
tap_ok "... which keyidctl status shows" wait_for 10 handover_is slave \
	'"\(.state) \(.key_id) \(.device.key) \(.problems | length)"' "live $id_1 uses 0"
tap_ok "the table of keyidctl status has the mark" grep -q 'span-9 \[ssh-protected\]: .* live' \
	<(lab_ctl slave status)
tap_ok "every line of the log about it has the mark" test -z \
	"$(grep 'handover: span-9' "$live_dir/slave/keyidd.log" | grep -v 'span-9 \[ssh-protected\]: ')"

asked=$(handover_count slave asked)
tap_is "one key was asked for" "$asked" 1
wait_for_readings 3
tap_is "the same key-ID read again is stale: none is asked for" "$(handover_count slave asked)" 1
tap_ok "... and counted" test "$(handover_count slave stale)" -ge 2

tap_ok "the next key of the old script" handover_old master
tap_ok "... is followed" wait_for 10 holds slave $id_2
tap_is "... with the known key" "$(pair_of slave)" "$lab_prefix${id_2//-/} $cak_2"
tap_ok "... both routers use it" wait_for 10 handover_agree
tap_is "... the history has it" "$(lab_ctl slave history span-9 --json |
	jq -r '[.events[] | select(.event == "applied") | .key_id] | join(" ")')" "$id_2 $id_1"

# ---- reloads and restarts --------------------------------------------------------------------

reload() {
	lab_mark slave
	kill -HUP "${lab_pid[slave]}"
	wait_for 10 lab_said slave 'config: .*\(reloaded\|going on\)'
}
seen=$(handover_count slave seen)
tap_ok "a reload that changes nothing" reload
tap_ok "... lets it go on" test "$(handover_count slave seen)" -ge "$seen"
sed -i 's/poll-interval: 200ms/poll-interval: 100ms/' "$live_dir/slave/keyidd.yaml"
tap_ok "a reload with another interval" reload
tap_ok "... starts it anew" lab_said slave 'span-9 \[ssh-protected\]: stopped by the reload'
wait_for 10 handover_is slave .state live
wait_for_readings 2
tap_is "... where it was" "$(handover slave .key_id) $(handover_count slave asked)" "$id_2 0"
sed -i 's/poll-interval: 100ms/poll-interval: never/' "$live_dir/slave/keyidd.yaml"
tap_ok "a reload that is wrong" reload
tap_ok "... is refused" lab_said slave 'handovers\[0\].poll-interval: "never": not a duration'
lab_write_config slave

commits=$(lab_router slave .commits)
lab_stop slave
lab_start slave || exit 1
wait_for 10 handover_is slave .state live
wait_for_readings 2
tap_is "after a restart the last key-ID is known" "$(handover slave .key_id)" "$id_2"
tap_is "... and stale" "$(handover_count slave asked)" 0
tap_is "... and the router was left alone" "$(lab_router slave .commits)" "$commits"

# ---- what no script writes -------------------------------------------------------------------

commits=$(lab_router slave .commits)
good=$(<"$file")
fresh=00000000-0000-4000-8000-00000000000
refused() { # TEXT CONTENT PATTERN
	write_file "$2"
	tap_ok "$1 is refused" wait_for 10 has_problem slave "file-content: *: $3"
	write_file "$good"
	wait_for 10 handover_is slave '.problems | length' 0
}
refused "half a file" "{\"mx304-11\": \"${fresh}1" 'not JSON, or not all of it: *'
refused "an empty file" "" 'empty'
refused "an object without a key-ID" '{}' 'holds no key-ID'
refused "a list" "[\"${fresh}1\"]" 'not a JSON object'
refused "another device's key-ID" "{\"mx304-99\": \"${fresh}1\"}" \
	'holds the key-ID of mx304-99, not of mx304-11'
refused "more than one" "{\"mx304-11\": \"${fresh}1\", \"mx304-99\": \"${fresh}2\"}" \
	'holds more than the key-ID of mx304-11'
refused "one twice" "{\"mx304-11\": \"${fresh}1\", \"mx304-11\": \"${fresh}2\"}" \
	'not JSON, or not all of it: *duplicate*'
refused "a number" '{"mx304-11": 7}' 'what it holds for mx304-11 is not a text'
refused "what is no UUID" '{"mx304-11": "c107281c"}' '"c107281c" is no UUID, which ckn: prefix needs'
refused "something behind the object" "$good{}" 'not JSON, or not all of it: *'
head -c 70000 /dev/zero | tr '\0' ' ' >"$file"
tap_ok "a file of 70,000 octets is refused" wait_for 10 has_problem slave \
	'file-refused: *: more than 65536 octets'
write_file "$good"
tap_is "none of that has asked the KME" "$(handover_count slave asked)" 0
tap_is "... or touched the router" "$(lab_router slave .commits)" "$commits"

# ---- kme-keyid-check: false ------------------------------------------------------------------

asked_more() { # COUNT
	[ "$(handover_count slave asked)" -ge "$1" ]
}
sed -i 's/poll-interval:.*/&\n    kme-keyid-check: false/' "$live_dir/slave/keyidd.yaml"
reload
tap_ok "without kme-keyid-check a stale key-ID is asked for again and again" wait_for 20 asked_more 2
tap_is "... and since a KME delivers a key once, the one of before stays" "$(handover_key_id slave)" \
	"$id_2"
lab_write_config slave
reload
wait_for 10 handover_is slave '.problems | length' 0

# ---- KMEs and routers that fail --------------------------------------------------------------

write_file "{\"mx304-11\": \"${fresh}3\"}"
tap_ok "a key-ID that the KME does not know" wait_for 10 handover_is slave \
	'"\(.state) \(.errors[0].reason)"' "lost kme-key-not-found"
wait_for_readings 3
tap_is "... is asked for once" "$(handover_count slave asked)" 1
tap_is "... the key of before stays" "$(handover_key_id slave)" "$id_2"
lab_stop slave
lab_start slave || exit 1
wait_for_readings 2
tap_is "... and not again after a restart" "$(handover_count slave asked)" 0
tap_ok "another key-ID goes through" handover_old master
tap_ok "... and is followed" wait_for 10 lab_agree
tap_ok "... nothing is wrong any more" wait_for 10 handover_is slave \
	'"\(.state) \(.problems | length)"' "live 0"

lab_stop_kmes
write_file "{\"mx304-11\": \"${fresh}4\"}"
tap_ok "a KME that cannot be reached" wait_for 10 handover_is slave '.errors[0].reason' kme-unreachable
tap_is "... has not cost the key-ID" "$(handover slave .last_key_id)" "$(handover slave .key_id)"
lab_start_kmes
tap_ok "... it is asked again once it is there" wait_for 20 handover_is slave '.errors[0].reason' \
	kme-key-not-found

asked=$(handover_count slave asked)
lab_stop_router slave
tap_ok "a router that cannot be reached: the old script goes on" handover_old master
tap_ok "... keyidd says so" wait_for 20 handover_is slave '.errors[-1].reason' device-unreachable
wait_for_readings 2
tap_is "... and takes no key from the KME for it" "$(handover_count slave asked)" "$asked"
lab_start_router slave
tap_ok "... when it is back, the key follows" wait_for 70 lab_agree

# ---- who the file's host is ------------------------------------------------------------------

lab_stop slave
tap_is "the slave ends with 0 on SIGTERM" "$?" 0
handover_stop_sshd master
cp "$live_dir/master/sshd/known_hosts" "$live_dir/known_hosts"
rm "$live_dir/master/sshd/host_key"*
handover_sshd master "$live_dir/master/home" || exit 1
mv "$live_dir/known_hosts" "$live_dir/master/sshd/known_hosts"
lab_start slave || exit 1
handover_old master
tap_ok "another host key is refused" wait_for 10 has_problem slave \
	'file-host-key: *shows host key SHA256:*, not the one in known_hosts'
tap_ok "... nothing is read" test "$(handover_count slave seen)" = 0
handover_stop_sshd master
tap_ok "no server" wait_for 10 has_problem slave 'file-unreachable: *'
handover_sshd master "$live_dir/master/home" || exit 1
tap_ok "... the right one again: the last key follows" wait_for 20 lab_agree

# ---- keyidd is the master's end --------------------------------------------------------------

lab_stop slave
rm -f "$file" "$live_dir/slave/home/"*
copy="scp -O -q -F none -i $live_dir/master/sshd/client_key -o IdentitiesOnly=yes \
-o UserKnownHostsFile=$live_dir/master/sshd/known_hosts $(id -un)@${handover_address[master]}:$file /dev/stdout"
old_slave() {
	handover_old slave --copy "$copy"
}
shows() { # KEY-ID
	[ "$(<"$file")" = "{\"mx304-11\": \"$1\"}" ]
} 2>/dev/null

tap_ok "keyidd --check accepts the master's configuration" "$BUILD/keyidd" --check --config \
	"$live_dir/master/keyidd.yaml"
before=$(handover_key_id master)
lab_start master || exit 1
tap_ok "keyidd makes a key at once" wait_for 10 handover_is master .errors '[]'
tap_ok "... commits it, and shows it in the file" wait_for 10 test -s "$file"
new=$(handover_key_id master)
tap_ok "... which is as the script writes it" shows "$new"
tap_ok "... and a new one" test "$new" != "$before"
tap_is "... with nothing beside it" "$(cd "$live_dir/master/home" && ls)" "${file##*/}"
tap_is "the old key is in use until the other end follows" "$(lab_router master '.interfaces[0].mka')" \
	"preceding active"
tap_ok "the old script follows" old_slave
tap_ok "... both routers use the key" wait_for 10 lab_agree
tap_ok "... which keyidctl status shows" wait_for 10 handover_is master \
	'"\(.state) \(.mark) \(.key_id)"' "live ssh-protected $new"
old_slave
tap_is "the old script finds it stale when it looks again" "$?" 3

tap_ok "keyidctl rekey makes another one" lab_ctl master rekey span-9
tap_ok "... the file shows it" wait_for 10 handover_is master '"\(.key_id != "'"$new"'") \(.state)"' "true applied"
tap_ok "... the old script follows" old_slave
tap_ok "... both routers use it" wait_for 10 lab_agree
tap_ok "rekey --wait is refused: nobody confirms" test "$(lab_ctl master rekey span-9 --wait \
	>"$live_dir/said" 2>&1; echo $?)" = 1

# A file that cannot be written: the key stays, the next try shows it, and no further key is made.
handover_stop_sshd master
lab_ctl master rekey span-9
tap_ok "with no server for the file, the key waits to be shown" wait_for 10 handover_is master \
	'"\(.state) \(.errors[0].reason)"' "showing file-unreachable"
asked=$(handover_count master asked)
new=$(handover_key_id master)
lab_ctl master rekey span-9
lab_stop master
lab_start master || exit 1
handover_sshd master "$live_dir/master/home" || exit 1
tap_ok "... it is shown when the server is back, a restart later" wait_for 20 shows "$new"
tap_is "... and was not replaced by another one" "$(handover_count master asked)" 0
tap_ok "... the old script follows" old_slave
tap_ok "... both routers use it" wait_for 10 lab_agree

# The router forgets, while nobody looks.
commits=$(lab_router master .commits)
lab_stop master
lab_start master || exit 1
wait_for 10 handover_is master .state live
tap_is "a restart by itself changes nothing" "$(lab_router master .commits)" "$commits"
lab_stop master
tap_is "the master ends with 0 on SIGTERM" "$?" 0
tap_done
