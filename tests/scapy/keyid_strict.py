"""The checks of docs/protocol.md section 4.2, in their order, on the octets of a message.

They share nothing with the layers, which take whatever comes: each is a check of the other.
"""
import struct

from keyid_layer import digest

MAX_MESSAGE, MAX_STATIONS, MAX_STATUSES, MAX_HOPS, MAX_KEYS = 1495, 24, 32, 16, 16
MAX_TRANSMIT, MAX_RECEIVE = 4, 64
MAX_GENERATION = 2 ** 63 - 1
MAX_START = 253402300799
SAE_OCTETS = frozenset(range(0x21, 0x7F))
KEY_ID_OCTETS = SAE_OCTETS - set(b"\"'\\/")


class Malformed(Exception):
    """Its text is the reason's name."""


def demand(condition, reason):
    if not condition:
        raise Malformed(reason)


class Reader:
    """Takes octets from the front; what is not there is malformed, for the given reason."""

    def __init__(self, octets):
        self.octets = octets
        self.at = 0

    def left(self):
        return len(self.octets) - self.at

    def take(self, length, reason):
        demand(self.left() >= length, reason)
        self.at += length
        return self.octets[self.at - length:self.at]

    def number(self, length, reason):
        return int.from_bytes(self.take(length, reason), "big")

    def text(self, longest, allowed, too_short, invalid):
        octets = self.take(self.number(1, too_short), too_short)
        demand(1 <= len(octets) <= longest and allowed.issuperset(octets), invalid)
        return octets

    def sae(self):
        return self.text(64, SAE_OCTETS, "sae-id", "sae-id")


def check_header(octets):
    """The fixed header of what arrived; returns the message without what follows it."""
    demand(len(octets) >= 68, "truncated")
    demand(octets[0] == 1, "version")
    length = int.from_bytes(octets[2:4], "big")
    demand(len(octets) >= length, "truncated")
    demand(36 + 16 * octets[32] + 32 <= length <= MAX_MESSAGE, "length")
    demand(octets[32] <= MAX_STATIONS, "stations")
    return octets[:length]


def check_slot(value, phases):
    """Returns what the digest binds, and the digest that is shown. A key_ID that reaches
    beyond the slot is a fault of the slot's length."""
    reader = Reader(value)
    phase, generation, shown, an, start, spacing, count = struct.unpack(
        ">BQ16sBQLB", reader.take(39, "slot"))
    # 2 is ABORT: the keys may never have come.
    demand((0 if phase == 2 else 1) <= count <= MAX_KEYS, "slot")
    key_ids = [reader.text(128, KEY_ID_OCTETS, "slot", "key-id") for _ in range(count)]
    demand(reader.left() == 0, "slot")
    demand(phase in phases, "slot")
    demand(1 <= generation <= MAX_GENERATION, "slot")
    demand(an <= 3 or an == 255, "slot")
    demand(start <= MAX_START, "slot")
    return (generation, an, spacing, key_ids), shown


def check_reference(reader):
    demand(1 <= reader.number(8, "status") <= MAX_GENERATION, "status")
    reader.take(16, "status")


def check_status(reader):
    """What follows the SAE ID."""
    hops = reader.number(1, "status")
    demand(hops <= MAX_HOPS, "status")
    reader.take(4 * hops, "status")
    flags, ans, highest, latest_start = struct.unpack(">BBQQ", reader.take(18, "status"))
    demand(ans < 0x10, "status")
    demand(highest <= MAX_GENERATION and latest_start <= MAX_START, "status")
    demand(flags & 0x02 or not flags & 0x04, "status")
    for flag in (0x01, 0x02, 0x08, 0x10):
        if flags & flag:
            check_reference(reader)
            if flag == 0x08:
                reader.take(2, "status")
    if flags & 0x80:
        demand(reader.number(2, "status") != 0, "status")
    count = reader.number(1, "status")
    demand(count <= MAX_KEYS, "status")
    reader.take(9 * count, "status")
    demand(reader.left() == 0, "status")


def check_master(value):
    reader = Reader(value)
    sae = reader.sae()
    demand(reader.left() == 0, "sae-id")
    return sae


def check_secy(value):
    reader = Reader(value)
    reader.take(8, "secy")
    demand(1 <= reader.number(1, "secy") <= 4, "secy")
    transmit = reader.number(1, "secy")
    demand(transmit <= MAX_TRANSMIT, "secy")
    reader.take(17 * transmit, "secy")
    receive = reader.number(1, "secy")
    demand(receive <= MAX_RECEIVE, "secy")
    reader.take(8 * receive, "secy")
    demand(reader.left() == 0, "secy")


def check_content(message):
    """The TLVs of a message whose header is well-formed."""
    tlvs = Reader(message[36 + 16 * message[32]:-32])
    once, slots, saes = {}, {}, set()
    while tlvs.left():
        kind = tlvs.number(1, "tlv-length")
        value = tlvs.take(tlvs.number(2, "tlv-length"), "tlv-length")
        demand(kind not in once, "tlv-duplicate")
        if kind == 0x81:
            once[kind] = check_master(value)
        elif kind in (0x82, 0x83):
            once[kind] = slots[kind] = check_slot(value, (3, 4) if kind == 0x82 else (1, 2))
        elif kind == 0x84:
            demand(len(saes) < MAX_STATUSES, "status")
            reader = Reader(value)
            sae = reader.sae()
            check_status(reader)
            demand(sae not in saes, "tlv-duplicate")
            saes.add(sae)
        elif kind == 0x05:
            once[kind] = check_secy(value)
        else:
            demand(kind < 0x80, "tlv-critical")
    demand(not slots or 0x81 in once, "slot")
    for kind in sorted(slots):
        proposal, shown = slots[kind]
        demand(shown == digest(message[4:12], once[0x81], *proposal), "digest")


def fault(check, octets):
    """The name of the reason, or None."""
    try:
        check(octets)
    except Malformed as reason:
        return str(reason)
    return None
