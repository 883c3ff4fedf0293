#!/usr/bin/python3
"""Random LLDPDUs, good, malformed and damaged: does the dissector name what section 4.2 names?

    lldpdus.py make CAPTURE             writes them
    lldpdus.py compare CAPTURE <LINES   with what the dissector found, a frame a line: its number,
                                        OUIs, and numbers of section 4.2

They are made, and judged for the other opinion, by tests/scapy. Where Wireshark gives up before it
has come to our TLV, there is nothing to compare.
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../scapy"))
from keyid_capture import Frame, read_capture, write_pcap  # noqa: E402
from keyid_faults import LLDP_FAULTS  # noqa: E402
from keyid_layer import seal  # noqa: E402
from keyid_lldp import lldpdu, octets_of, read_lldpdu  # noqa: E402
from keyid_random import message  # noqa: E402
from keyid_strict import fault  # noqa: E402

COUNT = 1500
HEADER = bytes.fromhex("0180c200000e 020000000001 88cc")
REASONS = {13: "lldp-truncated", 14: "lldp-order", 15: "lldp-duplicate", 16: "lldp-length"}


class Site:
    """The values for documentation."""

    lldp_oui, lldp_subtype = b"\x00\x00\x5e", 0x42


def damage(rng, octets):
    octets = bytearray(octets)
    for _ in range(3):
        octets[rng.randrange(len(octets))] = rng.choice((0, 1, 0xFF, rng.getrandbits(8)))
    return bytes(octets)


def some_lldpdu(rng):
    tlvs = lldpdu(rng, Site, seal(message(rng), bytes(32)))
    kind = rng.randrange(3)
    if kind == 0:
        _, spoil = rng.choice(LLDP_FAULTS)
        return spoil(rng, tlvs, Site) or octets_of(tlvs)
    return damage(rng, octets_of(tlvs)) if kind == 1 else octets_of(tlvs)


def make(path):
    rng = random.Random(99)
    frames = [HEADER + some_lldpdu(rng) for _ in range(COUNT)]
    write_pcap(path, [Frame(at * 10 ** 9, octets, len(octets))
                      for at, octets in enumerate(frames)], "<", False)


def reason_of(octets):
    return fault(lambda lldp: read_lldpdu(lldp, Site.lldp_oui, Site.lldp_subtype), octets[14:])


def compare(path, lines):
    frames = read_capture(path)
    ours = named = wrong = 0
    for line in lines:
        number, oui, numbers = line.rstrip("\n").split(" ")
        if not oui:
            continue
        found = REASONS.get(int(numbers.split(",")[0])) if numbers else None
        wanted = reason_of(frames[int(number) - 1].octets)
        ours += 1
        named += found is not None
        if found != wanted:
            wrong += 1
            print("frame %s: %s, expected %s" % (number, found, wanted))
    print("%d LLDPDUs of ours, %d malformed, %d wrong" % (ours, named, wrong))
    return wrong > 0 or ours < COUNT / 2 or named < COUNT / 10


if __name__ == "__main__":
    sys.exit(make(sys.argv[2]) if sys.argv[1] == "make" else compare(sys.argv[2], sys.stdin))
