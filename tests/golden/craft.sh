#!/bin/bash
# keyid-craft itself: what it refuses, with the line in which it is, and that what it makes
# is the same each time. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1

craft=$(cd "${BUILD:-build}" && pwd)/keyid-craft || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
tests=0

result() { # NAME; the status before it says whether it is so
	local ok=$?

	tests=$((tests + 1))
	if [ "$ok" -eq 0 ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		sed 's/^/# /' error
	fi
}

# A scenario on standard input is refused with one line, and no file is made.
refuses() { # LINE WHAT
	cat >bad.scenario
	rm -f bad.pcap
	"$craft" bad.scenario -o bad.pcap >output 2>error
	[ $? -eq 2 ] && [ ! -s output ] && [ ! -e bad.pcap ] && [ "$(cat error)" = "bad.scenario:$1: $2" ]
	result "refused: $2"
}

cast='association span-1 master alpha
channel-key 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
link west
station alpha address 02:00:00:00:00:0a holds 1
station bravo address 02:00:00:00:00:0b holds 1
key k7 d9b6fa63-dd88-47d2-8afe-94fcecf40d19
proposal 7 keys k7'

# What stands behind the cast begins at line 8.
refuses_then() { # LINE WHAT
	{
		echo "$cast"
		cat
	} >text
	refuses "$@" <text
}

refuses 1 "'assoziation' is no word of the language" <<<'assoziation span-1'
refuses 3 "there is no link yet" <<<'association a master b

station alpha address 02:00:00:00:00:0a'
refuses 1 "'status' is not said by anybody" <<<'    status alpha'
refuses 3 "a format is pcap or pcapng" <<<'# first

format erf'
refuses 1 "'twice' is not expected here" <<<'format pcap twice'
refuses 1 "an SAE ID is missing" <<<'association span-1 master'
refuses 1 "'/' is no key_ID" <<<'key k /'
refuses 1 "d9b6fa63 makes no CKN by this rule: it is no UUID" <<<'key k d9b6fa63'
refuses 2 "bad.key: No such file or directory; make a key with \`openssl rand -hex 32\`, mode 600" \
	<<<'association a master b
channel-key 1 file bad.key'
refuses 2 "a heartbeat: '2' is no duration, as 500ms, 2s or 1h, of at most 30d" \
	<<<'association a master b
link l heartbeat 2'

refuses_then 8 "there is a station 'alpha' already" <<<'station alpha address 02:00:00:00:00:0c'
refuses_then 8 "'flip' is a word of the language" <<<'station flip address 02:00:00:00:00:0c'
refuses_then 8 "an address: '02:00' is not 6 octets, as in 02:00:0a..." <<<'station c address 02:00'
refuses_then 8 "association span-1 has no channel key 2" <<<'station c address 02:00:00:00:00:0c holds 2'
refuses_then 8 "there is no key 'k8'" <<<'proposal 8 keys k7,k8'
refuses_then 8 "a proposal's name begins with its generation" <<<'proposal next keys k7'
refuses_then 8 "there is no station 'charlie'" <<<'at 0 charlie says'
refuses_then 8 "no station 'sings'" <<<'at 0 alpha sings'
refuses_then 8 "'soon' is no time: seconds, as in 1.25 or +0.005" <<<'at soon alpha says'
refuses_then 8 "a time is missing" <<<'until'
refuses_then 8 "90000 is more than a day: 86400 s" <<<'until 90000'
refuses_then 9 "time goes back: it is 1.5 already" <<<'at 1.5 alpha says
at 1.0 bravo says'
refuses_then 9 "nobody can say 'hello'" <<<'at 0 alpha says
    hello'
refuses_then 9 "there is no proposal '8'" <<<'at 0 alpha says
    prepare 8'
refuses_then 10 "there is such a slot already" <<<'at 0 alpha says
    commit 7
    confirmed 7'
refuses_then 9 "no status has 'moods'" <<<'at 0 alpha says
    status alpha moods 3'
sci=02000000000a0001
refuses_then 9 "an SCI: '0200' is not 16 hexadecimal digits" <<<'at 0 alpha says
    secy 0200 gcm-aes-256'
refuses_then 9 "a cipher suite: 'gcm-aes-192' is no number" <<<"at 0 alpha says
    secy $sci gcm-aes-192"
refuses_then 9 "no SecY has 'hopes'" <<<"at 0 alpha says
    secy $sci gcm-aes-256 hopes"
refuses_then 9 "'k7' is no KEY/NONCE" <<<"at 0 alpha says
    secy $sci gcm-aes-256 sends k7"
refuses_then 9 "'k7/' is no KEY/NONCE" <<<"at 0 alpha says
    secy $sci gcm-aes-256 sends k7/"
refuses_then 9 "a nonce: '' is no number" <<<"at 0 alpha says
    secy $sci gcm-aes-256 sends k7/+"
refuses_then 9 "there is no key 'k8'" <<<"at 0 alpha says
    secy $sci gcm-aes-256 sends k7/1,k8/2+"
refuses_then 9 "more than 4 SAs to send with" <<<"at 0 alpha says
    secy $sci gcm-aes-256 sends k7/1,k7/2,k7/3,k7/4,k7/5"
refuses_then 9 "more than 64 SAs to receive" <<<"at 0 alpha says
    secy $sci gcm-aes-256 receives $(seq -s, 65)"
refuses_then 10 "there is a SecY already" <<<"at 0 alpha says
    secy $sci gcm-aes-256
    secy $sci gcm-aes-256"
refuses_then 10 "patch: there is no such place before the HMAC" <<<'at 0 alpha says
    status alpha
    patch proposed.phase 03'
refuses_then 11 "double: there is no such TLV" <<<'at 0 alpha says
    status alpha highest 1 \
        live
    double committed'
refuses_then 8 "nothing known of a frame is 'sideways'" <<<'at 0 alpha says sideways'
refuses_then 8 "'pigeon' is not raw, lldp or auto" <<<'at 0 alpha says by pigeon'
refuses_then 8 "raw, lldp or auto is missing" <<<'at 0 block'
refuses_then 8 "an LLDP interval is 1s to 5m" <<<'frames lldp-interval 500ms'
refuses_then 8 "this is no message, to go by another carrier" <<<'at 0 lldpdu by raw'
refuses_then 9 "'hello' is nothing in an LLDPDU" <<<'at 0 lldpdu
    hello'
refuses_then 9 "a TLV of more than 511 octets" <<<'at 0 lldpdu
    system-name 61*512'
refuses_then 10 "the LLDPDU is too long" <<<'at 0 lldpdu
    octets 00*4000
    tlv 9 00*100'
refuses_then 11 "there is no message in it" <<<'at 0 lldpdu called hello
    ttl 0001
at 1 lldpdu
    message hello'
refuses_then 10 "where the part begins: 88 is not within 0..68" <<<'at 0 alpha says called hello
at 1 lldpdu
    part hello 88 1'
refuses_then 23 "c cannot say that: the message is too long" < <( # for LLDP: over 1300 octets
	echo 'station c address 02:00:00:00:00:0c transport lldp holds 1'
	echo 'at 0 c says'
	printf '    status s%d via a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\n' $(seq 14)
)
refuses_then 8 "there is no frame called 'hello'" <<<'at 0 again hello'
refuses_then 9 "a frame is called 'hello' already" <<<'at 0 alpha says called hello
at 1 alpha says called hello'
refuses_then 9 "there is no such place: 'hmac+32'" <<<'at 0 alpha says called hello
at 1 flip hello hmac+32'
refuses_then 9 "the frame has only 87 octets" <<<'at 0 alpha says called hello
at 1 truncate hello 88'
refuses_then 8 "'0g' is neither hexadecimal nor in quotes" <<<'at 0 raw 0180 0g'
refuses_then 8 "'00*' is neither hexadecimal nor in quotes" <<<'at 0 raw 0180 00*'
refuses_then 8 "more than 4096 octets" <<<'at 0 raw 0180*4096'
refuses_then 8 "a text without its second quote" <<<'at 0 raw "oh'
refuses_then 9 "alpha cannot say that: it holds no channel key" <<<'at 0 alpha drops key 1
at 0 alpha says'
refuses_then 10 "alpha cannot say that: it has no message number left" <<<'at 0 alpha counts from 4294967295
at 0 alpha says
at 1 alpha says'
refuses_then 41 "more than 32 statuses" < <(
	echo 'at 0 alpha says'
	printf '    status s%d\n' $(seq 33)
)

: >error
[ "$("$craft" nothing.scenario -o x.pcap 2>&1)" = "nothing.scenario: No such file or directory" ]
result "refused: no such file"
mkdir folder
[ "$("$craft" folder -o x.pcap 2>&1)" = "folder: Is a directory" ]
result "refused: a folder"
head -c 1000 /dev/zero >zeros
[ "$("$craft" zeros -o x.pcap 2>&1)" = "zeros: not a text" ]
result "refused: not a text"
yes '# a long story' | head -c 1100000 >long
[ "$("$craft" long -o x.pcap 2>&1)" = "long: longer than 1048576 octets" ]
result "refused: a text that is too long"
echo "$cast" >good.scenario
[ "$("$craft" good.scenario -o none/x.pcap 2>&1)" = "none/x.pcap: No such file or directory" ]
result "refused: a file that cannot be made"
"$craft" good.scenario >output 2>error
[ $? -eq 2 ] && grep -q '^usage:' error
result "refused: no file to write, with how to use it"
"$craft" --help >output 2>error && grep -q '^usage:' output
result "--help"

"$craft" --random 200 --seed 7 -o 1.pcap && "$craft" --random 200 --seed 7 -o 2.pcap &&
	cmp -s 1.pcap 2.pcap
result "random messages are the same for the same seed"
"$craft" --random 200 --seed 8 -o 2.pcap && ! cmp -s 1.pcap 2.pcap
result "and others for another"
"$craft" --random 200 --lldp -o 1.pcap && "$craft" --random 200 --lldp -o 2.pcap && cmp -s 1.pcap 2.pcap
result "random LLDPDUs are the same, too"

# The stations' own verdicts: alpha has not heard of bravo when it greets.
{
	echo "$cast"
	echo 'at 0 alpha says
at 0.01 bravo says
until 0.05'
} >good.scenario
[ "$("$craft" --verdicts good.scenario -o good.pcap | head -3 | tr '\n' ,)" = \
	"1 bravo not-listed,2 alpha accepted,3 bravo accepted," ]
result "--verdicts"

echo "1..$tests"
