#!/bin/bash
# Runs lldpd_port.c between two of Debian's lldpds, and looks at what is left in them. Needs root;
# prints TAP.
if [ "$(id -u)" -ne 0 ]; then
	echo "$0: only root can make network namespaces: run it as root" >&2
	exit 1
fi
if [ -z "${LLDPD_INSIDE-}" ]; then
	mkdir -p /run/netns && LLDPD_INSIDE=1 exec unshare --mount bash "$0" "$@"
	exit 1
fi
unset LLDPD_INSIDE
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
source tests/lib/live.sh
mount -t tmpfs -o mode=755 netns /run/netns || exit 1

chmod 711 "$live_dir" # lldpd gives up its privileges, and has to find its socket then
umask 022
for end in near far; do
	ip netns add "$end" || exit 1
done
ip -n near link add eth1 type veth peer name eth1 netns far || exit 1
for end in near far; do
	ip -n "$end" link set eth1 up || exit 1
	live_start "$end" ip netns exec "$end" lldpd -d -u "$live_dir/$end" -I eth1
done

answers() { # END
	lldpcli -u "$live_dir/$1" show interfaces 2>/dev/null | grep -q eth1
}

# What the far one hears.
sees() { # TLV
	lldpcli -u "$live_dir/far" show neighbors details | grep -q "TLV: *OUI: $1"
}

sees_none() { # TLV
	! sees "$1"
}

for end in near far; do
	wait_for 10 answers "$end" || exit 1
done
lldpcli -u "$live_dir/near" configure ports eth1 lldp custom-tlv add oui 00,00,5e subtype 43 \
	oui-info 6f,70 >"$live_dir/set"
# keyidd-lldpd gives up root's privileges; the group lets it through.
group=$(getent group _lldpd | cut -d : -f 3)
output=$(timeout 120 setpriv --groups "0,$group" "$BUILD/live/lldpd_port" "$BUILD/keyidd-lldpd" \
	"$live_dir/near" eth1 "$live_dir/far" eth1)
status=$?
tap_count=$(grep -c '^\(not \)\?ok ' <<<"$output")
grep -v -e '^1\.\.' -e '^# ok' <<<"$output"
[ "$status" -eq 0 ] || tap_failed=1
tap_ok "none of our TLVs is left" wait_for 5 sees_none '00,00,5E, SubType: 42,'
tap_ok "... and the operator's is" sees '00,00,5E, SubType: 43, Len: 2 6F,70'
tap_done
