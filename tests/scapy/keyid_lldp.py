"""LLDPDUs (IEEE 802.1AB), and the message in them: docs/protocol.md section 1.1.

They are built with scapy's own layers. Reading is done here, octet by octet: it has to name
what is wrong, and scapy's reader takes other things amiss.
"""
import re

from scapy.compat import raw
from scapy.config import conf
from scapy.contrib.lldp import (LLDPDU, LLDPDUChassisID, LLDPDUEndOfLLDPDU,
                                LLDPDUGenericOrganisationSpecific, LLDPDUManagementAddress,
                                LLDPDUPortDescription, LLDPDUPortID, LLDPDUSystemCapabilities,
                                LLDPDUSystemDescription, LLDPDUSystemName, LLDPDUTimeToLive)
from scapy.layers.l2 import Ether
from scapy.packet import Padding

from keyid_strict import MAX_MESSAGE, Reader, demand

LLDP_ETHERTYPE = 0x88CC
PART = 507
END, CHASSIS, PORT, TTL, PORT_DESCRIPTION, NAME, DESCRIPTION, CAPABILITIES, MANAGEMENT = range(9)
ORGANISATION = 127

# Section 4.2: how many octets the value of each may have; 511 is as many as a length can say.
LENGTHS = {END: (0, 0), CHASSIS: (2, 256), PORT: (2, 256), TTL: (2, 511),
           PORT_DESCRIPTION: (0, 255), NAME: (0, 255), DESCRIPTION: (0, 255),
           CAPABILITIES: (4, 511), MANAGEMENT: (9, 167), ORGANISATION: (4, 511)}

# What stations send, a letter for each.
LETTERS = {LLDPDUChassisID: "C", LLDPDUPortID: "P", LLDPDUTimeToLive: "T", LLDPDUSystemName: "N",
           LLDPDUGenericOrganisationSpecific: "+", LLDPDUEndOfLLDPDU: "E"}

conf.contribs["LLDP"].strict_mode_disable()  # so that layers can be built one by one


# ---- reading ---------------------------------------------------------------------------------

def next_tlv(reader):
    header = reader.number(2, "lldp-truncated")
    return header >> 9, reader.take(header & 0x1FF, "lldp-truncated")


def read_lldpdu(octets, oui, subtype):
    """The message, with what follows it in the last of its TLVs; None if there is no such TLV."""
    reader = Reader(octets)
    ours = oui + bytes([subtype])
    seen, parts = [], []
    while END not in seen:
        kind, value = next_tlv(reader)
        if len(seen) < 3:
            demand(kind == (CHASSIS, PORT, TTL)[len(seen)], "lldp-order")
        demand(kind > CAPABILITIES or kind not in seen, "lldp-duplicate")
        shortest, longest = LENGTHS.get(kind, (0, 511))
        demand(shortest <= len(value) <= longest, "lldp-length")
        seen.append(kind)
        if kind == ORGANISATION and value.startswith(ours):
            parts.append(value[4:])
            demand(sum(map(len, parts)) <= MAX_MESSAGE, "lldp-length")
    return b"".join(parts) if parts else None


def form_fault(frame):
    """What a station's LLDPDU has else than the table of section 1.1, by scapy's reader; None if
    nothing. The messages are in parts of 507 octets but for the last."""
    layers = [layer for layer in Ether(frame).iterpayloads()
              if type(layer) not in (Ether, LLDPDU, Padding)]
    kinds = "".join(LETTERS.get(type(layer), "?") for layer in layers)
    if not re.fullmatch(r"CPTN?\++E|CPTE", kinds):
        return "its TLVs are " + kinds
    parts = [len(layer.data) for layer in layers if LETTERS[type(layer)] == "+"]
    if any(part != PART for part in parts[:-1]) or 0 in parts:
        return "its parts have %r octets" % parts
    if layers[0].subtype != 4 or layers[1].subtype != 7:
        return "its IDs have the subtypes %d and %d" % (layers[0].subtype, layers[1].subtype)
    return None if (layers[2].ttl == 0) == (kinds == "CPTE") else "its TTL is %d" % layers[2].ttl


# ---- building --------------------------------------------------------------------------------

def mandatory(rng):
    """What has to come first, in some of the forms that agents use."""
    return [
        rng.choice((LLDPDUChassisID(subtype=4, id=rng.randbytes(6).hex(":")),
                    LLDPDUChassisID(subtype=7, id=b"c" * rng.choice((1, 12, 255))),
                    LLDPDUChassisID(subtype=5, family=1, id="192.0.2.1"))),
        rng.choice((LLDPDUPortID(subtype=3, id=rng.randbytes(6).hex(":")),
                    LLDPDUPortID(subtype=5, id=b"ge-0/0/1"),
                    LLDPDUPortID(subtype=7, id=b"keyidd span-1/west"),
                    LLDPDUPortID(subtype=7, id=b"p" * rng.choice((1, 255))))),
        LLDPDUTimeToLive(ttl=rng.choice((0, 1, 41, 120, 65535))),
    ]


def others(rng):
    """What another agent might say as well, each at most once."""
    found = [
        LLDPDUPortDescription(description=b"d" * rng.choice((0, 9, 255))),
        LLDPDUSystemName(system_name=b"n" * rng.choice((0, 9, 255))),
        LLDPDUSystemDescription(description=b"s" * rng.choice((0, 9, 255))),
        LLDPDUSystemCapabilities(mac_bridge_available=1),
        LLDPDUManagementAddress(management_address_subtype=1, management_address="192.0.2.1",
                                interface_numbering_subtype=2, interface_number=1),
        tlv(rng.randint(9, 126), rng.randbytes(rng.choice((0, 1, 511)))),
        organisation(b"\x00\x12\x0f", rng.choice((1, 0x42)), b"\x03\x6c\x00\x00\x10"),
    ]
    return rng.sample(found, rng.choice((0, 0, 1, 3, len(found))))


def organisation(oui, subtype, octets):
    return LLDPDUGenericOrganisationSpecific(org_code=int.from_bytes(oui, "big"),
                                             subtype=subtype, data=octets)


def tlv(kind, value, length=None):
    """One that scapy would not build."""
    length = len(value) if length is None else length
    return (kind << 9 | length).to_bytes(2, "big") + value


def cut(rng, octets):
    """In parts as keyidd sends them, or in any others, of which some may be empty."""
    if rng.random() < 0.6:
        return [octets[at:at + PART] for at in range(0, len(octets), PART)] or [b""]
    parts, at = [], 0
    while at < len(octets) or not parts:
        size = rng.choice((PART, rng.randint(0, PART), rng.randint(20, 200)))
        parts.append(octets[at:at + size])
        at += size
    return parts


def lldpdu(rng, site, octets):
    """The TLVs of an LLDPDU that has these octets for its message, None for no message."""
    optional = [] if octets is None else [
        organisation(site.lldp_oui, site.lldp_subtype, part) for part in cut(rng, octets)]
    for other in others(rng):  # before, between and behind
        optional.insert(rng.choice((0, rng.randint(0, len(optional)))), other)
    return mandatory(rng) + optional + [LLDPDUEndOfLLDPDU()]


def octets_of(tlvs):
    return b"".join(raw(layer) for layer in tlvs)
