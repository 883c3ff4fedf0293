#!/bin/bash
# SIGHUP: a new configuration is taken over, or not at all; what has not changed goes on as it is.
# Prints TAP.
# shellcheck source=tools/demo/lab.sh
source "$(dirname "$0")/../../tools/demo/lab.sh" || exit 1

# END: reloads, and waits for the daemon to have done so
reload() {
	lab_mark "$1"
	kill -HUP "${lab_pid[$1]}"
	wait_for 10 lab_said "$1" "config: .*\(reloaded\|going on\)"
}

counter() { # END NAME
	lab_ctl "$1" counters --json | jq ".$2"
}

# END ASSOCIATION JQ: what status says of it, nothing if it is not there
of() {
	lab_ctl "$1" status --json | jq -r ".associations[] | select(.name == \"$2\") | $3"
}

confirmed_after() { # GENERATION
	[ "$(of master span-1 'select(.state == "confirmed") | .generation')" -gt "$1" ] 2>/dev/null &&
		[ "$(of slave span-1 'select(.state == "confirmed") | .generation')" -gt "$1" ] 2>/dev/null
}

# How this end's station on the link is called: another start would have given it another name.
station() { # END
	lab_ctl "$1" neighbours --json | jq -r .links[0].member
}

lab_make
{ lab_start slave && lab_start master; } || exit 1
lab_ctl master rekey --wait >/dev/null || exit 1
stations="$(station master) $(station slave)"

# ---- a broken file ---------------------------------------------------------------------------

sed -i 's/heartbeat:/heart-beat:/' "$live_dir/master/keyidd.yaml"
tap_ok "a broken file is not taken over" reload master
tap_ok "... the log says what is wrong, and where" lab_said master 'keyidd.yaml:[0-9]*: .*heart-beat'
tap_ok "... and that keyidd goes on as before" lab_said master 'going on'
tap_is "... and it is counted" "$(counter master reload_failures) $(counter master reloads)" "1 0"
rm "$live_dir/master/keyidd.yaml"
tap_ok "nor is one that is not there" reload master
tap_ok "a rotation works after it" lab_ctl master rekey --wait --timeout 20

lab_write_config master
sed -i "s|state: .*|state: $live_dir/master/other.db|" "$live_dir/master/keyidd.yaml"
tap_ok "another state file is not taken over" reload master
tap_ok "... and the log says what to do" lab_said master 'restart'
lab_write_config master
reload master
tap_is "the file of before is" "$(counter master reload_failures) $(counter master reloads)" "3 1"

# ---- the interval ----------------------------------------------------------------------------

before=$lab_times
generation=$(of master span-1 .generation)
lab_times=${before/rekey-interval: 0/rekey-interval: 1s}
lab_write_config master
reload master
tap_ok "an interval of 1 s in place of none: two rotations" \
	wait_for 15 confirmed_after $((generation + 1))
lab_times=${before/rekey-interval: 0/rekey-interval: 1h}
lab_write_config master
reload master
at_rest() {
	[ "$(of master span-1 'select(.state == "confirmed") | .next_rekey_s > 3000')" = true ]
}
tap_ok "1 h in place of 1 s: the next one is far away" wait_for 10 at_rest
generation=$(of master span-1 .generation)
lab_times=${before/rekey-interval: 0/rekey-interval: 1s}
lab_write_config master
reload master
tap_ok "1 s in place of 1 h: a rotation at once" wait_for 10 confirmed_after "$generation"
lab_times=$before
lab_write_config master
reload master
wait_for 10 lab_agree

# ---- channel keys ----------------------------------------------------------------------------

use_keys() { # END NUMBER...
	local list=() number

	for number in "${@:2}"; do
		list+=("\n      - number: $number\n        file: $live_dir/$1/channel-$number.key")
	done
	lab_write_config "$1"
	sed -i -e '/- number:/d' -e '/file: .*channel/d' \
		-e "s|channel-keys:|channel-keys:$(printf '%s' "${list[@]}")|" "$live_dir/$1/keyidd.yaml"
	reload "$1"
}

cp "$live_dir/master/channel.key" "$live_dir/master/channel-1.key"
openssl rand -hex 32 >"$live_dir/master/channel-2.key"
cp "$live_dir"/master/channel-[12].key "$live_dir/slave/"
use_keys slave 1 2
tap_ok "a second channel key at the slave alone: a rotation works" \
	lab_ctl master rekey --wait --timeout 20
use_keys master 1 2
tap_ok "... at both ends" lab_ctl master rekey --wait --timeout 20
use_keys master 2
tap_ok "... and the first one taken away at the master" lab_ctl master rekey --wait --timeout 20
use_keys slave 2
tap_ok "... and at the slave" lab_ctl master rekey --wait --timeout 20
refused_keys() { # END
	counter "$1" 'links[0].received | ."bad-icv" + ."unknown-channel-key"'
}
tap_is "no message was refused for its key" "$(refused_keys master) $(refused_keys slave)" "0 0"
tap_is "both stations have gone on through all that" "$(station master) $(station slave)" "$stations"

# ---- associations ----------------------------------------------------------------------------

add_association() { # END
	local sae=${lab_sae[$1]} far=${lab_sae[${lab_far[$1]}]}

	sed -i 's/^devices:/devices:\n  - name: dry\n    type: dry-run/' "$live_dir/$1/keyidd.yaml"
	cat >>"$live_dir/$1/keyidd.yaml" <<-EOT
		  - name: span-2
		    role: $1
		    sae: $sae
		    $([ "$1" = master ] && echo "members: [$far]" || echo "master: $far")
		    kme: ${lab_kme_id[$1]}
		    device: dry
		    ckn-prefix: $lab_prefix
		    channel-keys:
		      - number: 2
		        file: $live_dir/$1/channel-2.key
		    links:
		      - interface: eth1
		    heartbeat: 200ms
		    verify-interval: 200ms
	EOT
	reload "$1"
}

generation=$(of master span-1 .generation)
add_association slave
add_association master
tap_is "a second association is there" "$(of master span-2 .role) $(of slave span-2 .role)" \
	"master slave"
tap_ok "... and rotates" lab_ctl master rekey span-2 --wait --timeout 20
tap_is "... while the first one goes on as it is" \
	"$(of master span-1 .generation) $(lab_ctl master counters --json | jq .reload_failures)" \
	"$generation 3"
lab_write_config master
use_keys master 2
use_keys slave 2
tap_is "it is gone when it is taken away" "$(of master span-2 .role)$(of slave span-2 .role)" ""
tap_ok "... and the first one still rotates" lab_ctl master rekey --wait --timeout 20
tap_ok "both routers use one key" lab_agree

# ---- descriptors -----------------------------------------------------------------------------

descriptors() { # END
	find "/proc/${lab_pid[$1]}/fd" -type l | wc -l
}

# Another heartbeat stops the association, and with it its NETCONF session, and starts it again.
start_again() { # HEARTBEAT
	sed -i "s/heartbeat: .*/heartbeat: $1/" "$live_dir/master/keyidd.yaml"
	reload master
	lab_ctl master rekey --wait --timeout 20 >/dev/null
}

start_again 250ms
before=$(descriptors master)
start_again 200ms
start_again 250ms
start_again 200ms
start_again 250ms
tap_is "no descriptor is left behind by an association that is stopped" "$(descriptors master)" \
	"$before"
tap_done
