#!/usr/bin/python3
"""Writes the captures that run.sh has tshark read: make_captures.py FOLDER.

Where each frame is a case of its own, NAME.cases names them, one a line.
"""
import os
import random
import sys

from messages import (ADDRESSES, COMMITTED, LOCAL_EXPERIMENTAL, MASTER, PROPOSED, SECY, START,
                      STATUS, frame, lldp, master, message, parts, reference, secy, slot, status,
                      text, tlv, vector, write_capture)

MINIMAL, FULL, WITH_SECY = (vector(name + "-message") for name in ("minimal", "full", "secy"))
KEY = (b"token---", 0x01)
SA = (b"token---", b"nonce---", 0x01)
VLAN, SERVICE = 0x8100, 0x88A8

VECTORS = {
    "the shortest message": frame(MINIMAL),
    "a message with everything": frame(FULL),
    "a message with a SECY": frame(WITH_SECY),
}

LONGEST = message(*(tlv(i, bytes([i]) * 170) for i in range(0x10, 0x18)), status())

CARRIED = {
    "VLAN 7": frame(MINIMAL, tags=[(VLAN, 7)]),
    "a priority tag": frame(MINIMAL, tags=[(VLAN, 0xE000)]),
    "VLAN 4095": frame(MINIMAL, tags=[(VLAN, 4095)]),
    "two tags": frame(MINIMAL, tags=[(VLAN, 7), (VLAN, 8)]),
    "a service tag": frame(MINIMAL, tags=[(SERVICE, 7)]),
    "a service tag and another": frame(MINIMAL, tags=[(SERVICE, 7), (VLAN, 7)]),
    "0x88B5": frame(MINIMAL, ethertype=LOCAL_EXPERIMENTAL),
    "0x88B5 in VLAN 7": frame(MINIMAL, ethertype=LOCAL_EXPERIMENTAL, tags=[(VLAN, 7)]),
    "padded": frame(MINIMAL + b"\0" * 9),
    "LLDP": lldp(MINIMAL),
    "LLDP, padded": lldp(message(master(), slot(COMMITTED, 4), status()) + b"\0\0"),
    "LLDP, two parts": lldp(*parts(FULL)),
    "LLDP, three parts": lldp(*parts(LONGEST)),
    "LLDP, only one of two parts": lldp(FULL[:507]),
    "LLDP, nothing of the first part left behind": lldp(*parts(message(status(b"bravo")))),
    "LLDP, short parts": lldp(*parts(MINIMAL, 40)),
    "LLDP, another version": lldp(message(version=2)),
    "LLDP, what follows a message in TLVs of its own": lldp(MINIMAL, b"something", b""),
    "LLDP, parts of more than a message": lldp(MINIMAL, bytes(507), bytes(507), bytes(414)),
    "LLDP, no octets": lldp(b""),
    "LLDP in VLAN 7": lldp(MINIMAL, tags=[(VLAN, 7)]),
    "LLDP with a priority tag": lldp(MINIMAL, tags=[(VLAN, 0xE000)]),
}

# What a receiver takes, though it may look odd.
ACCEPTED = {
    "all times and numbers at their limits": message(
        master(b"!" * 64),
        slot(COMMITTED, 3, 2**63 - 1, 3, 253402300799, 2**32 - 1, [b"~" * 128] * 2),
        slot(PROPOSED, 2, 1, 0, keys=()),
        status(b"~" * 64, [bytes(4)] * 16, 0xC0, 0x0F, 2**63 - 1, 253402300799,
               [b"\xff\xff"], [KEY] * 16)),
    "TLVs in another order": message(status(), slot(PROPOSED, 1), slot(COMMITTED, 4), master()),
    "a master with slots of another": message(
        status(b"bravo", flags=0x43, parts=[reference(8), reference(7)]),
        master(), slot(COMMITTED, 4), slot(PROPOSED, 1, 8),
        status(b"charlie", [b"hop1", b"hop2"], 0x48, parts=[reference(8, 99)])),
    "a sender of whom no status tells": message(master(), slot(COMMITTED, 3)),
    "a batch with starts": message(
        master(), slot(COMMITTED, 3, 9, 255, START, 3600, [b"key-1", b"key-2", b"key-3"])),
    "32 statuses": message(*(status(b"sae-%d" % i) for i in range(32))),
    "24 stations heard": message(stations=[(b"member-%05d" % i, i) for i in range(24)]),
    "unknown TLVs that are skipped": message(tlv(0, b""), tlv(0x7F, b"unknown"), status()),
    "reserved bits of the header": message(flags=0x02, reserved=b"\0\0\1"),
    "a reserved bit of a key": message(status(keys=[(b"token---", 0x04)])),
    "an unknown reason": message(status(flags=0xC8, parts=[reference(7, 0), b"\x03\xe7"])),
    "the newest reasons": message(status(flags=0xC8, parts=[reference(7, 77), b"\0\x2f"])),
    "a SecY that has nothing yet": message(status(), secy()),
    "a SecY that has all it can": message(secy(1, [SA] * 4, [b"nonce--%d" % (i % 8)
                                                          for i in range(64)])),
    "a reserved bit of a transmit SA": message(secy(2, [(b"token---", b"nonce---", 0x02)]),
                                               status()),
}

MALFORMED = {
    "truncated: no octet": b"",
    "truncated: 67 octets": MINIMAL[:67],
    "truncated: 67 octets of version 2": b"\2" + MINIMAL[1:67],
    "truncated: one less than the length": FULL[:-1],
    "truncated: before length": message(length=1496),
    "truncated: before stations": message(count=25, length=600),
    "version: 0": message(version=0),
    "version: 2, and too short for its length": message(version=2, length=1000),
    "length: 1496": message(tlv(0, bytes(1496 - 71))),
    "length: 67": message(length=67),
    "length: 0": message(length=0),
    "length: before stations": message(count=25),
    "length: too short for its stations": message(count=1),
    "stations: 25": message(stations=[(bytes(12), 1)] * 25),
    "tlv-length: one octet of a TLV": message(status(), b"\x84"),
    "tlv-length: two octets of a TLV": message(status(), b"\x84\x00"),
    "tlv-length: into the HMAC": message(tlv(MASTER, text(b"alpha"), 7)),
    "tlv-length: of an unknown TLV": message(tlv(1, b"", 65535)),
    "tlv-duplicate: MASTER": message(master(), master()),
    "tlv-duplicate: COMMITTED": message(master(), slot(COMMITTED, 3), slot(COMMITTED, 3)),
    "tlv-duplicate: PROPOSED": message(master(), slot(PROPOSED, 1), slot(PROPOSED, 2)),
    "tlv-duplicate: STATUS of one SAE": message(status(), status(b"bravo"), status()),
    "tlv-duplicate: SECY": message(secy(), tlv(SECY, b"")),
    "tlv-critical: 0x80": message(tlv(0x80, b"")),
    "tlv-critical: 0xff": message(status(), tlv(0xFF, b"unknown")),
    "slot: too short": message(master(), tlv(COMMITTED, bytes(38))),
    "slot: empty": message(master(), tlv(PROPOSED, b"")),
    "slot: phase 0": message(master(), slot(COMMITTED, 0)),
    "slot: COMMITTED with PREPARE": message(master(), slot(COMMITTED, 1)),
    "slot: PROPOSED with COMMIT": message(master(), slot(PROPOSED, 3)),
    "slot: generation 0": message(master(), slot(COMMITTED, 3, 0)),
    "slot: generation 2^63": message(master(), slot(COMMITTED, 3, 2**63)),
    "slot: AN 4": message(master(), slot(COMMITTED, 3, an=4)),
    "slot: AN 254": message(master(), slot(COMMITTED, 3, an=254)),
    "slot: start in the year 10000": message(master(), slot(COMMITTED, 3, start=253402300800)),
    "slot: start 2^64 - 1": message(master(), slot(COMMITTED, 3, start=2**64 - 1)),
    "slot: no key_ID": message(master(), slot(COMMITTED, 3, keys=())),
    "slot: 17 key_IDs": message(master(), slot(COMMITTED, 3, keys=[b"k"] * 17)),
    "slot: key_IDs are missing": message(master(), slot(COMMITTED, 3, count=2)),
    "slot: beyond the key_IDs": message(master(), slot(COMMITTED, 3, tail=b"k")),
    "slot: without MASTER": message(slot(COMMITTED, 3), status()),
    "key-id: empty": message(master(), slot(COMMITTED, 3, keys=[b""])),
    "key-id: 129 octets": message(master(), slot(COMMITTED, 3, keys=[b"k" * 129])),
    "key-id: a space": message(master(), slot(COMMITTED, 3, keys=[b"key 1"])),
    "key-id: a quote": message(master(), slot(PROPOSED, 1, keys=[b"key-1", b'"'])),
    "key-id: a slash": message(master(), slot(PROPOSED, 1, keys=[b"key/1"])),
    "key-id: before the other fields": message(slot(COMMITTED, 9, 0, keys=[b"\0\xff\n"])),
    "sae-id: MASTER is empty": message(tlv(MASTER, b"")),
    "sae-id: of no octets": message(master(b"")),
    "sae-id: 65 octets": message(master(b"a" * 65)),
    "sae-id: of 255 octets": message(master(b"a" * 255)),
    "sae-id: a control character": message(status(b"al\npha")),
    "sae-id: not ASCII": message(status("ålpha".encode())),
    "sae-id: beyond MASTER": message(tlv(MASTER, b"\x09alpha")),
    "sae-id: beyond STATUS": message(tlv(STATUS, b"\x09alpha")),
    "sae-id: MASTER is longer": message(tlv(MASTER, text(b"alpha") + b"x")),
    "status: 17 hops": message(status(path=[b"hop-"] * 17)),
    "status: a path that is not there": message(status(hops=9)),
    "status: AN 4": message(status(ans=0x10)),
    "status: highest 2^63": message(status(highest=2**63)),
    "status: latest start in the year 10000": message(status(latest=253402300800)),
    "status: live, not applied": message(status(flags=0x44)),
    "status: staged generation 0": message(status(flags=0x41, parts=[reference(0)])),
    "status: failed generation 2^63": message(status(flags=0x48, parts=[reference(2**63, 1)])),
    "status: applied, but where?": message(status(flags=0x42)),
    "status: device's reason 0": message(status(flags=0xC0, parts=[bytes(2)])),
    "status: 17 keys": message(status(keys=[KEY] * 17)),
    "status: keys are missing": message(status(keys=[KEY], count=2)),
    "status: beyond the keys": message(status(tail=b"x")),
    "status: nothing but the SAE ID": message(tlv(STATUS, text(b"alpha"))),
    "status: the 33rd": message(*(status(b"sae-%d" % i) for i in range(33))),
    "secy: empty": message(tlv(SECY, b"")),
    "secy: nothing but an SCI": message(tlv(SECY, bytes(8))),
    "secy: cipher suite 0": message(status(), secy(0)),
    "secy: cipher suite 5": message(secy(5, [SA], [SA[1]])),
    "secy: 5 transmit SAs": message(secy(4, [SA] * 5)),
    "secy: 65 receive SAs": message(secy(4, receive=[SA[1]] * 65)),
    "secy: transmit SAs are missing": message(secy(4, [SA], sent=2)),
    "secy: no count of receive SAs": message(tlv(SECY, bytes(8) + b"\4\0")),
    "secy: receive SAs are missing": message(secy(4, [SA], [SA[1]], received=2)),
    "secy: beyond the receive SAs": message(secy(4, [SA], [SA[1]], tail=b"x")),
}

# Others' use of the same EtherTypes and of LLDP, most of it with a message behind.
HANDED_ON = {
    "another OUI": frame(MINIMAL, oui=b"\0\0\x5f"),
    "another protocol ID": frame(MINIMAL, protocol_id=0x0043),
    "another protocol ID in a VLAN": frame(MINIMAL, protocol_id=0x0043, tags=[(VLAN, 7)]),
    "IEEE 802.1's own": frame(bytes(range(64)), oui=b"\0\x80\xc2", protocol_id=0),
    "no room for a protocol ID": ADDRESSES + b"\x88\xb7" + b"\0\0\x5e\0",
    "nothing": ADDRESSES + b"\x88\xb7",
    "0x88B5, another protocol ID": frame(MINIMAL, ethertype=LOCAL_EXPERIMENTAL, protocol_id=1),
    "0x88B5, something else": ADDRESSES + b"\x88\xb5" + b"hello",
    "0x88B5, nothing": ADDRESSES + b"\x88\xb5",
    "LLDP, another subtype": lldp(MINIMAL, subtype=0x43),
    "LLDP, a MUD URL (RFC 8520)": lldp(b"https://example.com/mud", subtype=1),
    "LLDP, another OUI": lldp(MINIMAL, oui=b"\0\0\x5f"),
    "LLDP, IEEE 802.3": lldp(b"\3\x6c\0\0\x10", oui=b"\0\x12\x0f", subtype=1),
    "LLDP, PROFINET": lldp(b"\0\0\0\0", oui=b"\0\x0e\xcf", subtype=2),
}


def flipped(octets):
    for at in range(len(octets)):
        for bit in range(8):
            yield octets[:at] + bytes([octets[at] ^ 1 << bit]) + octets[at + 1:]


def random_octets(rng, count):
    """Behind a good beginning or none: pure noise goes no further than the version."""
    for i in range(count):
        noise = rng.randbytes(rng.choice((0, 1, 40, 100, 400, rng.randrange(1500))))
        if i % 4 == 0:
            yield noise
        elif i % 4 == 1:
            yield message(noise)
        else:
            kind = rng.choice((MASTER, COMMITTED, PROPOSED, STATUS, SECY, rng.randrange(256)))
            yield message(master(), tlv(kind, noise[:rng.randrange(200)]), tlv(kind, noise[:700]))


def spliced(rng, count):
    """Messages cut in pieces and put together again, with their lengths as they should be."""
    parts = [octets[36:-32] for octets in list(ACCEPTED.values()) + list(MALFORMED.values())]
    for _ in range(count):
        body = b"".join(rng.choices(parts, k=rng.randint(1, 3)))
        for _ in range(rng.randrange(3)):
            at = rng.randrange(len(body) + 1)
            body = body[:at] + rng.randbytes(rng.randrange(4)) + body[at + rng.randrange(4):]
        yield message(body[:1427])


def main(folder):
    def write(name, frames, held=None):
        write_capture(os.path.join(folder, name + ".pcap"), list(frames), held)

    def write_cases(name, cases):
        write(name, cases.values())
        with open(os.path.join(folder, name + ".cases"), "w", encoding="utf-8") as file:
            file.writelines(case + "\n" for case in cases)

    write_cases("vectors", VECTORS)
    write_cases("carried", CARRIED)
    write_cases("accepted", {name: frame(octets) for name, octets in ACCEPTED.items()})
    write_cases("malformed", {name: frame(octets) for name, octets in MALFORMED.items()})
    write_cases("handed-on", HANDED_ON)
    write("truncated", (frame(FULL[:i]) for i in range(len(FULL))))
    write("truncated-lldp", (lldp(MINIMAL[:i]) for i in range(len(MINIMAL))))
    write("cut-short", [frame(FULL)] * len(FULL), lambda i: len(frame(b"")) + i)
    write("cut-short-lldp", [lldp(*parts(FULL))] * 507, lambda i: 42 + i)
    write("cut-padding", [frame(FULL + bytes(9))] * 9, lambda i: len(frame(FULL)) + i)
    write("flipped", map(frame, [*flipped(FULL), *flipped(WITH_SECY)]))
    write("random", map(frame, random_octets(random.Random(88), 2000)))
    write("spliced", map(frame, spliced(random.Random(77), 2000)))


if __name__ == "__main__":
    main(sys.argv[1])
