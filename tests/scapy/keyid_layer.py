"""scapy layers of keyidd's message, as docs/protocol.md has it; the sections are named.

Written from that document alone. As usual in scapy, a length, count or digest of None is
computed when the packet is built, and any other value is sent as it is, so that wrong ones
can be sent too. `seal()` turns a message into octets with its HMAC.
"""
import hashlib
import hmac
import struct

from scapy.fields import (ByteEnumField, ByteField, ConditionalField, Field, FieldLenField,
                          FieldListField, FlagsField, IntField, LongField, PacketListField,
                          ShortField, StrField, StrLenField, X3BytesField, XByteField,
                          XShortField, XStrFixedLenField)
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, bind_layers

MASTER, COMMITTED, PROPOSED, STATUS, SECY = 0x81, 0x82, 0x83, 0x84, 0x05
PREPARE, ABORT, COMMIT, CONFIRMED = 1, 2, 3, 4
PHASES = {PREPARE: "prepare", ABORT: "abort", COMMIT: "commit", CONFIRMED: "confirmed"}
NO_AN = 255
HMAC_LEN = 32
ETHERTYPES = (0x88B7, 0x88B5)

# Section 3.3.
STAGED, APPLIED, LIVE, FAILED, LOST, REKEY_WANTED, DEVICE_KNOWN, DEVICE_REASON = (
    1 << bit for bit in range(8))
TRANSMITTING, FUTURE = 1, 2

# Section 3.5.
SUITES = {1: "gcm-aes-128", 2: "gcm-aes-256", 3: "gcm-aes-xpn-128", 4: "gcm-aes-xpn-256"}
UNUSED = 1

# Section 3.4.
REASONS = {
    1: "kme-unreachable", 2: "kme-timeout", 3: "kme-tls", 4: "kme-identity",
    5: "kme-connection-lost", 6: "kme-unauthorized", 7: "kme-bad-request",
    8: "kme-key-not-found", 9: "kme-unavailable", 10: "kme-http-status", 11: "kme-bad-reply",
    12: "kme-key-unusable", 13: "kme-other",
    32: "device-unreachable", 33: "device-host-key", 34: "device-login", 35: "device-protocol",
    36: "device-timeout", 37: "device-connection-lost", 38: "device-locked",
    39: "device-refused", 40: "device-commit-failed", 41: "device-not-configured",
    42: "device-unsuitable-key", 43: "device-other", 44: "device-not-live",
    45: "device-waits-for-neighbour", 46: "device-clock",
    47: "device-cipher-suite",
    64: "interrupted", 65: "not-ready", 66: "conflict", 67: "duplicate-sae",
    68: "state-not-written", 69: "member-failed", 70: "master-restarted", 71: "key-lost",
    72: "member-silent", 73: "key-budget", 74: "no-free-an", 75: "loop",
    76: "generation-limit", 77: "start-too-far",
}


# ---- what is computed ------------------------------------------------------------------------

def sha256(octets):
    return hashlib.sha256(octets).digest()


def association_id(name):
    return sha256(name)[:8]


def hop(sae):
    return sha256(sae)[:4]


def token(ckn):
    return sha256(ckn)[:8]


def hkdf_info(association, link, number):
    """Section 2.3."""
    return b"\0".join([b"keyidd channel 1", association, link, struct.pack(">H", number)])


def hmac_key(channel_key, association, link, number):
    """Section 2.3: HKDF-SHA-256 (RFC 5869) with an empty salt; one block is all it takes."""
    pseudorandom_key = hmac.digest(bytes(32), channel_key, "sha256")
    return hmac.digest(pseudorandom_key, hkdf_info(association, link, number) + b"\x01", "sha256")


def message_hmac(key, signed):
    return hmac.digest(key, signed, "sha256")


def text(octets):
    """Section 3: an SAE ID or key_ID as it is written."""
    return struct.pack("B", len(octets)) + octets


def digest_input(association, master, generation, an, spacing, key_ids):
    """Section 3.2; association is its ID."""
    return (b"keyidd proposal 1" + association + text(master)
            + struct.pack(">QBLB", generation, an, spacing, len(key_ids))
            + b"".join(text(key_id) for key_id in key_ids))


def digest(*proposal):
    return sha256(digest_input(*proposal))[:16]


# ---- fields that scapy does not have ---------------------------------------------------------

class TextField(StrField):
    """A length (1) and that many octets."""

    def i2len(self, pkt, x):
        return 1 + len(x)

    def addfield(self, pkt, s, val):
        return s + text(val)

    def getfield(self, pkt, s):
        end = 1 + s[0] if s else 0
        return s[end:], s[1:end]


class TupleField(Field):
    """Several values of fixed length that stand for one thing."""

    def any2i(self, pkt, x):
        return tuple(x)

    def addfield(self, pkt, s, val):
        return s + self.struct.pack(*val)

    def getfield(self, pkt, s):
        return s[self.sz:], self.struct.unpack(s[:self.sz])

    def i2repr(self, pkt, x):
        return repr(x)


def reference(name, flag):
    """A generation and a digest, there if the status has the flag."""
    return ConditionalField(TupleField(name, (1, bytes(16)), ">Q16s"), lambda p: p.flags & flag)


# ---- the TLVs --------------------------------------------------------------------------------

class Plain(Packet):
    """Every field has one value, not a set that scapy would have to go through: building
    needs no copies. What follows is not of this packet."""

    def do_build(self):
        self.explicit = 1
        return super().do_build()

    def extract_padding(self, s):
        return b"", s


class Tlv(Plain):
    """Section 3. As it is, a TLV of no known type; those below refine it."""

    name = "keyidd TLV"
    fields_desc = [XByteField("type", 0), ShortField("len", None),
                   StrLenField("value", b"", length_from=lambda p: p.len)]

    def do_dissect(self, s):
        end = 3 + int.from_bytes(s[1:3], "big")
        return super().do_dissect(s[:end]) + s[end:]

    def post_build(self, pkt, pay):
        if self.len is None:
            pkt = pkt[:1] + struct.pack(">H", len(pkt) - 3) + pkt[3:]
        return pkt + pay


class Master(Tlv):
    """Section 3.1."""

    name = "keyidd MASTER"
    fields_desc = [XByteField("type", MASTER), ShortField("len", None), TextField("sae", b"")]


class Slot(Tlv):
    """Section 3.2: COMMITTED and PROPOSED. The digest is computed by seal()."""

    name = "keyidd slot"
    fields_desc = [
        XByteField("type", COMMITTED), ShortField("len", None),
        ByteEnumField("phase", COMMIT, PHASES),
        LongField("generation", 1),
        XStrFixedLenField("digest", None, 16),
        ByteField("an", NO_AN),
        LongField("start", 0),
        IntField("spacing", 0),
        FieldLenField("count", None, fmt="B", count_of="key_ids"),
        FieldListField("key_ids", [], TextField("", b""), count_from=lambda p: p.count),
    ]


class Status(Tlv):
    """Section 3.3."""

    name = "keyidd STATUS"
    fields_desc = [
        XByteField("type", STATUS), ShortField("len", None),
        TextField("sae", b""),
        FieldLenField("hops", None, fmt="B", count_of="path"),
        FieldListField("path", [], XStrFixedLenField("", b"", 4), count_from=lambda p: p.hops),
        FlagsField("flags", 0, 8, ["staged", "applied", "live", "failed", "lost",
                                   "rekey-wanted", "device-known", "device-reason"]),
        XByteField("ans", 0),
        LongField("highest", 0),
        LongField("latest_start", 0),
        reference("staged", STAGED),
        reference("applied", APPLIED),
        ConditionalField(TupleField("failed", (1, bytes(16), 0), ">Q16sH"),
                         lambda p: p.flags & FAILED),
        reference("lost", LOST),
        ConditionalField(ShortField("device_reason", 1), lambda p: p.flags & DEVICE_REASON),
        FieldLenField("count", None, fmt="B", count_of="keys"),
        FieldListField("keys", [], TupleField("", (b"", 0), ">8sB"),
                       count_from=lambda p: p.count),
    ]


class Secy(Tlv):
    """Section 3.5."""

    name = "keyidd SECY"
    fields_desc = [
        XByteField("type", SECY), ShortField("len", None),
        XStrFixedLenField("sci", bytes(8), 8),
        ByteEnumField("suite", 4, SUITES),
        FieldLenField("transmit_count", None, fmt="B", count_of="transmit"),
        FieldListField("transmit", [], TupleField("", (b"", b"", 0), ">8s8sB"),
                       count_from=lambda p: p.transmit_count),
        FieldLenField("receive_count", None, fmt="B", count_of="receive"),
        FieldListField("receive", [], XStrFixedLenField("", b"", 8),
                       count_from=lambda p: p.receive_count),
    ]


TLVS = {MASTER: Master, COMMITTED: Slot, PROPOSED: Slot, STATUS: Status, SECY: Secy}


def next_tlv(_message, _tlvs, _last, octets):
    return TLVS.get(octets[0], Tlv) if octets else None


# ---- the message and its frame ---------------------------------------------------------------

class Keyid(Plain):
    """Section 2. What follows the message is padding."""

    name = "keyidd"
    fields_desc = [
        ByteField("version", 1),
        FlagsField("flags", 0, 8, ["reply-wanted"]),
        ShortField("len", None),
        XStrFixedLenField("association", bytes(8), 8),
        ShortField("key_number", 1),
        ShortField("newest_key_number", 1),
        XStrFixedLenField("member", bytes(12), 12),
        IntField("number", 1),
        FieldLenField("heard", None, fmt="B", count_of="stations"),
        X3BytesField("reserved", 0),
        FieldListField("stations", [], TupleField("", (bytes(12), 0), ">12sL"),
                       count_from=lambda p: p.heard),
        PacketListField("tlvs", [], next_cls_cb=next_tlv,
                        length_from=lambda p: p.len - 36 - 16 * p.heard - HMAC_LEN),
        XStrFixedLenField("hmac", bytes(HMAC_LEN), HMAC_LEN),
    ]

    def post_build(self, pkt, pay):
        if self.len is None:
            pkt = pkt[:2] + struct.pack(">H", len(pkt)) + pkt[4:]
        return pkt + pay


class OuiExtended(Packet):
    """Section 1: what follows EtherType 0x88B7 (IEEE 802 clause 9), and 0x88B5 here."""

    name = "OUI Extended EtherType"
    fields_desc = [X3BytesField("oui", 0), XShortField("protocol", 0)]


for ethertype in ETHERTYPES:
    bind_layers(Ether, OuiExtended, type=ethertype)
    bind_layers(Dot1Q, OuiExtended, type=ethertype)


def configure(oui, protocol):
    """Nobody owns a private OUI: which ones are keyidd's is configured."""
    bind_layers(OuiExtended, Keyid, oui=oui, protocol=protocol)


def fill_digests(message):
    master = next((tlv.sae for tlv in message.tlvs if isinstance(tlv, Master)), b"")
    for slot in message.tlvs:
        if isinstance(slot, Slot) and slot.digest is None:
            slot.digest = digest(message.association, master, slot.generation, slot.an,
                                 slot.spacing, slot.key_ids)


def seal(message, key):
    """Computes what is left to compute, the HMAC last. Returns octets."""
    fill_digests(message)
    return reseal(bytes(message), key)


def reseal(octets, key):
    """The same octets with the HMAC that they should have."""
    return octets[:-HMAC_LEN] + message_hmac(key, octets[:-HMAC_LEN])
