--[[
keyid.lua: Wireshark and tshark read keyidd's messages (docs/protocol.md).

For Wireshark 4.0 or later, with Lua. Nothing needs to be built:

    wireshark -X lua_script:/usr/share/keyidd/keyid.lua link.pcap
    tshark -X lua_script:/usr/share/keyidd/keyid.lua -r link.pcap

or, once for all, put it where Wireshark looks at each start ("Personal Lua Plugins" of
Help > About Wireshark > Folders, or of `tshark -G folders`):

    mkdir -p ~/.local/lib/wireshark/plugins
    ln -s /usr/share/keyidd/keyid.lua ~/.local/lib/wireshark/plugins/

Preferences (Edit > Preferences > Protocols > KEYID, or -o on the command line). OUI and protocol
ID are those of the stations' configuration; the defaults are the values for documentation:

    -o keyid.oui:00:00:5e -o keyid.protocol_id:0x0042
    -o keyid.ethertype_88b7:FALSE      leave that EtherType alone; the same with 88b5
    -o keyid.lldp_subtype:0x42         of the TLV in LLDP; empty: leave LLDP alone
    -o keyid.lldp_oui:                 its OUI, if that is another one

Some filters; `tshark -X lua_script:keyid.lua -G fields | grep keyid` lists all:

    keyid.malformed                                      what a station refuses, and why
    keyid.slot.phase == 3 && keyid.slot.generation == 8
    keyid.status.sae == "bravo" && keyid.status.failed
    keyid.status.device_reason == 38
    keyid.secy.receive.nonce == e1:e2:e3:e4:e5:e6:e7:e8  who receives what is sent under it
    keyid.member == a1:a2:a3:a4:a5:a6:a7:a8:a9:aa:ab:ac
    keyid.reserved || keyid.cut_short || keyid.tags      the expert notes

The checks are those of section 4.2, in its order, as far as one message shows them without a key:
HMAC and digests are not verified, and nothing that takes a memory (duplicates, freshness) is said.
keyid-replay does all that. An LLDPDU is checked if Wireshark gets as far as our TLV in it.

What is not ours goes to the dissector that had it before: frames of 0x88B7 and 0x88B5 with another
OUI or protocol ID, LLDP's TLVs with another subtype.
]]

local keyid = Proto("keyid", "keyidd")
local keyid_lldp = Proto("keyid_lldp", "keyidd in LLDP")

local OUI_AND_PROTOCOL_LEN = 5
local LLDP_HEADER_LEN = 6 -- type and length, OUI, subtype
local VERSION = 1
local HEADER_LEN, STATION_LEN, HMAC_LEN = 36, 16, 32
local MESSAGE_MIN, MESSAGE_MAX = HEADER_LEN + HMAC_LEN, 1495
local STATIONS_MAX, STATUSES_MAX, KEY_IDS_MAX, HOPS_MAX, KEYS_MAX = 24, 32, 16, 16, 16
local SAE_ID_MAX, KEY_ID_MAX = 64, 128
local TRANSMIT_MAX, RECEIVE_MAX = 4, 64
local START_MAX = 253402300799
local AN_NONE = 255

local MASTER, COMMITTED, PROPOSED, STATUS, SECY = 0x81, 0x82, 0x83, 0x84, 0x05
local TLV_NAMES = {
	[MASTER] = "MASTER", [COMMITTED] = "COMMITTED",
	[PROPOSED] = "PROPOSED", [STATUS] = "STATUS", [SECY] = "SECY",
}

local PREPARE, ABORT, COMMIT, CONFIRMED = 1, 2, 3, 4
local PHASE_NAMES = { "PREPARE", "ABORT", "COMMIT", "CONFIRMED" }
local PHASES_OF = {
	[COMMITTED] = { [COMMIT] = true, [CONFIRMED] = true },
	[PROPOSED] = { [PREPARE] = true, [ABORT] = true },
}

local SUITE_NAMES = { "GCM-AES-128", "GCM-AES-256", "GCM-AES-XPN-128", "GCM-AES-XPN-256" }

-- Section 3.4.
local REASON_NAMES = {
	[0] = "none",
	[1] = "kme-unreachable", [2] = "kme-timeout", [3] = "kme-tls", [4] = "kme-identity",
	[5] = "kme-connection-lost", [6] = "kme-unauthorized", [7] = "kme-bad-request",
	[8] = "kme-key-not-found", [9] = "kme-unavailable", [10] = "kme-http-status",
	[11] = "kme-bad-reply", [12] = "kme-key-unusable", [13] = "kme-other",
	[32] = "device-unreachable", [33] = "device-host-key", [34] = "device-login",
	[35] = "device-protocol", [36] = "device-timeout", [37] = "device-connection-lost",
	[38] = "device-locked", [39] = "device-refused", [40] = "device-commit-failed",
	[41] = "device-not-configured", [42] = "device-unsuitable-key", [43] = "device-other",
	[44] = "device-not-live", [45] = "device-waits-for-neighbour", [46] = "device-clock",
	[47] = "device-cipher-suite",
	[64] = "interrupted", [65] = "not-ready", [66] = "conflict", [67] = "duplicate-sae",
	[68] = "state-not-written", [69] = "member-failed", [70] = "master-restarted",
	[71] = "key-lost", [72] = "member-silent", [73] = "key-budget", [74] = "no-free-an",
	[75] = "loop", [76] = "generation-limit", [77] = "start-too-far",
}

-- Section 4.2, in the order of its numbers.
local MALFORMED = {
	{ "truncated", "fewer octets arrived than a message has, or than its length says" },
	{ "version", "it is not 1" },
	{ "length", "over 1495, or too short for header, stations heard and HMAC" },
	{ "stations", "more than 24" },
	{ "tlv-length", "a TLV or its header reaches beyond the last octet before the HMAC" },
	{ "tlv-duplicate", "the second of this TLV, or of this SAE's STATUS" },
	{ "tlv-critical", "of unknown type: a receiver refuses the message" },
	{ "slot", "phase, generation, AN, start, count or length; or a slot without MASTER" },
	{ "digest", "not that of the proposal" }, -- never found here: it takes SHA-256
	{ "key-id", "not a valid key_ID" },
	{ "sae-id", "not a valid SAE ID, or the MASTER TLV is longer than that" },
	{ "status", "something in a STATUS is not as it must be; or the 33rd" },
	{ "lldp-truncated", "a TLV of the LLDPDU reaches beyond the frame; or there is no End" },
	{ "lldp-order", "the LLDPDU does not begin with chassis ID, port ID and TTL" },
	{ "lldp-duplicate", "the LLDPDU has one twice that may be there once" },
	{ "lldp-length", "a TLV of the LLDPDU is too short or too long; or the message over 1495" },
	{ "secy", "cipher suite, counts or length of a SECY" },
}
local MALFORMED_NAMES, MALFORMED_NUMBERS = {}, {}
for number, reason in ipairs(MALFORMED) do
	MALFORMED_NAMES[number] = reason[1]
	MALFORMED_NUMBERS[reason[1]] = number
end

-- The verdict (section 4.1): LLDPDU and header are read before the HMAC is checked, TLVs after that.
local function verdict_of(name)
	local number = MALFORMED_NUMBERS[name]
	local is_header = number <= MALFORMED_NUMBERS.stations

	return (is_header or name:find("^lldp%-")) and "malformed" or "bad-content"
end

-- ---- fields -----------------------------------------------------------------------------------

local YES_NO = { "yes", "no" }
local fields, in_order = {}, {}

-- fields["slot.phase"] is what filters call keyid.slot.phase.
local function field(kind, name, ...)
	fields[name] = ProtoField[kind]("keyid." .. name, ...)
	table.insert(in_order, fields[name])
end

field("bytes", "oui", "OUI", base.COLON)
field("uint16", "protocol_id", "Protocol ID", base.HEX)
field("uint16", "lldp.type", "TLV type", base.DEC, { [127] = "organisation-specific" }, 0xfe00)
field("uint16", "lldp.length", "TLV length", base.DEC, nil, 0x01ff)
field("uint8", "lldp.subtype", "Subtype", base.HEX)
field("none", "lldp.goes_on", "The message goes on in the next TLV")

field("uint8", "version", "Version")
field("uint8", "flags", "Flags", base.HEX)
field("bool", "flags.reply_wanted", "Reply wanted", 8, YES_NO, 0x01)
field("uint8", "flags.reserved", "Reserved", base.HEX, nil, 0xfe)
field("uint16", "length", "Length")
field("bytes", "association", "Association ID")
field("uint16", "key_number", "Channel-key number")
field("uint16", "newest_key_number", "Newest channel-key number")
field("bytes", "member", "Member identifier")
field("uint32", "number", "Message number")
field("uint8", "stations", "Stations heard")
field("bytes", "header_reserved", "Reserved")
field("none", "station", "Station heard")
field("bytes", "station.member", "Member identifier")
field("uint32", "station.number", "Number of its last message")

field("none", "tlv", "TLV")
field("uint8", "tlv.type", "Type", base.HEX, TLV_NAMES)
field("uint16", "tlv.length", "Length")
field("bytes", "tlv.value", "Value")
field("string", "master", "SAE ID")

field("uint8", "slot.phase", "Phase", base.DEC, PHASE_NAMES)
field("uint64", "slot.generation", "Generation")
field("bytes", "slot.digest", "Digest")
field("uint8", "slot.an", "AN")
field("absolute_time", "slot.start", "Start", base.UTC)
field("uint32", "slot.spacing", "Spacing", base.UNIT_STRING, { " s" })
field("uint8", "slot.count", "Key_IDs")
field("string", "slot.key_id", "Key_ID")

local STATUS_FLAGS = { -- from 0x01 to 0x80
	{ "staged", "Staged" },
	{ "applied", "Applied" },
	{ "live", "Live" },
	{ "failed", "Failed" },
	{ "lost", "Lost" },
	{ "rekey_wanted", "Asks for a new generation" },
	{ "device_known", "The device has been read back" },
	{ "device_reason", "The device's reason follows" },
}
field("string", "status.sae", "SAE ID")
field("uint8", "status.hops", "Hops")
field("bytes", "status.hop", "Handed on by")
field("uint8", "status.flags", "Flags", base.HEX)
for i, flag in ipairs(STATUS_FLAGS) do
	field("bool", "status.flags." .. flag[1], flag[2], 8, YES_NO, 2 ^ (i - 1))
end
field("uint8", "status.ans", "ANs in use", base.HEX)
field("uint64", "status.highest", "Highest generation")
field("absolute_time", "status.latest_start", "Latest start", base.UTC)
for i = 1, 5 do
	local name, label = STATUS_FLAGS[i][1], STATUS_FLAGS[i][2]
	if name ~= "live" then
		field("none", "status." .. name, label)
		field("uint64", "status." .. name .. ".generation", "Generation")
		field("bytes", "status." .. name .. ".digest", "Digest")
	end
end
field("uint16", "status.failed.reason", "Reason", base.DEC, REASON_NAMES)
field("uint16", "status.device_reason", "The device's reason", base.DEC, REASON_NAMES)
field("uint8", "status.keys", "Keys of the device")
field("none", "status.key", "Key")
field("bytes", "status.key.token", "Token")
field("uint8", "status.key.flags", "Flags", base.HEX)
field("bool", "status.key.flags.transmitting", "Used to transmit", 8, YES_NO, 0x01)
field("bool", "status.key.flags.future", "Waits for its start", 8, YES_NO, 0x02)
field("uint8", "status.key.flags.reserved", "Reserved", base.HEX, nil, 0xfc)

field("bytes", "secy.sci", "SCI")
field("uint8", "secy.suite", "Cipher suite", base.DEC, SUITE_NAMES)
field("uint8", "secy.transmit_count", "Transmit SAs")
field("none", "secy.transmit", "Transmit SA")
field("bytes", "secy.transmit.token", "Token of the key")
field("bytes", "secy.transmit.nonce", "Nonce")
field("uint8", "secy.transmit.flags", "Flags", base.HEX)
field("bool", "secy.transmit.flags.unused", "Unused", 8, YES_NO, 0x01)
field("uint8", "secy.transmit.flags.reserved", "Reserved", base.HEX, nil, 0xfe)
field("uint8", "secy.receive_count", "Receive SAs")
field("bytes", "secy.receive.nonce", "Nonce that it receives")

field("bytes", "hmac", "HMAC-SHA-256")
field("none", "unverified", "HMAC and digests are not verified here: keyid-replay does that")
field("bytes", "padding", "Padding")
field("bytes", "undecoded", "Not decoded")
field("uint8", "malformed", "Malformed", base.DEC, MALFORMED_NAMES)
keyid.fields = in_order

local experts, all_experts = {}, {}

local function expert_note(name, abbreviation, text, group, severity)
	experts[name] = ProtoExpert.new("keyid." .. abbreviation, text, group, severity)
	table.insert(all_experts, experts[name])
end

for _, reason in ipairs(MALFORMED) do
	local name, text = reason[1], reason[1] .. ": " .. reason[2]
	expert_note(name, "malformed." .. name:gsub("-", "_"), text, expert.group.PROTOCOL,
		expert.severity.ERROR)
end
expert_note("reserved", "reserved", "Reserved bits are not zero: a receiver ignores them",
	expert.group.PROTOCOL, expert.severity.NOTE)
expert_note("tags", "tags",
	"Service tag, two tags, VLAN ID 4095, or LLDP with any: a receiver takes the frame for not-ours",
	expert.group.PROTOCOL, expert.severity.NOTE)
expert_note("cut_short", "cut_short", "The capture holds less of the frame than the message needs",
	expert.group.UNDECODED, expert.severity.WARN)
keyid.experts = all_experts

-- ---- reading ----------------------------------------------------------------------------------

--[[
A message is a table:

  tvb, base     where it is
  arrived       octets from there to the end of the frame, as it was on the wire
  held          how many of these the capture holds
  malformed     the reason that a station would name, once there is one
  length, number, sender, reply_wanted, master, slots, statuses, secy     what was read so far

A reader reads one part of it, and is the only thing that does. It gives no octet behind its limit,
the end of the part, nor one that the capture does not hold. Either ends the reading of the part, by
an error that guard() catches: a table, with `malformed`, a name of section 4.2, and perhaps with
the item that shows why.
]]
local Reader = {}
Reader.__index = Reader

-- What reaches beyond the limit is malformed in the way that overrun names.
local function new_reader(message, tree, at, limit, overrun)
	return setmetatable({
		message = message, tree = tree, at = at, limit = limit, overrun = overrun,
	}, Reader)
end

local function malformed(name, item)
	error({ malformed = name, item = item })
end

-- The next octets, as many as are held but at least one; moves on by all of them.
function Reader:take_held(len)
	local at, message = self.at, self.message

	if at + len > self.limit then
		malformed(self.overrun)
	end
	if at >= message.held then
		error({})
	end
	self.at = at + len
	return message.tvb(message.base + at, math.min(len, message.held - at))
end

function Reader:take(len)
	if self.at + len <= self.limit and self.at + len > self.message.held then
		error({})
	end
	return self:take_held(len)
end

function Reader:rest()
	return self.limit - self.at
end

-- Adds the next len octets as a field; returns them, and the item.
function Reader:bytes(name, len)
	local range = self:take(len)

	return range:raw(), self.tree:add(fields[name], range)
end

-- The same with a number of 1 to 4 octets.
function Reader:number(name, len)
	local range = self:take(len)

	return range:uint(), self.tree:add(fields[name], range)
end

-- A generation, as text for a Lua number is not exact; its item; and whether it is below 2^63.
function Reader:generation(name)
	local range = self:take(8)

	local item = self.tree:add(fields[name], range)

	return tostring(range:uint64()), item, range(0, 1):uint() < 0x80
end

-- A time in seconds; what is out of range is shown as the last one that is not.
function Reader:start(name, label, zero)
	local range = self:take(8)
	local seconds = range:uint64():tonumber()
	local item = self.tree:add(fields[name], range, NSTime.new(math.min(seconds, START_MAX), 0))

	if seconds > START_MAX then
		item:set_text(label .. ": out of range")
	elseif seconds == 0 then
		item:set_text(label .. ": " .. zero)
	else
		item:set_text(label .. os.date("!: %Y-%m-%dT%H:%M:%SZ", seconds))
	end
	return seconds, item
end

-- An SAE ID or key_ID: length, and octets 0x21..0x7E but those of the forbidden pattern.
function Reader:id(name, max, forbidden, reason)
	local len = self:take(1):uint()
	self.at = self.at - 1
	local range = self:take(1 + len)
	local text = range:raw():sub(2)
	local shown = text:gsub("[^\32-\126]", function(octet)
		return ("\\x%02x"):format(octet:byte())
	end)
	local item = self.tree:add(fields[name], range, shown)

	if len == 0 or len > max or text:find("[^\33-\126]") or text:find(forbidden) then
		malformed(reason, item)
	end
	return text, item
end

function Reader:sae_id(name)
	return self:id(name, SAE_ID_MAX, "[^%g]", "sae-id")
end

function Reader:key_id()
	return self:id("slot.key_id", KEY_ID_MAX, "[\"'\\/]", "key-id")
end

-- A reader for the next len octets, below an item of their own.
function Reader:part(name, len)
	local at = self.at
	local item = self.tree:add(fields[name], self:take_held(len))

	return new_reader(self.message, item, at, at + len, self.overrun)
end

-- A station names the first reason only; here each shows where it is.
local function name_malformed(message, name, item)
	message.malformed = message.malformed or name
	item:add_proto_expert_info(experts[name])
end

-- Reads a part by read(part, ...). What is wrong in there ends this part, and no other.
local function guard(read, part, ...)
	local message = part.message
	local ok, stopped = pcall(read, part, ...)

	if ok then
		return
	end
	if type(stopped) ~= "table" then
		error(stopped, 0)
	end
	if stopped.malformed then
		name_malformed(message, stopped.malformed, stopped.item or part.tree)
	end
	local left = math.min(part.limit, message.held) - part.at
	if left > 0 then
		part.tree:add(fields.undecoded, message.tvb(message.base + part.at, left))
	end
end

local function hex(octets)
	return (octets:gsub(".", function(octet) return ("%02x"):format(octet:byte()) end))
end

local function is_set(number, bit)
	return math.floor(number / bit) % 2 == 1
end

-- ---- TLVs -------------------------------------------------------------------------------------

local function read_master(part)
	local sae, item = part:sae_id("master")

	if part:rest() > 0 then
		malformed("sae-id", item)
	end
	part.message.master = sae
	part.tree:append_text(": " .. sae)
end

local function read_key_ids(part, count, start, spacing)
	for i = 0, count - 1 do
		local _, item = part:key_id()
		local its_start = start + i * spacing

		if start > 0 and its_start <= START_MAX then
			item:append_text(os.date("! (starts %Y-%m-%dT%H:%M:%SZ)", its_start))
		end
	end
end

-- Section 3.2. Count and key_IDs are checked before the other fields (section 4.2).
local function read_slot(part, _, kind)
	local phase, phase_item = part:number("slot.phase", 1)
	local generation, generation_item, in_range = part:generation("slot.generation")
	part:bytes("slot.digest", 16)
	local an, an_item = part:number("slot.an", 1)
	local start, start_item = part:start("slot.start", "Start",
		kind == COMMITTED and "at once" or "not chosen yet")
	local spacing = part:number("slot.spacing", 4)
	local count, count_item = part:number("slot.count", 1)

	an_item:append_text(an == AN_NONE and " (none is bound)" or "")
	if count > KEY_IDS_MAX or (count == 0 and phase ~= ABORT) then
		malformed("slot", count_item)
	end
	read_key_ids(part, count, start, spacing)
	if part:rest() > 0 then
		malformed("slot", count_item)
	end
	if not PHASES_OF[kind][phase] then
		malformed("slot", phase_item)
	end
	if not in_range or generation == "0" then
		malformed("slot", generation_item)
	end
	if an > 3 and an ~= AN_NONE then
		malformed("slot", an_item)
	end
	if start > START_MAX then
		malformed("slot", start_item)
	end
	local keys = count ~= 1 and (" (%d keys)"):format(count) or ""
	part.tree:append_text((": %s %s%s"):format(PHASE_NAMES[phase], generation, keys))
	table.insert(part.message.slots,
		("%s %s%s"):format(PHASE_NAMES[phase]:lower(), generation, keys))
end

local function read_path(part)
	local hops, item = part:number("status.hops", 1)

	if hops > HOPS_MAX then
		malformed("status", item)
	end
	for _ = 1, hops do
		part:bytes("status.hop", 4)
	end
	return hops
end

local function read_status_flags(part)
	local range = part:take(1)
	local item = part.tree:add(fields["status.flags"], range)
	local flags = {}

	for i, flag in ipairs(STATUS_FLAGS) do
		item:add(fields["status.flags." .. flag[1]], range)
		flags[flag[1]] = is_set(range:uint(), 2 ^ (i - 1))
	end
	return flags, item
end

local function read_ans(part)
	local ans, item = part:number("status.ans", 1)
	local names = {}

	for an = 0, 3 do
		if is_set(ans, 2 ^ an) then
			table.insert(names, an)
		end
	end
	item:append_text(#names > 0 and " (" .. table.concat(names, ", ") .. ")" or "")
	return ans, item
end

local function reason_name(reason)
	return REASON_NAMES[reason] or "unknown reason " .. reason
end

-- What was staged, applied, failed or lost: generation, digest, of a failed one the reason.
local function read_reference(part, name)
	local inner = part:part("status." .. name, name == "failed" and 26 or 24)
	local generation, item, in_range = inner:generation("status." .. name .. ".generation")
	local text = generation

	inner:bytes("status." .. name .. ".digest", 16)
	if name == "failed" then
		local reason = inner:number("status.failed.reason", 2)
		text = ("%s (%s)"):format(generation, reason_name(reason))
	end
	inner.tree:append_text(": " .. text)
	if not in_range or generation == "0" then
		malformed("status", item)
	end
	return text
end

local function read_device_reason(part)
	local reason, item = part:number("status.device_reason", 2)

	if reason == 0 then
		malformed("status", item)
	end
	return reason_name(reason)
end

local function read_device_key(part)
	local token = part:bytes("status.key.token", 8)
	local range = part:take(1)
	local item = part.tree:add(fields["status.key.flags"], range)
	local flags = range:uint()

	item:add(fields["status.key.flags.transmitting"], range)
	item:add(fields["status.key.flags.future"], range)
	local reserved = item:add(fields["status.key.flags.reserved"], range)
	if flags >= 0x04 then
		reserved:add_proto_expert_info(experts.reserved)
	end
	part.tree:append_text((": %s%s%s"):format(hex(token),
		is_set(flags, 0x01) and ", used to transmit" or "",
		is_set(flags, 0x02) and ", waits for its start" or ""))
end

-- Returns what the flags announce, in the words of the line in the Info column.
local function read_flagged(part, flags)
	local said = {}

	if flags.staged then
		table.insert(said, "ready " .. read_reference(part, "staged"))
	end
	if flags.applied then
		local how = flags.live and "live " or "applied "
		table.insert(said, how .. read_reference(part, "applied"))
	end
	if flags.failed then
		table.insert(said, "failed " .. read_reference(part, "failed"))
	end
	if flags.lost then
		table.insert(said, "lost " .. read_reference(part, "lost"))
	end
	if flags.rekey_wanted then
		table.insert(said, "wants a rekey")
	end
	if flags.device_reason then
		table.insert(said, "device: " .. read_device_reason(part))
	end
	if not flags.device_known then
		table.insert(said, "device not read back")
	end
	return #said > 0 and table.concat(said, ", ") or "nothing applied"
end

-- Section 3.3.
local function read_status(part, seen)
	seen.statuses = seen.statuses + 1
	if seen.statuses > STATUSES_MAX then
		malformed("status")
	end
	local sae, sae_item = part:sae_id("status.sae")
	part.tree:append_text(": " .. sae)
	part.overrun = "status"

	local hops = read_path(part)
	local flags, flags_item = read_status_flags(part)
	local ans, ans_item = read_ans(part)
	local _, highest_item, in_range = part:generation("status.highest")
	local latest, latest_item = part:start("status.latest_start", "Latest start", "none")
	local said = read_flagged(part, flags)
	local count, count_item = part:number("status.keys", 1)

	if count > KEYS_MAX then
		malformed("status", count_item)
	end
	for _ = 1, count do
		read_device_key(part:part("status.key", 9))
	end
	if part:rest() > 0 then
		malformed("status", count_item)
	end
	if flags.live and not flags.applied then
		malformed("status", flags_item)
	end
	if ans > 0x0f then
		malformed("status", ans_item)
	end
	if not in_range then
		malformed("status", highest_item)
	end
	if latest > START_MAX then
		malformed("status", latest_item)
	end
	if seen.saes[sae] then
		malformed("tlv-duplicate", sae_item)
	end
	seen.saes[sae] = true
	local way = hops > 0 and (" (%d hop%s)"):format(hops, hops == 1 and "" or "s") or ""
	part.tree:append_text(("%s: %s"):format(way, said))
	table.insert(part.message.statuses, { sae = sae, hops = hops, way = way, said = said })
end

-- Returns whether no frame has been sent under it.
local function read_transmit(part)
	local token = part:bytes("secy.transmit.token", 8)
	local nonce = part:bytes("secy.transmit.nonce", 8)
	local range = part:take(1)
	local item = part.tree:add(fields["secy.transmit.flags"], range)
	local unused = is_set(range:uint(), 0x01)

	item:add(fields["secy.transmit.flags.unused"], range)
	local reserved = item:add(fields["secy.transmit.flags.reserved"], range)
	if range:uint() > 0x01 then
		reserved:add_proto_expert_info(experts.reserved)
	end
	part.tree:append_text((": key %s, nonce %s%s"):format(hex(token), hex(nonce),
		unused and ", unused" or ""))
	return unused
end

-- Section 3.5.
local function read_secy(part)
	local sci, sci_item = part:bytes("secy.sci", 8)
	local suite, suite_item = part:number("secy.suite", 1)

	sci_item:append_text((" (port %d)"):format(sci:byte(7) * 256 + sci:byte(8)))
	if not SUITE_NAMES[suite] then
		malformed("secy", suite_item)
	end
	local transmit, transmit_item = part:number("secy.transmit_count", 1)
	if transmit > TRANSMIT_MAX then
		malformed("secy", transmit_item)
	end
	local unused = 0
	for _ = 1, transmit do
		unused = unused + (read_transmit(part:part("secy.transmit", 17)) and 1 or 0)
	end
	local receive, receive_item = part:number("secy.receive_count", 1)
	if receive > RECEIVE_MAX then
		malformed("secy", receive_item)
	end
	for _ = 1, receive do
		part:bytes("secy.receive.nonce", 8)
	end
	if part:rest() > 0 then
		malformed("secy", receive_item)
	end
	local said = ("%d transmit SA%s%s, %d receive SA%s"):format(transmit,
		transmit == 1 and "" or "s", unused > 0 and (" (%d unused)"):format(unused) or "",
		receive, receive == 1 and "" or "s")
	part.tree:append_text(": " .. said)
	part.message.secy = said
end

-- The readers of values, and what it is if one reads beyond the end.
local KINDS = {
	[MASTER] = { read = read_master, overrun = "sae-id", once = true },
	[COMMITTED] = { read = read_slot, overrun = "slot", once = true },
	[PROPOSED] = { read = read_slot, overrun = "slot", once = true },
	[STATUS] = { read = read_status, overrun = "sae-id" },
	[SECY] = { read = read_secy, overrun = "secy", once = true },
}

-- Reads from the type to the end of the value: this becomes the limit.
local function read_tlv(tlv, seen)
	local kind, kind_item = tlv:number("tlv.type", 1)
	local length, length_item = tlv:number("tlv.length", 2)
	local known = KINDS[kind]

	tlv.tree:set_text(TLV_NAMES[kind] or ("Unknown TLV 0x%02x"):format(kind))
	if length > tlv:rest() then
		malformed("tlv-length", length_item)
	end
	tlv.limit = tlv.at + length
	tlv.tree:set_len(math.min(3 + length, tlv.message.held - tlv.at + 3))
	if not known then
		if length > 0 then
			tlv:bytes("tlv.value", length)
		end
		if kind >= 0x80 then
			malformed("tlv-critical", kind_item)
		end
		return
	end
	if known.once and seen[kind] then
		malformed("tlv-duplicate", kind_item)
	end
	seen[kind] = tlv.tree
	tlv.overrun = known.overrun
	known.read(tlv, seen, kind)
end

local function read_tlvs(tlvs)
	local seen = { saes = {}, statuses = 0 }

	while tlvs:rest() > 0 do
		local tlv = tlvs:part("tlv", tlvs:rest())
		guard(read_tlv, tlv, seen)
		tlvs.at = tlv.limit
	end
	local slot = seen[COMMITTED] or seen[PROPOSED]
	if slot and not seen[MASTER] then
		name_malformed(tlvs.message, "slot", slot)
	end
end

-- ---- the message ------------------------------------------------------------------------------

local function read_flags(whole)
	local range = whole:take(1)
	local flags, item = range:uint(), whole.tree:add(fields.flags, range)

	whole.message.reply_wanted = is_set(flags, 0x01)
	item:add(fields["flags.reply_wanted"], range)
	local reserved = item:add(fields["flags.reserved"], range)
	if flags > 0x01 then
		reserved:add_proto_expert_info(experts.reserved)
	end
end

local function read_reserved(whole)
	local octets, item = whole:bytes("header_reserved", 3)

	if octets ~= "\0\0\0" then
		item:add_proto_expert_info(experts.reserved)
	end
end

-- Section 2.1. Returns the number of stations heard.
local function read_header(whole)
	local message = whole.message

	if message.arrived < MESSAGE_MIN then
		name_malformed(message, "truncated", whole.tree)
	end
	local version, version_item = whole:number("version", 1)
	if version ~= VERSION then
		malformed("version", version_item)
	end
	read_flags(whole)
	local length, length_item = whole:number("length", 2)
	message.length = length
	if message.arrived < length and not message.malformed then
		name_malformed(message, "truncated", length_item)
	end
	whole:bytes("association", 8)
	whole:number("key_number", 2)
	whole:number("newest_key_number", 2)
	message.sender = hex((whole:bytes("member", 12)))
	message.number = whole:number("number", 4)
	local stations, stations_item = whole:number("stations", 1)
	read_reserved(whole)
	if length > MESSAGE_MAX or length < MESSAGE_MIN + stations * STATION_LEN then
		malformed("length", length_item)
	end
	if stations > STATIONS_MAX then
		malformed("stations", stations_item)
	end
	return stations
end

local function read_station(part)
	local member = part:bytes("station.member", 12)
	local number = part:number("station.number", 4)

	part.tree:append_text((": %s, #%d"):format(hex(member), number))
end

local function read_message(whole)
	local message = whole.message
	local stations = read_header(whole)

	for _ = 1, stations do
		read_station(whole:part("station", STATION_LEN))
	end
	local tlvs_end = message.length - HMAC_LEN
	guard(read_tlvs, new_reader(message, whole.tree, whole.at, tlvs_end, "tlv-length"))
	whole.at = tlvs_end
	whole:bytes("hmac", HMAC_LEN)
	whole.tree:add(fields.unverified):set_generated()
	if message.held > message.length then
		whole:bytes("padding", message.held - message.length)
	end
end

-- In one line: "#5 alpha: confirmed 7, live 7; bravo (1 hop): live 7". The sender comes first, by
-- the name in its own status (0 hops) or its identifier. What is said of one SAE stands together.
local function one_line(message)
	local sender = message.sender
	for _, status in ipairs(message.statuses) do
		if status.hops == 0 then
			sender = status.sae
			break
		end
	end

	local order, said, ways = { sender }, {}, {}
	local function say(sae, what)
		if not said[sae] and sae ~= sender then
			table.insert(order, sae)
		end
		said[sae] = said[sae] and said[sae] .. ", " .. what or what
	end
	for _, slot in ipairs(message.slots) do
		say(message.master or "?", slot)
	end
	for _, status in ipairs(message.statuses) do
		say(status.sae, status.said)
		ways[status.sae] = status.way
	end
	if message.secy then
		say(sender, message.secy)
	end

	for i, sae in ipairs(order) do
		order[i] = sae .. (ways[sae] or "") .. (said[sae] and ": " .. said[sae] or "")
	end
	local line = {}
	if message.number then
		table.insert(line, ("#%d %s"):format(message.number, table.concat(order, "; ")))
	end
	if message.reply_wanted then
		table.insert(line, "[reply wanted]")
	end
	if message.malformed then
		local verdict = verdict_of(message.malformed)
		table.insert(line, ("[%s: %s]"):format(verdict, message.malformed))
	end
	if message.cut_short then
		table.insert(line, "[cut short]")
	end
	return table.concat(line, " ")
end

-- Reads the message that begins at base, of which so many octets arrived; returns it in one line. A
-- reason is one for which a station does not even begin to read it, and has been shown.
local function dissect_message(tvb, base, tree, arrived, reason)
	local message = {
		tvb = tvb, base = base, slots = {}, statuses = {}, malformed = reason,
		arrived = arrived, held = tvb:len() - base,
	}

	guard(read_message, new_reader(message, tree, 0, math.huge))
	if message.held < math.min(message.arrived, message.length or MESSAGE_MIN) then
		message.cut_short = true
		tree:add_proto_expert_info(experts.cut_short)
	end
	if message.malformed and not reason then
		tree:add(fields.malformed, MALFORMED_NUMBERS[message.malformed]):set_generated()
	end
	local line = one_line(message)
	tree:append_text(", " .. line)
	return line
end

-- ---- where messages come from -----------------------------------------------------------------

local ours = {} -- by the preferences: what stands before a message in a frame, and the subtype
local former = { ethertype = {}, ["lldp.orgtlv.oui"] = {} } -- who had the entries that we took

-- Without us, what is not ours would look the same. If that dissector runs into the end of the
-- frame, it has marked that in the tree before it comes here as an error; a 0 would say that it has
-- refused the frame.
local function hand_on(dissector, tvb, pinfo, tree)
	if not dissector then
		return 0
	end
	local ok, len = pcall(dissector.call, dissector, tvb, pinfo, tree)
	return ok and len or math.max(tvb:len(), 1)
end

-- What other dissectors have found in this frame.
local function values_of(name)
	local ok, values = pcall(Field.new, name)

	return ok and values or function() end
end
local vlan_ids, service_tags = values_of("vlan.id"), values_of("ieee8021ad.id")
local lldp_types = values_of("lldp.tlv.type")

-- Section 1: at most one tag, of 802.1Q.
local function tagged_as_ours()
	local first, second = vlan_ids()

	return not second and not service_tags() and not (first and first.value == 4095)
end

function keyid.dissector(tvb, pinfo, tree)
	local len = OUI_AND_PROTOCOL_LEN

	if tvb:len() < len or tvb:raw(0, len) ~= ours.oui_and_protocol then
		return hand_on(former.ethertype[pinfo.match_uint], tvb, pinfo, tree)
	end
	local root = tree:add(keyid, tvb())
	root:add(fields.oui, tvb(0, 3))
	root:add(fields.protocol_id, tvb(3, 2))
	if not tagged_as_ours() then
		root:add_proto_expert_info(experts.tags)
	end
	pinfo.cols.protocol = "KEYID"
	pinfo.cols.info = dissect_message(tvb, len, root, tvb:reported_len() - len)
	return tvb:len()
end

-- ---- LLDP -------------------------------------------------------------------------------------

-- The octets that a TLV of each type may have, if not 0..511.
local LLDP_LENGTHS = {
	[0] = { 0, 0 }, { 2, 256 }, { 2, 256 }, { 2, 511 }, { 0, 255 }, { 0, 255 }, { 0, 255 },
	{ 4, 511 }, { 9, 167 }, [127] = { 4, 511 },
}
local LLDP_ONCE_MAX, LLDP_ORGANISATION = 7, 127

-- The first fault of a TLV that is there as a whole, as section 4.2 has them; place counts from 1.
local function fault_of_tlv(kind, len, place, seen)
	local bounds = LLDP_LENGTHS[kind] or { 0, 511 }

	if place <= 3 and kind ~= place then
		return "lldp-order"
	elseif kind <= LLDP_ONCE_MAX and seen[kind] then
		return "lldp-duplicate"
	elseif len < bounds[1] or len > bounds[2] then
		return "lldp-length"
	end
end

local function octets_held(frame, from, to)
	local last = math.min(to, frame:len())

	return from < last and frame:raw(from, last - from) or ""
end

--[[
Wireshark gives the TLVs of an LLDPDU one by one; here it is read as a whole (section 1.1), from its
place in the frame. Returns a table:

  parts      where in the frame our TLVs are
  octets     of the message: what is in them, joined, as far as the capture holds it
  malformed  the first thing that a station would refuse
  cut_short  the capture ends before the LLDPDU does
]]
local function read_lldpdu(frame, at)
	local lldpdu, seen = { parts = {}, octets = "" }, {}

	local function refuse(reason)
		lldpdu.malformed = lldpdu.malformed or reason
	end
	for place = 1, math.huge do
		local header = at + 2 <= frame:len() and frame(at, 2):uint()
		local kind, len = header and math.floor(header / 512), header and header % 512
		if kind == LLDP_ORGANISATION and at + LLDP_HEADER_LEN <= frame:len()
			and frame:raw(at + 2, 4) == ours.lldp then
			table.insert(lldpdu.parts, at)
			lldpdu.octets = lldpdu.octets .. octets_held(frame, at + LLDP_HEADER_LEN, at + 2 + len)
		end
		if not header or at + 2 + len > frame:len() then
			lldpdu.cut_short = frame:len() < frame:reported_len()
			refuse(not lldpdu.cut_short and "lldp-truncated" or nil)
			return lldpdu
		end
		refuse(fault_of_tlv(kind, len, place, seen))
		refuse(#lldpdu.octets > MESSAGE_MAX and "lldp-length" or nil)
		if kind == 0 then
			return lldpdu
		end
		seen[kind] = true
		at = at + 2 + len
	end
end

-- The line of the message, at the last of its TLVs; nil at those before.
local function dissect_part(tvb, root)
	local chassis_id = lldp_types() -- the first TLV, which is in the tree already
	local lldpdu = read_lldpdu(chassis_id.source, chassis_id.offset)
	local parts, octets = lldpdu.parts, lldpdu.octets
	local message, base, arrived = tvb, LLDP_HEADER_LEN, tvb:reported_len() - LLDP_HEADER_LEN

	if lldpdu.malformed and tvb:offset() <= (parts[1] or math.huge) then
		root:add_proto_expert_info(experts[lldpdu.malformed])
		root:add(fields.malformed, MALFORMED_NUMBERS[lldpdu.malformed]):set_generated()
	end
	-- None at all: Wireshark goes on behind a TTL of any length as if it had two octets.
	if #parts > 0 and tvb:offset() < parts[#parts] then
		root:append_text(", part of a message")
		root:add(fields["lldp.goes_on"]):set_generated()
		return nil
	end
	if #parts > 1 and octets ~= "" then
		message, base, arrived = ByteArray.new(octets, true):tvb("keyidd message"), 0, #octets
	end
	if lldpdu.cut_short then
		arrived = math.huge
	end
	return dissect_message(message, base, root, arrived, lldpdu.malformed)
end

-- Gets one TLV from Wireshark's LLDP, which goes on in its own way after a 0. The columns stay
-- LLDP's: the line is added to its Info.
function keyid_lldp.dissector(tvb, pinfo, tree)
	if tvb:len() < LLDP_HEADER_LEN or tvb:raw(2, 4) ~= ours.lldp then
		return hand_on(former["lldp.orgtlv.oui"][pinfo.match_uint], tvb, pinfo, tree)
	end
	local root = tree:add(keyid, tvb())
	root:add(fields["lldp.type"], tvb(0, 2))
	root:add(fields["lldp.length"], tvb(0, 2))
	root:add(fields.oui, tvb(2, 3))
	root:add(fields["lldp.subtype"], tvb(5, 1))
	if vlan_ids() or service_tags() then
		root:add_proto_expert_info(experts.tags)
	end
	local line = dissect_part(tvb, root)
	if line then
		pinfo.cols.info:append("KEYID " .. line .. " ")
	end
	return tvb:len()
end

-- ---- preferences ------------------------------------------------------------------------------

keyid.prefs.oui = Pref.string("OUI", "00:00:5e", "That of the stations: six hexadecimal digits")
keyid.prefs.protocol_id = Pref.string("Protocol ID", "0x0042", "That of the stations: 0..0xffff")
keyid.prefs.ethertype_88b7 = Pref.bool("EtherType 0x88B7", true, "OUI Extended EtherType")
keyid.prefs.ethertype_88b5 = Pref.bool("EtherType 0x88B5", true, "Local experimental EtherType")
keyid.prefs.lldp_subtype = Pref.string("LLDP subtype", "0x42",
	"That of the TLV: 0..0xff, or nothing to leave LLDP alone")
keyid.prefs.lldp_oui = Pref.string("LLDP OUI", "", "That of the TLV, or nothing if it is the same")

local function claim(table_name, value, proto)
	local entries = DissectorTable.get(table_name)

	former[table_name][value] = entries:get_dissector(value) or false
	entries:add(value, proto)
end

local function release(table_name, proto)
	local entries = DissectorTable.get(table_name)

	for value, dissector in pairs(former[table_name]) do
		entries:remove(value, proto)
		if dissector then
			entries:add(value, dissector)
		end
	end
	former[table_name] = {}
end

-- A whole number 0..max, decimal or after 0x, as octets; nil if it is none.
local function octets_of(text, len)
	local number = tonumber(text)
	local octets = ""

	if not number or number < 0 or number >= 256 ^ len or number % 1 ~= 0 then
		return nil
	end
	for _ = 1, len do
		octets = string.char(number % 256) .. octets
		number = math.floor(number / 256)
	end
	return octets
end

local function oui_of(text)
	local digits = text:gsub("[:.-]", "")

	return #digits == 6 and octets_of("0x" .. digits, 3) or nil
end

local function apply_preferences()
	local prefs = keyid.prefs
	local oui, protocol_id = oui_of(prefs.oui), octets_of(prefs.protocol_id, 2)
	local lldp_oui = prefs.lldp_oui == "" and oui or oui_of(prefs.lldp_oui)
	local subtype = octets_of(prefs.lldp_subtype, 1)

	release("ethertype", keyid)
	release("lldp.orgtlv.oui", keyid_lldp)
	if not (oui and protocol_id and lldp_oui and (subtype or prefs.lldp_subtype == "")) then
		report_failure("keyid: no valid OUI, protocol ID or subtype in its preferences")
		return
	end
	ours.oui_and_protocol = oui .. protocol_id
	ours.lldp = subtype and lldp_oui .. subtype
	if prefs.ethertype_88b7 then
		claim("ethertype", 0x88b7, keyid)
	end
	if prefs.ethertype_88b5 then
		claim("ethertype", 0x88b5, keyid)
	end
	if subtype then
		claim("lldp.orgtlv.oui", tonumber(hex(lldp_oui), 16), keyid_lldp)
	end
end

keyid.prefs_changed = apply_preferences
apply_preferences()
