"""Messages of docs/protocol.md, octet by octet, and the frames and captures they travel in.

Written from the document with nothing but struct, so that the dissector is tested against the
document and not against keyidd's code. HMACs and digests are filler: nothing here verifies them.
"""
import os
import struct

DOCUMENT = os.path.join(os.path.dirname(__file__), "../../docs/protocol.md")
ADDRESSES = bytes.fromhex("0180c200000e 020000000001")
OUI, PROTOCOL_ID, SUBTYPE = bytes.fromhex("00005e"), 0x0042, 0x42
PART_MAX = 507  # octets behind the subtype of an LLDP TLV
OUI_EXTENDED, LOCAL_EXPERIMENTAL, LLDP = 0x88B7, 0x88B5, 0x88CC
MASTER, COMMITTED, PROPOSED, STATUS, SECY = 0x81, 0x82, 0x83, 0x84, 0x05
DIGEST = bytes([0xDD]) * 16
HMAC = bytes([0xAA]) * 32
START = 1767225600  # 2026-01-01T00:00:00Z


def vector(name):
    """A value of section 9."""
    octets, found, inside = "", None, False
    for line in open(DOCUMENT, encoding="utf-8"):
        if line.startswith("```"):
            inside = line.strip() == "```vectors"
        elif inside:
            words = line.split("#")[0].split()
            if words and not line[0].isspace():
                found = words.pop(0)
            if found == name:
                octets += "".join(words)
    return bytes.fromhex(octets)


def text(octets):
    return struct.pack("B", len(octets)) + octets


def tlv(kind, value, length=None):
    return struct.pack(">BH", kind, len(value) if length is None else length) + value


def master(sae=b"alpha"):
    return tlv(MASTER, text(sae))


def slot(kind, phase, generation=7, an=255, start=0, spacing=0, keys=(b"key-1",), count=None,
         tail=b""):
    count = len(keys) if count is None else count
    return tlv(kind, struct.pack(">BQ16sBQLB", phase, generation, DIGEST, an, start, spacing, count)
               + b"".join(text(key) for key in keys) + tail)


def reference(generation, reason=None):
    octets = struct.pack(">Q16s", generation, DIGEST)
    return octets if reason is None else octets + struct.pack(">H", reason)


def status(sae=b"alpha", path=(), flags=0x40, ans=0, highest=7, latest=0, parts=(), keys=(),
           hops=None, count=None, tail=b""):
    return tlv(STATUS, text(sae) + struct.pack("B", len(path) if hops is None else hops)
               + b"".join(path) + struct.pack(">BBQQ", flags, ans, highest, latest)
               + b"".join(parts) + struct.pack("B", len(keys) if count is None else count)
               + b"".join(token + bytes([bits]) for token, bits in keys) + tail)


def secy(suite=4, transmit=(), receive=(), sci=bytes.fromhex("0200000000010001"), sent=None,
         received=None, tail=b""):
    """sent and received are counts in the place of the right ones."""
    return tlv(SECY, sci + bytes([suite, len(transmit) if sent is None else sent])
               + b"".join(token + nonce + bytes([bits]) for token, nonce, bits in transmit)
               + bytes([len(receive) if received is None else received]) + b"".join(receive) + tail)


def message(*tlvs, flags=0, length=None, number=5, stations=(), count=None, reserved=bytes(3),
            version=1):
    body = b"".join(member + struct.pack(">L", last) for member, last in stations)
    body += b"".join(tlvs)
    length = 36 + len(body) + 32 if length is None else length
    return struct.pack(">BBH8sHH12sLB3s", version, flags, length, b"spanspan", 1, 2,
                       b"member-alpha", number, len(stations) if count is None else count,
                       reserved) + body + HMAC


def frame(octets, oui=OUI, protocol_id=PROTOCOL_ID, ethertype=OUI_EXTENDED, tags=()):
    """A frame of the raw form; a tag is its EtherType and its VLAN ID."""
    return (ADDRESSES + b"".join(struct.pack(">HH", *tag) for tag in tags)
            + struct.pack(">H3sH", ethertype, oui, protocol_id) + octets)


def lldp(*values, oui=OUI, subtype=SUBTYPE, tags=()):
    """An LLDPDU (IEEE 802.1AB clause 8) with a TLV of an organisation for each value."""
    tlvs = [(1, b"\x04" + ADDRESSES[6:]), (2, b"\x07port-1"), (3, b"\x00\x78")]
    tlvs += [(127, oui + bytes([subtype]) + value) for value in values]
    tlvs += [(5, b"host"), (0, b"")]
    head = ADDRESSES + b"".join(struct.pack(">HH", *tag) for tag in tags)
    return head + struct.pack(">H", LLDP) + b"".join(
        struct.pack(">H", kind << 9 | len(octets)) + octets for kind, octets in tlvs)


def parts(octets, longest=PART_MAX):
    """A message as the values of LLDP TLVs."""
    return [octets[at:at + longest] for at in range(0, len(octets), longest)]


def write_capture(path, frames, held=None):
    """A pcap file; held(i) is how many octets of frame i it holds, all if None."""
    with open(path, "wb") as file:
        file.write(struct.pack("<LHHlLLL", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, octets in enumerate(frames):
            kept = octets if held is None else octets[:held(i)]
            file.write(struct.pack("<LLLL", START + i, 0, len(kept), len(octets)) + kept)
