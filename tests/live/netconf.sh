#!/usr/bin/env bash
# The NETCONF applier against two simulated routers, linked by MKA, behind real sshd.
#
#   applierctl --- sshd --- routersim a  et-0/0/0 === et-0/0/1  routersim b --- sshd --- applierctl
#
# Everything on loopback.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/live.sh
source tests/lib/live.sh

top=$PWD
programs=$(cd "$BUILD" && pwd) || exit 1
routersim=$programs/routersim
applierctl=$programs/applierctl

# Keys: CKNs of the published form, and CAKs that are found in no output.
prefix=abcd1234abcd5678abcd1234abcd5678
ckn() { printf '%s%032x' "$prefix" "$1"; }
cak() { printf '5ec2e7%02x%056x' "$1" "$1"; }
for n in 1 2 3 4 5 6 7 8 9; do
	(umask 077 && cak "$n" >"$live_dir/cak$n")
done

# make_router NAME PEER INTERFACE OPTION...: with key 1
make_router() {
	local name=$1 peer=$2 interface=$3

	shift 3
	"$routersim" init --state "$live_dir/$name" --name "$name" --association CA_basic \
		--suite gcm-aes-xpn-256 --interface "$interface" --peer "$live_dir/$peer" \
		--ckn "$(ckn 1)" --cak-file "$live_dir/cak1" "$@"
}

start_sshd() {
	live_start "sshd-$1" "$top/tools/routersim/sshd.sh" -r "$routersim" "$live_dir/$1"
	wait_for 10 test -s "$live_dir/$1/ssh/port"
}

# Sets args: how applierctl reaches the router NAME.
reach() {
	local ssh=$live_dir/$1/ssh

	args=(--junos 127.0.0.1 --port "$(cat "$ssh/port")" --user "$(cat "$ssh/user")"
		--private-key "$ssh/client_key" --known-hosts "$ssh/known_hosts"
		--association CA_basic)
}

# act NAME ARGUMENT...: one run of applierctl with that router
act() {
	local args

	reach "$1"
	shift
	"$applierctl" "${args[@]}" "$@" 2>&1
}

# with_key N NAME ARGUMENT...: the same with key N
with_key() {
	local n=$1 name=$2

	shift 2
	act "$name" --ckn "$(ckn "$n")" --cak-file "$live_dir/cak$n" "$@"
}

# First line without its time: "commit: ok", "commit: device-locked: ..."
said() { head -n 1 | sed 's/ in [0-9]* ms//'; }

fault() {
	local name=$1

	shift
	"$routersim" fault --state "$live_dir/$name" "$@"
}

committed() { "$routersim" show --state "$live_dir/$1" --json | jq -r .committed.ckn; }
commits() { "$routersim" show --state "$live_dir/$1" --json | jq -r .commits; }

# What read-back shows of key N at a router: "configured usable transmitting", or less.
seen() { act "$2" read-back | sed -n "s/^  CKN $(ckn "$1") *//p"; }
sees() { [ "$(seen "$1" "$2")" = "$3" ]; }
uses() { sees "$1" "$2" "configured usable transmitting"; }

# both_use N: both ends have it, live
both_use() { wait_for 10 uses "$1" a && wait_for 10 uses "$1" b; }

make_router a b et-0/0/0
make_router b a et-0/0/1
start_sshd a || { cat "$live_dir/sshd-a.err"; exit 1; }
start_sshd b || exit 1

# ---- the usual way ---------------------------------------------------------------------------

tap_is "read-back shows the key that both ends have" "$(seen 1 a)" "configured usable transmitting"

before=$(sha256sum <"$live_dir/a/running.xml")
tap_is "prepare succeeds" "$(with_key 2 a prepare | said)" "prepare: ok"
tap_is "prepare leaves the configuration as it was" "$(sha256sum <"$live_dir/a/running.xml")" "$before"
tap_ok "prepare leaves no candidate behind" test ! -e "$live_dir/a/candidate.xml"
tap_ok "prepare leaves no lock behind" test ! -e "$live_dir/a/lock"

tap_is "commit at one end succeeds" "$(with_key 2 a --generation 7 commit | said)" "commit: ok"
tap_is "the commit says its generation" \
	"$(grep -c 'keyidd generation 7,' "$live_dir/a/commits.log")" 1
tap_is "the new key is usable there, and does not secure the link" "$(seen 2 a)" "configured usable"
tap_is "the old key still secures it" "$(seen 1 a)" "usable transmitting"
tap_is "at the other end too" "$(seen 1 b)" "configured usable transmitting"
tap_is "commit at the other end succeeds" "$(with_key 2 b --generation 7 commit | said)" "commit: ok"
tap_ok "then both ends use the new key" both_use 2
tap_is "and the old one is gone" "$(seen 1 a)" ""
count=$(commits a)
tap_is "committing a key in use again succeeds" "$(with_key 2 a commit | said)" "commit: ok"
tap_is "and commits nothing" "$(commits a)" "$count"
tap_is "retire and discard succeed" "$(with_key 2 a retire discard | grep -c ': ok')" 2

# ---- keys that vendors pad differently -------------------------------------------------------

short=$(act a --ckn "$prefix" --cak-file "$live_dir/cak3" prepare | said)
tap_is "a short CKN is refused" "$short" "prepare: device-unsuitable-key: the CKN has 16 octets, not 32"
(umask 077 && cut -c 1-32 "$live_dir/cak3" >"$live_dir/cak-short")
short=$(act a --ckn "$(ckn 3)" --cak-file "$live_dir/cak-short" commit | said)
tap_is "a short CAK is refused" "$short" \
	"commit: device-unsuitable-key: the CAK has 16 octets; gcm-aes-xpn-256 needs 32"

# ---- refusals --------------------------------------------------------------------------------

fault a lock-held 4242 always
tap_is "a lock that is held is waited for, then reported with its holder" \
	"$(with_key 3 a --lock-wait 300 commit | said)" \
	"commit: device-locked: configuration locked by session 4242: configuration database locked by session 4242"
"$routersim" clear --state "$live_dir/a"
fault a lock-held 4242 2
tap_is "a lock that is given back in time is no failure" "$(with_key 3 a prepare | said)" "prepare: ok"
fault a check-refused
tap_is "a refused check fails prepare" "$(with_key 3 a prepare | said)" \
	"prepare: device-refused: commit check: configuration check-out failed"
tap_ok "and leaves no candidate behind" test ! -e "$live_dir/a/candidate.xml"
fault a commit-refused
tap_is "a refused commit is told from a refused check" "$(with_key 3 a commit | said)" \
	"commit: device-commit-failed: commit: commit failed: daemon dot1xd refuses"
tap_is "and leaves the old key" "$(committed a)" "$(ckn 2)"
tap_ok "and no lock" test ! -e "$live_dir/a/lock"
fault a quote-key
tap_is "a refusal that quotes the key is told without it" "$(with_key 3 a prepare | said)" \
	"prepare: device-refused: load-configuration: invalid value '[key]' (cak)"
tap_is "an association that is not there" \
	"$(with_key 3 a --association CA_none prepare | said)" \
	"prepare: device-not-configured: no connectivity association CA_none on the device"
tap_is "an interface that is not bound" "$(with_key 3 a --interface et-0/0/7 prepare | said)" \
	"prepare: device-not-configured: interface et-0/0/7 is not bound to connectivity association CA_basic"
tap_is "a cipher suite that is not the device's" \
	"$(with_key 3 a --suite gcm-aes-256 prepare | said)" \
	"prepare: device-not-configured: connectivity association CA_basic has cipher suite gcm-aes-xpn-256 on the device, gcm-aes-256 here"

# ---- warnings --------------------------------------------------------------------------------

fault a warning
tap_is "a warning is no failure" "$(with_key 3 a commit | said)" "commit: ok: MACsec licence not installed"
tap_is "commit follows at the other end" "$(with_key 3 b commit | said)" "commit: ok"
tap_ok "both ends use the key" both_use 3

# ---- sessions that end half-way --------------------------------------------------------------

fault a drop-before-commit
tap_is "a session dropped before the commit" "$(with_key 4 a commit | said)" \
	"commit: device-connection-lost: the session ended: closed by the device"
tap_is "read-back shows that it was lost" "$(seen 4 a)" ""
tap_is "and which key is in use" "$(seen 3 a)" "configured usable transmitting"
tap_ok "the dead session's lock is free again" with_key 4 a prepare
fault a drop-after-commit
tap_is "a session dropped after the commit" "$(with_key 4 a commit | said)" \
	"commit: device-connection-lost: the session ended: closed by the device"
tap_is "read-back shows that it landed" "$(seen 4 a)" "configured usable"
tap_is "the same commit at the other end" "$(with_key 4 b commit | said)" "commit: ok"
tap_ok "both ends use the key" both_use 4

fault a garbage
tap_is "a reply that is no XML" "$(with_key 5 a prepare | said)" \
	"prepare: device-protocol: not a NETCONF message: not well-formed XML"
fault a no-hello
tap_is "a session without hello" "$(with_key 5 a --timeout 700 prepare | said)" \
	"prepare: device-timeout: no answer in time while waiting for a reply"
fault a slow-commit 3000
tap_is "a commit that takes too long" "$(with_key 5 a --timeout 700 commit | said)" \
	"commit: device-timeout: no answer in time while waiting for a reply"
tap_ok "lands nevertheless, as read-back shows" wait_for 10 sees 5 a "configured usable"
tap_is "the same commit at the other end" "$(with_key 5 b commit | said)" "commit: ok"
tap_ok "both ends use the key" both_use 5

# ---- closing ---------------------------------------------------------------------------------

# took MILLISECONDS COMMAND...: true if it ends within the time
took() {
	local limit=$1 start=${EPOCHREALTIME/./}

	shift
	"$@"
	[ $(((${EPOCHREALTIME/./} - start) / 1000)) -lt "$limit" ]
}

# close_during NAME FAULT...: interrupts a commit of key 6 once the fault has struck
close_during() {
	local name=$1 args

	shift
	fault "$name" "$@"
	reach "$name"
	live_start closing "$applierctl" "${args[@]}" --ckn "$(ckn 6)" --cak-file "$live_dir/cak6" commit
	wait_for 10 test ! -s "$live_dir/$name/faults" || return 1
	kill "$live_pid"
	took 1000 wait "$live_pid"
}

tap_ok "closing while the router says no hello is prompt" close_during a no-hello
tap_is "and is no answer" "$(said <"$live_dir/closing.out")" "commit: interrupted"
tap_ok "closing during a slow commit is prompt" close_during a slow-commit 20000
tap_is "and is no answer" "$(said <"$live_dir/closing.out")" "commit: interrupted"
tap_is "the same commit at the other end" "$(with_key 6 b commit | said)" "commit: ok"
tap_ok "and the router, which had it already, follows" both_use 6

# ---- who is there ----------------------------------------------------------------------------

mkdir "$live_dir/wrong"
ssh-keygen -q -t ed25519 -N '' -f "$live_dir/wrong/key"
sed "s| ssh-ed25519 .*| $(cut -d ' ' -f 1,2 "$live_dir/wrong/key.pub")|" "$live_dir/a/ssh/known_hosts" \
	>"$live_dir/wrong/known_hosts"
tap_is "another host key is refused" \
	"$(act a --known-hosts "$live_dir/wrong/known_hosts" read-back | said | sed 's/SHA256:[^ ,]*/X/')" \
	"read-back: device-host-key: 127.0.0.1: the device shows host key X, not the one in known_hosts"
: >"$live_dir/wrong/empty"
tap_is "and so is one that known_hosts does not have" \
	"$(act a --known-hosts "$live_dir/wrong/empty" read-back | said | sed 's/SHA256:[^ ,]*/X/')" \
	"read-back: device-host-key: 127.0.0.1: the device shows host key X, and known_hosts has none for it"
tap_is "another user key is refused" "$(act a --private-key "$live_dir/wrong/key" read-back | said)" \
	"read-back: device-login: 127.0.0.1: user $(id -un) is refused with key $live_dir/wrong/key"
tap_is "nobody there" "$(act a --port 1 read-back | said)" \
	"read-back: device-unreachable: 127.0.0.1 port 1: Connection refused"
ssh-keygen -q -t ed25519 -N secret -f "$live_dir/wrong/locked"
tap_is "a key with a passphrase is refused at once, without asking" \
	"$(act a --private-key "$live_dir/wrong/locked" read-back </dev/null)" \
	"applierctl: $live_dir/wrong/locked: not readable as a private key without passphrase"

# ---- the other ways to speak -----------------------------------------------------------------

make_router c d et-0/0/2 --base-1.1 --mka-form blocks
make_router d c et-0/0/3 --rfc-compliant --mka-form table
start_sshd c && start_sshd d
tap_is "chunked framing: commit" "$(with_key 2 c --verbose commit | grep -c 'NETCONF 1.1\|^commit: ok')" 2
tap_is "prefixed replies: commit" "$(with_key 2 d commit | said)" "commit: ok"
tap_ok "sessions as blocks: the key is in use" wait_for 10 uses 2 c
tap_ok "sessions as a table: the key is in use" wait_for 10 uses 2 d
tap_is "one session serves several jobs" \
	"$(with_key 3 c --verbose prepare commit read-back | grep -c 'NETCONF 1.1')" 1
tap_is "sessions as blocks: the old key secures the link" "$(seen 2 c)" "usable transmitting"

# ---- key-chains ------------------------------------------------------------------------------

make_router e f et-0/0/4 --key-chain KC
make_router f e et-0/0/5 --key-chain KC
start_sshd e && start_sshd f

# chain NAME ARGUMENT...: as act, with a router that uses a key-chain
chain() {
	local name=$1

	shift
	act "$name" --key-chain KC "$@"
}

# keyed NAME N START [N START ...] -- ARGUMENT...: the same with these keys
keyed() {
	local name=$1 keys=()

	shift
	while [ "$1" != -- ]; do
		keys+=(--ckn "$(ckn "$1")" --cak-file "$live_dir/cak$1" --start "$2")
		shift 2
	done
	shift
	chain "$name" "${keys[@]}" "$@"
}

# What read-back shows of key N of a chain, with and without its start.
chain_seen() { chain "$2" read-back | sed -n "s/^  CKN $(ckn "$1") *//p"; }
chain_state() { chain_seen "$1" "$2" | sed 's/ start .*//'; }
chain_sees() { [ "$(chain_state "$1" "$2")" = "$3" ]; }
chain_uses() { chain_sees "$1" "$2" "configured usable transmitting"; }
both_chains_use() { wait_for 10 chain_uses "$1" e && wait_for 10 chain_uses "$1" f; }

# stays_live_until N NAME: key N comes into use, and some key was all along
stays_live_until() {
	local view end=$((SECONDS + 10))

	while [ "$SECONDS" -lt "$end" ]; do
		view=$(chain "$2" read-back)
		grep -q transmitting <<<"$view" || return 1
		! grep -q "CKN $(ckn "$1").* transmitting" <<<"$view" || return 0
	done
	return 1
}
iso() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

# ahead SECONDS: sets the clocks of both
ahead() {
	"$routersim" clock --state "$live_dir/e" "$1" && "$routersim" clock --state "$live_dir/f" "$1"
}

first=$(($(date +%s) + 600))
second=$((first + 3000))
batch=(2 "$first" 3 "$second")

tap_is "a chain's key is in use" "$(chain_seen 1 e)" \
	"configured usable transmitting start 2000-01-01T00:00:00Z"
before=$(sha256sum <"$live_dir/e/running.xml")
tap_is "prepare succeeds before the starts are chosen" \
	"$(keyed e 2 0 3 0 -- prepare | said)" "prepare: ok"
tap_is "and with them" "$(keyed e "${batch[@]}" -- prepare | said)" "prepare: ok"
tap_is "and leaves the configuration as it was" "$(sha256sum <"$live_dir/e/running.xml")" "$before"
tap_ok "and no lock" test ! -e "$live_dir/e/lock"
tap_is "commit installs two keys" "$(keyed e "${batch[@]}" -- --generation 7 commit | said)" "commit: ok"
tap_is "in one commit" "$(commits e)" 1
tap_is "that says its generation" "$(grep -c 'keyidd generation 7,' "$live_dir/e/commits.log")" 1
tap_is "the first waits for its start" "$(chain_seen 2 e)" "configured future start $(iso "$first")"
tap_is "the second does" "$(chain_seen 3 e)" "configured future start $(iso "$second")"
tap_is "the old key is in use" "$(chain_state 1 e)" "configured usable transmitting"
tap_is "and at the other end, where they are not yet" "$(chain_state 1 f)" \
	"configured usable transmitting"
tap_is "commit at the other end" "$(keyed f "${batch[@]}" -- commit | said)" "commit: ok"
tap_is "the same again" "$(keyed e "${batch[@]}" -- prepare commit | grep -c ': ok')" 2
tap_is "commits nothing" "$(commits e)" 1

# two seconds before the first start
offset=$((first - 2 - $(date +%s)))
ahead "$offset"
tap_ok "until its start the link is never without a key" stays_live_until 2 e
tap_ok "then the key is in use at both ends" both_chains_use 2
tap_ok "its start has come" [ "$(chain e read-back | awk '$1 == "clock" { print $2 + 0 }')" -ge "$first" ]
tap_is "the old one is there, and of no more use" "$(chain_seen 1 e)" \
	"configured start 2000-01-01T00:00:00Z"
tap_is "the second still waits" "$(chain_state 3 e)" "configured future"
tap_ok "read-back tells the device's clock" grep -Eq \
	"^  clock [0-9]+, \+($((offset - 1))|$offset|$((offset + 1))) s from here" <<<"$(chain e read-back)"

tap_is "a key is re-timed" "$(keyed e 3 $((second + 60)) -- commit | said)" "commit: ok"
tap_is "as read-back shows" "$(chain_seen 3 e)" "configured future start $(iso $((second + 60)))"
tap_is "in its own number" \
	"$("$routersim" show --state "$live_dir/e" --json | jq -r '.chain | map(.number) | join(" ")')" "0 1 2"
tap_is "and nothing else has changed" "$(chain_seen 2 e)" \
	"configured usable transmitting start $(iso "$first")"
tap_is "a start that another key has is refused" "$(keyed e 4 "$first" -- prepare | said)" \
	"prepare: device-refused: key-chain KC: start-time $(date -u -d "@$first" '+%Y-%m-%d.%H:%M:%S +0000') is that of key 1 already"

count=$(commits e)
tap_is "retire succeeds" "$(chain e --ckn "$(ckn 3)" retire | said)" "retire: ok"
tap_is "in one commit" "$(commits e)" $((count + 1))
tap_is "the old key is gone" "$(chain_state 1 e)" ""
tap_is "the key in use is not, though not listed" "$(chain_state 2 e)" "configured usable transmitting"
tap_is "the listed one is not" "$(chain_state 3 e)" "configured future"
tap_is "retire again succeeds" "$(chain e --ckn "$(ckn 3)" retire | said)" "retire: ok"
tap_is "and commits nothing" "$(commits e)" $((count + 1))

tap_is "a key at once, at one end" "$(keyed e 4 0 -- commit | said)" "commit: ok"
tap_ok "is usable there, and secures nothing" wait_for 10 chain_sees 4 e "configured usable"
tap_is "the other end's secures nothing any more" "$(chain_state 2 f)" "configured usable"
tap_is "at once at the other end" "$(keyed f 4 0 -- commit | said)" "commit: ok"
tap_ok "both use it" both_chains_use 4
count=$(commits e)
tap_is "at once again" "$(keyed e 4 0 -- commit | said)" "commit: ok"
tap_is "commits nothing" "$(commits e)" "$count"

later=(5 $((second + 600)))
fault e drop-after-lock
tap_is "a session dropped with the lock" "$(keyed e "${later[@]}" -- commit | said)" \
	"commit: device-connection-lost: the session ended: closed by the device"
tap_is "is not continued without it" "$(chain_state 5 e)" ""
fault e drop-before-commit
tap_is "a session dropped before the commit" "$(keyed e "${later[@]}" -- commit | said)" \
	"commit: device-connection-lost: the session ended: closed by the device"
tap_is "read-back shows that it was lost" "$(chain_state 5 e)" ""
fault e drop-after-commit
tap_is "a session dropped after the commit" "$(keyed e "${later[@]}" -- commit | said)" \
	"commit: device-connection-lost: the session ended: closed by the device"
tap_is "read-back shows that it landed" "$(chain_state 5 e)" "configured future"
count=$(commits e)
tap_is "the same commit succeeds" "$(keyed e "${later[@]}" -- commit | said)" "commit: ok"
tap_is "and commits nothing" "$(commits e)" "$count"

later=(6 $((second + 1200)))
fault e start-shift 3600
tap_is "a device that reads start-times otherwise is found out" \
	"$(keyed e "${later[@]}" -- commit | said | sed 's/ as .*//')" \
	"commit: device-refused: the device reads the start-time of key 4"
fault e quote-key
tap_is "a refusal that quotes the secret is told without it" "$(keyed e "${later[@]}" -- prepare | said)" \
	"prepare: device-refused: load-configuration: invalid value '[key]' (secret)"
fault e commit-refused
tap_is "a refused commit" "$(keyed e "${later[@]}" -- commit | said)" \
	"commit: device-commit-failed: commit: commit failed: daemon dot1xd refuses"
fault e lock-held 4242 always
tap_is "a lock that is held" "$(keyed e "${later[@]}" -- --lock-wait 300 commit | said)" \
	"commit: device-locked: configuration locked by session 4242: configuration database locked by session 4242"
tap_is "keeps nobody from a commit that changes nothing" "$(keyed e 4 0 -- commit | said)" "commit: ok"
"$routersim" clear --state "$live_dir/e"
tap_is "none of them committed anything" "$(commits e)" "$count"
tap_ok "nor left a candidate or a lock" \
	bash -c "! test -e $live_dir/e/candidate.xml && ! test -e $live_dir/e/lock"
tap_is "the key in use is the same" "$(chain_state 4 e)" "configured usable transmitting"

tap_is "another key-chain than the association's" "$(act e --key-chain KX read-back | said)" \
	"read-back: device-not-configured: connectivity association CA_basic uses key-chain KC on the device, key-chain KX here"
tap_is "a static key for an association with a key-chain" "$(with_key 5 e prepare | said)" \
	"prepare: device-not-configured: connectivity association CA_basic uses key-chain KC on the device, no key-chain here"
make_router g h et-0/0/6 --key-chain KC --time-zone EST5
start_sshd g
tap_is "a router that is not in UTC is refused keys" "$(keyed g "${later[@]}" -- prepare | said)" \
	"prepare: device-not-configured: the device's time-zone is EST, not UTC: set system time-zone UTC"
tap_is "and still read" "$(chain_seen 1 g)" "configured usable start 2000-01-01T00:00:00Z"

# What the simulator finds wrong with a key-chain is what Junos' reference forbids. Without sshd.
# checks LINE...: the answer to a commit check with these lines
checks() {
	local line

	{
		printf '<hello><capabilities/></hello>]]>]]><rpc><load-configuration action="set" format="text">'
		printf '<configuration-set>'
		for line; do
			printf 'set security authentication-key-chains key-chain KC key %s\n' "$line"
		done
		printf '</configuration-set></load-configuration></rpc>]]>]]>'
		printf '<rpc><commit-configuration><check/></commit-configuration></rpc>]]>]]>'
	} | "$routersim" --state "$live_dir/h" | grep -o '<error-message>[^<]*\|<ok/>' | tail -n 1
}
make_router h g et-0/0/7 --key-chain KC
at="2030-01-01.00:00:00 +0000"
tap_is "the simulator accepts a good key" \
	"$(checks "63 key-name $(ckn 2)" "63 secret $(cak 2)" "63 start-time \"$at\"")" "<ok/>"
tap_is "but not in number 64" \
	"$(checks "64 key-name $(ckn 2)" "64 secret $(cak 2)" "64 start-time \"$at\"")" \
	"<error-message>Value 64 is not within range (0..63)"
tap_is "nor one with half an octet in its name" \
	"$(checks "1 key-name $(ckn 2)0" "1 secret $(cak 2)" "1 start-time \"$at\"")" \
	"<error-message>key-name must be an even number of hexadecimal digits, at most 64"
tap_is "nor without a start" "$(checks "1 key-name $(ckn 2)" "1 secret $(cak 2)")" \
	"<error-message>Missing mandatory statement: 'start-time'"
tap_is "nor with a start that no calendar has" \
	"$(checks "1 secret $(cak 2)" '1 start-time "2030-02-30.00:00:00 +0000"')" \
	"<error-message>invalid start-time"
tap_is "nor with another's, whatever the zone" \
	"$(checks "1 secret $(cak 2)" '1 start-time "2000-01-01.02:00:00 +0200"')" \
	"<error-message>start-time must be unique within the key-chain"
tap_is "nor with a secret of another length" "$(checks "1 secret 1234" "1 start-time \"$at\"")" \
	"<error-message>secret must be 64 hexadecimal digits"

# ---- secrets ---------------------------------------------------------------------------------

secrets=$(for n in 1 2 3 4 5 6; do cat "$live_dir/cak$n"; echo; done)
tap_ok "what is searched for is found where it must be" \
	grep -qiF "$secrets" "$live_dir/a/state.json"
tap_ok "no log of a router holds a key" \
	bash -c "! grep -rqiF '$secrets' $live_dir/*/rpc.log $live_dir/*/commits.log $live_dir/?/ssh $live_dir/*.out $live_dir/*.err"
tap_ok "no output shows a key" \
	bash -c "! printf '%s' \"\$1\" | grep -qiF '$secrets'" - "$(with_key 4 c --verbose prepare read-back)"
tap_ok "the router shows no key" \
	bash -c "! printf '%s' \"\$1\" | grep -qiF '$secrets'" - "$("$routersim" show --state "$live_dir/c")"

tap_done
