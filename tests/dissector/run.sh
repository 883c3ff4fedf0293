#!/bin/bash
# Has tshark read messages by tools/keyid.lua. Prints TAP.
#
#   tests/dissector/run.sh           makes captures, and compares with expected/*.txt beside this;
#                                    reads pcaps/*.pcap, and compares with pcaps/NAME.tshark
#   UPDATE=NAME tests/dissector/run.sh    rewrites that one; UPDATE=all: every one of expected/
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/live.sh

here=tests/dissector
stumbling='_ws.malformed || _ws.lua || _ws.lua.error'
update=${UPDATE:-}

if ! command -v tshark >/dev/null; then
	tap_skip "the dissector" "there is no tshark: apt-get install tshark"
	tap_done
fi

# Nobody's preferences, nobody's plugins, the same time of day everywhere.
export HOME=$live_dir/home WIRESHARK_CONFIG_DIR=$live_dir/home TZ=UTC LC_ALL=C.UTF-8
mkdir -p "$HOME"
/usr/bin/python3 $here/make_captures.py "$live_dir" || exit 1

# What tshark complains about is in $live_dir/errors, but that it runs as root.
plain_tshark() {
	tshark -n "$@" 2>"$live_dir/stderr"
	grep -v '^Running as user "root"' "$live_dir/stderr" >>"$live_dir/errors"
}

with_keyid() {
	plain_tshark -X lua_script:tools/keyid.lua "$@"
}

capture() {
	echo "$live_dir/$1.pcap"
}

# The numbers of a capture's cases that match a pattern, as a filter.
frames_of() {
	grep -nE "$2" "$live_dir/$1.cases" | sed 's/:.*//; s/^/frame.number == /' | paste -sd '|' |
		sed 's/|/ || /g'
}

# The trees of our protocol: trees CAPTURE [PATTERN]. Each stands under the name of its case.
trees() {
	local filter

	filter=$(frames_of "$1" "${2:-.}")
	with_keyid -r "$(capture "$1")" -V -Y "$filter" | awk -v cases="$live_dir/$1.cases" '
		BEGIN { while ((getline name < cases) > 0) { names[++n] = name } }
		/^Frame [0-9]+:/ { frame = $2 + 0 }
		{ match($0, /^ */); indent = RLENGTH }
		ours && (indent <= ours_indent || !NF) { ours = 0 }
		$1 == "keyidd," { ours = 1; ours_indent = indent; print "# " names[frame] }
		ours { print substr($0, ours_indent + 1) }'
}

# One line a frame: its case, protocol, information, expert notes.
lines() {
	with_keyid -r "$(capture "$1")" -T fields -E separator='|' -E aggregator=';' \
		-e _ws.col.Protocol -e _ws.col.Info -e _ws.expert.message |
		paste -d '|' "$live_dir/$1.cases" - | sed 's/ *|/ | /g; s/[ |]*$//'
}

# compare NAME FILE TEXT COMMAND...: it prints what FILE has; UPDATE=NAME rewrites that.
compare() {
	local name=$1 file=$2 text=$3

	shift 3
	"$@" >"$live_dir/output"
	if [ "$update" = "$name" ] ||
		{ [ "$update" = all ] && [ "${file%/*}" = $here/expected ]; }; then
		cp "$live_dir/output" "$file"
		echo "# rewritten: $file"
	fi
	tap_ok "$text" diff -u "$file" "$live_dir/output"
}

expect() { # NAME TEXT COMMAND...
	local name=$1

	shift
	compare "$name" "$here/expected/$name.txt" "$@"
}

# Every frame is one of ours, and neither Lua nor Wireshark's own checks stumble over one.
well_behaved() {
	with_keyid -r "$1" -T fields -E separator='|' -e frame.number -e keyid.oui \
		-e _ws.malformed -e _ws.lua -e _ws.lua.error | awk -F '|' '
		$2 == "" || $3 $4 $5 != "" { bad++; print "frame " $0 }
		END { print NR " frames"; exit NR == 0 || bad > 0 }'
}

count() { # CAPTURE FILTER
	with_keyid -r "$(capture "$1")" -Y "$2" | wc -l
}

# Numbers of section 4.2 in the last column become names.
name_reasons() {
	awk '
		BEGIN {
			split("truncated version length stations tlv-length tlv-duplicate " \
				"tlv-critical slot digest key-id sae-id status " \
				"lldp-truncated lldp-order lldp-duplicate lldp-length secy", names, " ")
		}
		{ $NF = names[$NF] }
		1'
}

reasons() {
	with_keyid -r "$(capture "$1")" -T fields -e keyid.malformed | name_reasons
}

# same TEXT CAPTURE OPTION...: tshark prints the same with us and without. But Wireshark lists who
# was asked, and we are among these also where we have handed a frame on.
same() {
	local text=$1 pcap

	pcap=$(capture "$2")
	shift 2
	plain_tshark -r "$pcap" "$@" | sed '/^    \[Protocols in frame: /d' >"$live_dir/without"
	with_keyid -r "$pcap" "$@" "${switched_off[@]}" |
		sed '/^    \[Protocols in frame: /d' >"$live_dir/with"
	tap_ok "$text" diff -u "$live_dir/without" "$live_dir/with"
}

test_messages() {
	expect vectors "the vectors of section 9" trees vectors
	expect accepted "what looks odd, but is accepted" lines accepted
	expect accepted-trees "some of these as trees" trees accepted \
		'another|^a batch|^unknown|reserved|^an unknown|nothing yet'
	expect malformed "every malformed reason" lines malformed
	tap_is "each is named first" "$(reasons malformed)" \
		"$(sed 's/:.*//' "$live_dir/malformed.cases")"
	expect malformed-trees "some of these as trees" trees malformed \
		'no octet|n: 0|length: 0|into the HMAC|0xff|key_IDs are|a quote|control|not there$|suite 5'
}

test_carriage() {
	expect carried "tags, both EtherTypes, LLDP" lines carried
	expect carried-trees "padding, notes and LLDP as trees" trees carried \
		'two tags|padded|two parts|one of two|short parts'
}

test_any_octets() {
	local name

	for name in vectors carried accepted malformed truncated truncated-lldp cut-short \
		cut-short-lldp cut-padding flipped random spliced; do
		tap_ok "$name: no Lua error, no malformed mark" well_behaved "$(capture $name)"
	done
	tap_is "every truncation is named" "$(count truncated 'keyid.malformed == 1')" 524
	tap_is "and in LLDP" "$(count truncated-lldp 'keyid.malformed == 1')" 68
	tap_is "a short capture is noted" "$(count cut-short keyid.cut_short)" 524
	tap_is "also in LLDP" "$(count cut-short-lldp keyid.cut_short)" 507
	tap_is "and not called malformed" \
		"$(count cut-short keyid.malformed) $(count cut-short-lldp keyid.malformed)" "0 0"
	tap_is "nor noted if it lacks padding only" "$(count cut-padding keyid.cut_short)" 0
	for name in truncated flipped random spliced malformed accepted; do
		reasons $name >"$live_dir/reasons"
		tap_ok "$name: the reasons of section 4.2" \
			$here/compare_reasons.py "$(capture $name)" <"$live_dir/reasons"
	done
}

test_handed_on() {
	local switched_off=()

	same "others' frames look as without the dissector" handed-on -V
	same "in columns too" handed-on
	tap_is "none of them is ours" "$(count handed-on keyid)" 0
	switched_off=(-o keyid.ethertype_88b7:FALSE -o keyid.ethertype_88b5:FALSE
		-o keyid.lldp_subtype:)
	same "switched off, nothing is left of it" carried -V
	same "not even that it was asked" carried -T fields -e frame.protocols
}

# preference TEXT CAPTURE CASES OPTION...: only the frames of these numbers are ours.
preference() {
	local text=$1 capture=$2 cases=$3 options=() option

	shift 3
	for option; do
		options+=(-o "keyid.$option")
	done
	tap_is "$text" "$(with_keyid -r "$(capture "$capture")" "${options[@]}" -Y keyid -T fields \
		-e frame.number | paste -sd ' ')" "$cases"
}

test_preferences() {
	local bad

	preference "another OUI" handed-on "1 12" oui:00-00-5f
	preference "another protocol ID" handed-on "2 3" protocol_id:0x43
	preference "in decimal" handed-on "2 3" protocol_id:67
	preference "another subtype in LLDP" handed-on "10" lldp_subtype:0x43
	preference "another OUI in LLDP" handed-on "12" lldp_oui:00.00.5f
	preference "OUI without colons" carried "$(seq -s ' ' 22)" oui:00005E
	preference "not 0x88B7" carried "$(seq -s ' ' 7 8) $(seq -s ' ' 10 22)" ethertype_88b7:FALSE
	preference "not 0x88B5" carried "$(seq -s ' ' 6) $(seq -s ' ' 9 22)" ethertype_88b5:FALSE
	preference "not LLDP" carried "$(seq -s ' ' 9)" lldp_subtype:
	cp "$live_dir/errors" "$live_dir/errors.before"
	for bad in oui:00:00 oui:pool protocol_id:0x10000 protocol_id: lldp_oui:1 \
		lldp_subtype:256; do
		preference "nothing is ours with $bad" carried "" "$bad"
	done
	tap_is "and tshark says why" "$(sort "$live_dir/errors" | uniq -c | sed 's/^ *//')" \
		"6 tshark: keyid: no valid OUI, protocol ID or subtype in its preferences"
	cp "$live_dir/errors.before" "$live_dir/errors"
}

# matching TEXT CAPTURE FILTER COUNT
matching() {
	tap_is "$1" "$(count "$2" "$3")" "$4"
}

test_filters() {
	matching "filter: a member" vectors 'keyid.member == a1:a2:a3:a4:a5:a6:a7:a8:a9:aa:ab:ac' 3
	matching "filter: a station heard" vectors 'keyid.station.number == 16909060' 2
	matching "filter: an association" vectors 'keyid.association == 9a:da:89:3a:7b:f3:8e:94' 3
	matching "filter: reply wanted" vectors 'keyid.flags.reply_wanted == 1' 1
	matching "filter: a slot" vectors 'keyid.slot.phase == 4 && keyid.slot.generation == 7' 1
	matching "filter: a key_ID" vectors 'keyid.slot.key_id contains "urn:example"' 1
	matching "filter: a start" vectors 'keyid.slot.start == "2026-01-01 00:00:00Z"' 1
	matching "filter: a generation over 2^53" accepted \
		'keyid.slot.generation == 9223372036854775807' 1
	matching "filter: a status" vectors 'keyid.status.sae == "charlie" && keyid.status.lost' 1
	matching "filter: a reason" vectors 'keyid.status.device_reason == 38' 1
	matching "filter: a token" vectors 'keyid.status.key.token == 0c:5e:e0:e0:1c:57:14:8f' 2
	matching "filter: who receives a nonce" vectors \
		'keyid.secy.receive.nonce == 91:92:93:94:95:96:97:98' 1
	matching "filter: what is unused" vectors \
		'keyid.secy.transmit.nonce == e1:e2:e3:e4:e5:e6:e7:e8 &&
			keyid.secy.transmit.flags.unused == 1' 1
	matching "filter: a cipher suite" vectors 'keyid.secy.suite == 4' 1
	matching "filter: notes" accepted 'keyid.reserved' 3
	matching "filter: a malformed reason" malformed 'keyid.malformed.tlv_critical' 2
}

# No frame of ours stumbles, and no other that does not do so without us. But Wireshark itself
# stumbles over LLDPDUs that we call malformed (reasons 13 to 16), before or behind our TLV.
behaves_in() {
	local with without=

	with=$(with_keyid -r "$1" -Y "($stumbling) && !(keyid.malformed in {13..16})" -T fields \
		-E separator=' ' -e frame.number -e keyid.oui | sed 's/ $//')
	[ -z "$with" ] || without=$(plain_tshark -r "$1" -Y "$stumbling" -T fields -e frame.number)
	echo "frames that stumble: $with; without us: $without"
	[ -z "$(grep -vxF "$without" <<<"$with")" ]
}

what_tshark_says() {
	with_keyid -r "$1" -T fields -E separator=' ' -e frame.number -e frame.time_relative \
		-e eth.src -e _ws.col.Protocol -e _ws.col.Info -e _ws.expert.message | sed 's/ *$//'
}

# Of LLDPDUs that are malformed, Wireshark shows us those whose faults it can live with.
test_lldpdus() {
	local capture=pcaps/lldp-malformed

	with_keyid -r $capture.pcap -Y keyid.malformed -T fields -E separator=' ' -e frame.number \
		-e keyid.malformed | name_reasons >"$live_dir/named"
	awk '$5 ~ /^malformed:/ { sub("malformed:", "", $5); print $1, $5 }' $capture.expected \
		>"$live_dir/expected"
	tap_is "LLDPDUs: the reasons that keyid-replay names" \
		"$(grep -vxFf "$live_dir/expected" "$live_dir/named")" ""
	tap_is "all of those that can stand behind the first three TLVs" \
		"$(cut -d' ' -f2 "$live_dir/named" | sort -u | paste -sd ' ')" \
		"length lldp-duplicate lldp-length lldp-truncated stations truncated version"
	$here/lldpdus.py make "$(capture lldpdus)"
	with_keyid -r "$(capture lldpdus)" -T fields -E separator=' ' -e frame.number -e keyid.oui \
		-e keyid.malformed >"$live_dir/named"
	tap_ok "random LLDPDUs: the reasons of section 4.2" \
		$here/lldpdus.py compare "$(capture lldpdus)" <"$live_dir/named"
	tap_is "no Lua error in them" "$(count lldpdus '_ws.lua || _ws.lua.error')" 0
	for capture in lldp-rotation lldp-both lldp-restarts; do
		tap_is "$capture: Wireshark has nothing to note, with us or without" \
			"$(with_keyid -r pcaps/$capture.pcap -Y _ws.expert)$(
				plain_tshark -r pcaps/$capture.pcap -Y _ws.expert)" ""
	done
}

# Some captures are damaged on purpose: tshark may complain here.
test_captures() {
	local pcap name

	for pcap in pcaps/*.pcap pcaps/*.pcapng; do
		[ -e "$pcap" ] || continue
		name=$(basename "${pcap%.*}")
		tap_ok "$pcap: no Lua error, no malformed mark" behaves_in "$pcap"
		if [ -e "pcaps/$name.tshark" ] || [ "$update" = "$name" ]; then
			compare "$name" "pcaps/$name.tshark" "$pcap: what tshark says" \
				what_tshark_says "$pcap"
		fi
	done
}

test_messages
test_carriage
test_any_octets
test_handed_on
test_preferences
test_filters
test_lldpdus
tap_is "tshark had nothing to complain about" "$(cat "$live_dir/errors")" ""
test_captures
tap_done
