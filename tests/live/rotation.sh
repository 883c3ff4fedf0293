#!/bin/bash
# Two daemons, two KMEs, two routers: keys are agreed on, used, kept and replaced. Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

# Two pairs that were seen on real routers: key-ID, key as the KME delivered it, CAK.
id_1=d9b6fa63-dd88-47d2-8afe-94fcecf40d19
key_1=nK45tzFFjDA42/1Ko5B6Hz2wi35gr72VsiHyVbMD9X9qxRbHOKe8D4NpHUy1nX96JeVF4xOp0qOiDLH9ldIb4Q==
cak_1=9cae39b731458c3038dbfd4aa3907a1f3db08b7e60afbd95b221f255b303f57f
id_2=a310923e-9de9-4ab1-bafe-806bcc2e62f9
key_2=E/n0dB6HY4PfpoYvJOuaEHba9PhB1/hz+zl1B6Wh71jkcBql9VayN1rFigJqw0R8IWiej8IxkDnDP/8Ofkw1rA==
cak_2=13f9f4741e876383dfa6862f24eb9a1076daf4f841d7f873fb397507a5a1ef58

lab_key_size=512
lab_first_key=
lab_keys_file=$live_dir/keys.json
echo "[{\"key_ID\": \"$id_1\", \"key\": \"$key_1\"}, {\"key_ID\": \"$id_2\", \"key\": \"$key_2\"}]" \
	>"$lab_keys_file"

generation() { # END
	lab_status "$1" 'if .decision == "confirmed" then .generation else 0 end'
}

# Both daemons have confirmed this generation or a later one.
reached() { # GENERATION
	[ "$(generation master)" -ge "$1" ] && [ "$(generation slave)" -ge "$1" ]
}

# What is in the router's configuration, in full.
pair_of() { # END
	sed -n 's|.*<ckn>\(.*\)</ckn>.*|\1|p; s|.*<cak>\(.*\)</cak>.*|\1|p' \
		"$live_dir/$1/router/running.xml" | xargs
}

status_of() {
	"$@" >"$live_dir/said" 2>&1
	echo $?
}

commits() {
	echo "$(lab_router master .commits) $(lab_router slave .commits)"
}

lab_make

# ---- the known pairs -------------------------------------------------------------------------

tap_is "keyidd --check accepts the master's configuration" "$(status_of "$BUILD/keyidd" --check \
	--config "$live_dir/master/keyidd.yaml")" 0
tap_is "... and the slave's" "$(status_of "$BUILD/keyidd" --check \
	--config "$live_dir/slave/keyidd.yaml")" 0

lab_start slave && lab_start master || exit 1
tap_ok "routers without a key get one at once" wait_for 15 reached 1
for end in master slave; do
	tap_is "the $end's router holds the first known pair" "$(pair_of $end)" \
		"$lab_prefix${id_1//-/} $cak_1"
done
tap_ok "both use it" lab_agree
tap_is "one commit in each router was enough" "$(commits)" "1 1"

tap_is "keyidctl rekey --wait returns 0" "$(status_of lab_ctl master rekey --wait)" 0
for end in master slave; do
	tap_is "the $end's router holds the second known pair" "$(pair_of $end)" \
		"$lab_prefix${id_2//-/} $cak_2"
done
tap_ok "both use it" lab_agree

# ---- on demand -------------------------------------------------------------------------------

before=$(lab_key master)
tap_is "a slave's rekey --wait returns 0" "$(status_of lab_ctl slave rekey span-1 --wait)" 0
tap_ok "... when both routers use one key" lab_agree
tap_ok "... that is a new one" test "$before" != "$(lab_key master)"

for end in master slave; do
	tap_ok "rekey of an unknown association fails at the $end" \
		test "$(status_of lab_ctl $end rekey span-9 --wait)" -ne 0
	tap_ok "... and says so" grep -q 'span-9' "$live_dir/said"
done

lab_kme fault mx304-12/dec_keys status 503 1
tap_ok "rekey --wait fails when the slave's KME does" \
	test "$(status_of lab_ctl master rekey --wait)" -ne 0
tap_ok "... and says why" grep -q 'kme-unavailable' "$live_dir/said"
lab_kme clear
lab_kme fault mx304-11/enc_keys delay 3000 1
tap_ok "rekey --wait --timeout 1 gives up on what takes 3 s" \
	test "$(status_of lab_ctl master rekey --wait --timeout 1)" -ne 0
wait_for 15 reached 4
confirmed_keys() { # END
	lab_ctl "$1" history --limit 1000 --json |
		jq -r '.events[] | select(.event == "confirmed") | .key_id'
}
tap_is "the history of both ends names the same keys as confirmed" "$(confirmed_keys slave)" \
	"$(confirmed_keys master)"
tap_is "... all of them" "$(confirmed_keys master | tail -n 2 | xargs)" "$id_2 $id_1"

# ---- stop and start --------------------------------------------------------------------------

commits_before=$(commits)
at=$(generation master)
key=$(lab_key master)

# ... on a state file in use.
sed "s|control-socket:.*|control-socket: $live_dir/other.sock|" "$live_dir/master/keyidd.yaml" \
	>"$live_dir/other.yaml"
tap_ok "a second daemon on the same database is refused" \
	test "$(status_of timeout 10 ip netns exec master "$BUILD/keyidd" --config "$live_dir/other.yaml")" = 1
tap_ok "... and says why" grep -q 'keyidd\.db.*\(locked\|in use\|another\)' "$live_dir/said"

for end in master slave; do
	lab_stop $end
	tap_is "the $end ends with 0 on SIGTERM" "$?" 0
	tap_ok "... its socket is gone" test ! -e "$live_dir/$end/control.sock"
done
lab_start master && lab_start slave || exit 1
tap_ok "both start with the generation of before," reached "$at"
tap_ok "... hear each other" wait_for 10 lab_hears master
tap_is "... with the key of before" "$(lab_key master)" "$key"
tap_is "... and without a commit" "$(commits)" "$commits_before"
tap_is "a rekey works after it" "$(status_of lab_ctl master rekey --wait)" 0
tap_ok "both routers use one key" lab_agree

# ---- by the clock ----------------------------------------------------------------------------

lab_stop master
lab_times=${lab_times/rekey-interval: 0/rekey-interval: 1s}
lab_write_config master
at=$(generation slave)
before=$(commits)
lab_start master || exit 1
tap_ok "with an interval of 1 s, three generations follow" wait_for 30 reached $((at + 3))
tap_ok "both routers use one key between any two" wait_for 5 lab_agree
lab_stop master
after=$(commits)
tap_ok "one commit a generation and router" test "${after% *}" -ge $((${before% *} + 3)) \
	-a "${after% *}" -le $((${before% *} + 5))
tap_done
