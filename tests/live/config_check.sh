#!/bin/bash
# keyidd --check: what an operator sees of a configuration, right and wrong.
set -u
cd "$(dirname "$0")/../.." || exit 1
source tests/lib/live.sh

keyidd=$BUILD/keyidd
file=$live_dir/keyidd.yaml

# The example of one end, with every file that it names in place.
set_up() {
	local name

	for name in kme-ca.pem sae.pem sae.key router.key known_hosts; do
		echo x >"$live_dir/$name"
	done
	for name in state span-1 rehearsal; do
		openssl rand -hex 32 >"$live_dir/$name.key"
		chmod 600 "$live_dir/$name.key"
	done
	example master >"$file"
}

example() {
	sed "s|/etc/keyidd|$live_dir|" "docs/examples/$1.yaml"
	[ "$1" = dry-run ] || echo "daemon: { state-key: $live_dir/state.key }"
}

check() {
	"$keyidd" --check --config "$file"
}

# refuses REASON: with just one line, which begins with the file and ends in the reason.
refuses() {
	local output

	output=$(check 2>&1) && return 1
	printf '%s\n' "$output"
	[ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ] && [[ $output == "$file":$1 ]]
}

set_up
tap_ok "the master's example is accepted" check
example slave >"$file"
tap_ok "the slave's example is accepted" check
for end in master slave; do
	example "macsec-$end" >"$file"
	tap_ok "... and that of this host's own MACsec, the $end's" check
done
example wpa_supplicant >"$file"
tap_ok "... and that of a pair of wpa_supplicants" check
example dry-run | sed "s|^daemon:|&\n  state-key: $live_dir/state.key|" >"$file"
tap_ok "the dry run's example is accepted, its key as a credential" \
	env CREDENTIALS_DIRECTORY="$live_dir" "$keyidd" --check --config "$file"

example macsec-master | sed 's/cipher-suite: .*/&\n    key-chain: KC/' >"$file"
tap_ok "this host's own MACsec with a key-chain" \
	refuses '*: associations\[0\].key-chain: not for a device of type macsec; leave it out'
example wpa_supplicant | sed 's/cipher-suite: .*/cipher-suite: gcm-aes-xpn-256/' >"$file"
tap_ok "wpa_supplicant with extended packet numbers" \
	refuses '*: associations\[0\].cipher-suite: gcm-aes-xpn-256: wpa_supplicant has no suites with*'
example master | sed 's/rekey-interval/rekey-intervall/' >"$file"
tap_ok "an unknown key" refuses '*: associations\[0\].rekey-intervall: unknown key*'
example master | sed '/oui:/d' >"$file"
tap_ok "a missing OUI" refuses '*: transport.oui: missing; give your own MA-L OUI or CID*'
example master | sed 's/abcd5678$/abcd567800/' >"$file"
tap_ok "a prefix that makes a CKN of more than 32 octets" \
	refuses '*: associations\[0\].ckn-prefix: 34 digits make a CKN of 33 octets*'

example master >"$file"
chmod 640 "$live_dir/span-1.key"
tap_ok "a channel key that others can read" \
	refuses '*: associations\[0\].channel-keys\[0\].file: *span-1.key: mode 0640*chmod 600*'
chmod 600 "$live_dir/span-1.key"

{
	sed -n '/^associations/q;p' <(example master)
	echo "daemon: { state-key: $live_dir/state.key }"
	echo 'associations:'
	sed '1,/^associations/d; /^daemon/d' <(example master)
	sed '1,/^associations/d; /^daemon/d; s/CA_basic/CA_other/' <(example master)
} >"$file"
tap_ok "two associations with one name and SAE" \
	refuses '*: associations\[1\].sae: span-1: this is also the SAE of the entry in line 33; *'

# JSON is YAML.
cat >"$file" <<END
{"daemon": {"state-key": "$live_dir/state.key"},
 "transport": {"oui": "00:00:5e", "protocol-id": 66, "ethertype": "0x88b6"},
 "kmes": [{"name": "k", "url": "https://k", "kme-id": "k", "ca": "$live_dir/kme-ca.pem",
  "certificate": "$live_dir/sae.pem", "private-key": "$live_dir/sae.key"}],
 "devices": [{"name": "d", "type": "dry-run"}],
 "associations": [{"name": "s", "role": "slave", "sae": "a", "master": "b", "kme": "k",
  "device": "d", "ckn": "sha256", "channel-keys": [{"number": 1, "file": "$live_dir/span-1.key"}],
  "links": [{"interface": "eth0"}]}]}
END
tap_ok "a wrong value in JSON, with its line" refuses '2: transport.ethertype: "0x88b6": write 0x88b7*'
sed -i 's/0x88b6/0x88b5/' "$file"
tap_ok "the same, corrected" check

# Key files that are refused, for their mode and for their length, show nothing of the key.
sed 's/$/0/' "$live_dir/state.key" >"$live_dir/longer"
cp "$live_dir/longer" "$live_dir/state.key"
chmod 640 "$live_dir/span-1.key"
check >"$live_dir/said" 2>&1
tap_is "both key files are refused" "$(grep -c '\.key: ' "$live_dir/said")" 2
tap_is "no octet of a key is said" \
	"$(grep -cFf <(grep -hoE '[0-9a-f]{16}' "$live_dir"/*.key) "$live_dir/said")" 0
tap_done
