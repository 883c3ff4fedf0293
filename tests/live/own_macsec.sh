#!/bin/bash
# A daemon whose device is this host's own MACsec, as far as any host goes, with MACsec in its
# kernel or without: which capabilities it keeps, and what it says where nothing can be done. The
# rest is in tests/macsec. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
source tests/lib/live.sh

make_files() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=b \
		-addext basicConstraints=critical,CA:TRUE -keyout "$live_dir/sae.key" \
		-out "$live_dir/sae.pem" 2>/dev/null
	openssl rand -hex 32 >"$live_dir/state.key"
	openssl rand -hex 32 >"$live_dir/span.key"
	chmod 600 "$live_dir"/*.key
}

write_config() { # TYPE-OF-DEVICE
	cat >"$live_dir/keyidd.yaml" <<-END
		daemon:
		  state: $live_dir/keyidd.db
		  state-key: $live_dir/state.key
		  control-socket: $live_dir/control.sock
		transport: { oui: "00:00:5e", protocol-id: 0x0042 }
		kmes:
		  - name: kme
		    url: https://127.0.0.1:1
		    kme-id: kme
		    ca: $live_dir/sae.pem
		    certificate: $live_dir/sae.pem
		    private-key: $live_dir/sae.key
		devices: [{ name: kernel, type: $1 }]
		associations:
		  - name: span-1
		    role: slave
		    sae: b
		    master: a
		    kme: kme
		    device: kernel
		    ckn: sha256
		    channel-keys: [{ number: 1, file: $live_dir/span.key }]
		    links: [{ interface: eth1 }]
	END
}

# The arguments of unshare(1), by which $@ becomes the daemon, in a network of its own.
# shellcheck disable=SC2016 # expanded in there
in_network='ip link add eth1 type veth peer name eth2 && ip link set eth1 up && exec "$@"'

status() { # [JQ]
	local said

	said=$("$BUILD/keyidctl" --socket "$live_dir/control.sock" status --json 2>/dev/null) &&
		jq -er ".associations[0]${1-}" <<<"$said"
}

start() { # COMMAND... before the daemon's
	live_start keyidd unshare --net sh -c "$in_network" sh "$@" \
		"$BUILD/keyidd" --config "$live_dir/keyidd.yaml"
	wait_for 10 status >/dev/null
}

capabilities() {
	awk '/^Cap(Prm|Eff)/ { print $2 }' "/proc/$live_pid/status" | sort -u
}

make_files
write_config dry-run
start
tap_is "CAP_NET_RAW is kept, and no more" "$(capabilities)" 0000000000002000
write_config macsec
kill -HUP "$live_pid"
tap_ok "a device that comes by a reload, and needs more: keyidd says that it takes a restart" \
	wait_for 10 grep -q 'main: a device now needs CAP_NET_ADMIN, .*: restart it$' \
	"$live_dir/keyidd.err"
live_stop "$live_pid"

write_config macsec
start
tap_is "CAP_NET_ADMIN too, where this host's own MACsec is a device" "$(capabilities)" 0000000000003000
live_stop "$live_pid"

start setpriv --bounding-set=-net_admin
tap_is "a daemon that does not have it" "$(capabilities)" 0000000000002000
tap_ok "... runs, and says what is wrong" wait_for 10 status '.device.text | select(test(
	"not permitted: keyidd needs CAP_NET_ADMIN in this network namespace$|this kernel has no MACsec: load it"))'
tap_is "... why nothing is done" "$(status .device.reason)" device-refused
tap_is "... in one line of its log" "$(grep -c ' device: span-1: kernel: device-refused: macsec0: ' \
	"$live_dir/keyidd.err")" 1
live_stop "$live_pid"
tap_done
