#!/usr/bin/python3
"""A second implementation of docs/protocol.md, in Python with scapy, against the first.

    check.py [--seed N] [--frames N] [--keep FOLDER]

Checks itself with the vectors of section 9 and with messages that are malformed on purpose,
then makes random captures and has keyid-replay (in $BUILD) say what is in them. Prints TAP;
the same seed makes the same captures.
"""
import argparse
import glob
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, "../vectors"))

from check_vectors import DOCUMENT, read_vectors
from keyid_capture import FORMS, read_capture
from keyid_faults import CONTENT_FAULTS, HEADER_FAULTS, LLDP_FAULTS
from keyid_json import compose, describe_content, describe_header, describe_stations, is_canonical
from keyid_layer import (APPLIED, CONFIRMED, DEVICE_KNOWN, ETHERTYPES, LIVE, PREPARE, PROPOSED,
                         STAGED, Keyid, Master, Secy, Slot, Status, association_id, digest,
                         digest_input, hkdf_info, hmac_key, hop, seal, sha256, token)
from keyid_lldp import PART, form_fault, lldpdu, octets_of as octets_of_tlvs, read_lldpdu
from keyid_random import message as random_message
from keyid_reading import compare_read
from keyid_replay import PROGRAM, ReplayError, compare_meant, replay
from keyid_site import LLDP, Site, write_random
from keyid_stream import Stream
from keyid_strict import MAX_MESSAGE, check_content, check_header, fault

REASONS = {reason for reason, _ in HEADER_FAULTS + CONTENT_FAULTS + LLDP_FAULTS}
SHOWN_FAULTS = 20
PCAPS = os.path.join(HERE, "../../pcaps")


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, name, faults):
        """faults is a list of lines; none is a success."""
        self.count += 1
        self.failed += bool(faults)
        print("%s %d - %s" % ("not ok" if faults else "ok", self.count, name))
        for line in faults[:SHOWN_FAULTS]:
            print("#   %s" % line)
        if len(faults) > SHOWN_FAULTS:
            print("#   ... and %d more" % (len(faults) - SHOWN_FAULTS))
        sys.stdout.flush()

    def equal(self, name, wanted, found):
        self.result(name, [] if wanted == found else ["wanted %r" % (wanted,),
                                                      "found %r" % (found,)])


# ---- the vectors -----------------------------------------------------------------------------

def octets_of(vectors, name):
    return bytes.fromhex(vectors[name])


def text_of(vectors, name):
    return vectors[name].encode()


def full_message(v):
    """Section 9.4, from its fields."""
    first, second, third = (text_of(v, "key-id-%d" % n) for n in (1, 2, 3))
    token_1, token_3 = octets_of(v, "token-1"), octets_of(v, "token-3")
    applied, staged = (7, octets_of(v, "digest-7")), (8, octets_of(v, "digest-8"))
    return Keyid(
        flags="reply-wanted", association=octets_of(v, "association-id"), key_number=1,
        newest_key_number=2, member=octets_of(v, "member"), number=0x10203,
        stations=[(octets_of(v, "station-1"), 0x1020304), (octets_of(v, "station-2"), 1)],
        tlvs=[
            Master(sae=text_of(v, "master-sae")),
            Slot(phase=CONFIRMED, generation=7, start=1767225600, key_ids=[first]),
            Slot(type=PROPOSED, phase=PREPARE, generation=8, an=2, spacing=3600,
                 key_ids=[second, third]),
            Status(sae=text_of(v, "master-sae"), flags=APPLIED | LIVE | DEVICE_KNOWN, highest=8,
                   applied=applied, keys=[(token_1, 1)]),
            Status(sae=text_of(v, "member-sae"), path=[hop(text_of(v, "relay-sae"))], flags=0xFF,
                   ans=0b0101, highest=8, latest_start=1767229200, staged=staged, applied=applied,
                   failed=(6, bytes(16), 8), lost=(5, b"\x55" * 16), device_reason=38,
                   keys=[(token_1, 1), (token_3, 2)]),
        ])


def secy_message(v):
    """Section 9.6, from its fields."""
    token_1, token_2 = octets_of(v, "token-1"), octets_of(v, "token-2")
    nonce_1, nonce_2, nonce_3, nonce_4 = (octets_of(v, "nonce-%d" % n) for n in (1, 2, 3, 4))
    return Keyid(
        association=octets_of(v, "association-id"), member=octets_of(v, "member"), number=0x304,
        stations=[(octets_of(v, "station-1"), 0x1020304)],
        tlvs=[
            Status(sae=text_of(v, "member-sae"), flags=STAGED | DEVICE_KNOWN, ans=0b0001, highest=9,
                   staged=(9, octets_of(v, "digest-9")), keys=[(token_1, 1), (token_2, 0)]),
            Secy(sci=octets_of(v, "sci"), suite=4,
                 transmit=[(token_1, nonce_1, 0), (token_2, nonce_2, 1)],
                 receive=[nonce_3, nonce_4]),
        ])


def check_names(tap, v):
    association, link = text_of(v, "association"), text_of(v, "link")
    number, master = int(v["key-number"]), text_of(v, "master-sae")
    identifier = association_id(association)
    uuid = bytes.fromhex(v["key-id-1"].replace("-", ""))
    input_8 = (identifier, master, 8, 2, 3600, [text_of(v, "key-id-2"), text_of(v, "key-id-3")])
    for name, found in (
            ("association-id", identifier),
            ("hkdf-info", hkdf_info(association, link, number)),
            ("hmac-key", hmac_key(octets_of(v, "channel-key"), association, link, number)),
            ("hop", hop(text_of(v, "relay-sae"))),
            ("ckn-1", octets_of(v, "ckn-prefix") + uuid),
            ("token-1", token(octets_of(v, "ckn-1"))),
            ("ckn-3", sha256(text_of(v, "key-id-3"))),
            ("token-3", token(octets_of(v, "ckn-3"))),
            ("digest-7", digest(identifier, master, 7, 255, 0, [text_of(v, "key-id-1")])),
            ("digest-input-8", digest_input(*input_8)),
            ("digest-8", digest(*input_8)),
            ("digest-9", digest(identifier, master, 9, 1, 0, [text_of(v, "key-id-2")]))):
        tap.equal("vector %s" % name, v[name], found.hex())


def check_messages(tap, v):
    key = octets_of(v, "hmac-key")
    minimal = Keyid(association=octets_of(v, "association-id"), member=octets_of(v, "member"))
    for name, message in (("minimal-message", minimal), ("full-message", full_message(v)),
                          ("secy-message", secy_message(v))):
        octets = octets_of(v, name)
        built = seal(message, key)
        tap.equal("vector %s, built from fields" % name, octets.hex(), built.hex())
        tap.result("vector %s, parsed" % name, faults_of_round_trip(message, octets, key))


# ---- Python alone ----------------------------------------------------------------------------

def describe(message, length):
    """All that --json shows of a message."""
    return [describe_header(message) | {"length": length}, describe_stations(message),
            describe_content(message)]


def faults_of_round_trip(message, octets, key):
    """A message that has been sealed is parsed, and built once more from what was parsed."""
    reason = fault(check_header, octets) or fault(check_content, octets)
    if reason:
        return ["it is malformed: " + reason]
    parsed = Keyid(octets)
    faults = []
    if describe(parsed, parsed.len) != describe(message, len(octets)):
        faults.append("parsed: %r" % describe(parsed, parsed.len))
    if is_canonical(parsed):
        header, stations, content = describe(parsed, parsed.len)
        if seal(compose(header | {"stations": stations}, content), key) != octets:
            faults.append("built again, the octets differ: %r" % content)
    return faults


def check_round_trips(tap, rng, count):
    faults = []
    for _ in range(count):
        message, key = random_message(rng), rng.randbytes(32)
        faults += faults_of_round_trip(message, seal(message, key), key)
    tap.result("%d random messages, built, parsed and built again" % count, faults)


def malformed_message(rng, spoil, in_header):
    """Its octets, and what the strict parser says of them."""
    while True:
        message = random_message(rng, rng.choice((600, MAX_MESSAGE)))
        if not in_header:
            spoil(rng, message)
        octets = seal(message, bytes(32))
        if in_header:
            octets = spoil(rng, octets)
        elif len(octets) > MAX_MESSAGE:
            continue
        return fault(check_header, octets) or fault(check_content, octets)


class Documented:
    """What LLDP's TLV of ours has in docs/examples."""

    lldp_oui, lldp_subtype = b"\x00\x00\x5e", 0x42


def read_documented(octets):
    return read_lldpdu(octets, Documented.lldp_oui, Documented.lldp_subtype)


def check_lldpdus(tap, rng, count):
    faults = []
    for _ in range(count):
        octets = rng.randbytes(rng.choice((0, 68, PART, PART + 1, rng.randint(0, MAX_MESSAGE))))
        found = read_documented(octets_of_tlvs(lldpdu(rng, Documented, octets)) + rng.randbytes(9))
        if found != octets:
            faults.append("%s was meant, %s was read" % (octets.hex(), found and found.hex()))
    tap.result("%d random LLDPDUs, built by scapy and read here" % count, faults)


def malformed_lldpdu(rng, spoil):
    tlvs = lldpdu(rng, Documented, rng.randbytes(rng.randint(0, MAX_MESSAGE)))
    return fault(read_documented, spoil(rng, tlvs, Documented) or octets_of_tlvs(tlvs))


def check_faults(tap, rng, count):
    faults = []
    for in_header, ways in ((True, HEADER_FAULTS), (False, CONTENT_FAULTS)):
        for reason, spoil in ways:
            for _ in range(count):
                found = malformed_message(rng, spoil, in_header)
                if found != reason:
                    faults.append("%s: %s, not %s" % (spoil.__name__, found, reason))
    for reason, spoil in LLDP_FAULTS:
        for _ in range(count):
            found = malformed_lldpdu(rng, spoil)
            if found != reason:
                faults.append("%s: %s, not %s" % (spoil.__name__, found, reason))
    tap.result("%d ways to be malformed, %d times each" % (
        len(HEADER_FAULTS + CONTENT_FAULTS + LLDP_FAULTS), count), faults)
    tap.equal("they have all seventeen reasons", 17, len(REASONS))


# ---- keyid-replay ----------------------------------------------------------------------------

EVERY_VERDICT = {"not-ours", "truncated", "malformed", "unknown-association",
                 "unknown-channel-key", "bad-icv", "duplicate", "replayed", "not-listed",
                 "unknown-freshness", "bad-content", "accepted"}


def check_replay(tap, rng, folder, count):
    """A random capture in each form, one of them once more without some of the channel keys."""
    seen = Counter()
    for index, form in enumerate(FORMS):
        place = os.path.join(folder, str(index))
        os.mkdir(place)
        config = write_random(rng, place, ETHERTYPES[index % 2])
        stream = Stream(rng, Site(config))
        stream.run(count // len(FORMS))
        capture = os.path.join(place, "random." + form.suffix)
        form.write(capture, stream.frames)
        name = "keyid-replay agrees on %d random frames (%s)" % (len(stream.frames), form.name)
        try:
            shown, _ = replay(config, capture)
            seen.update(found["verdict"] for found in shown)
            seen.update(found["reason"] for found in shown if "reason" in found)
            tap.result(name, compare_meant(form.resolution, stream.frames, stream.meant, shown))
        except ReplayError as error:
            tap.result(name, [str(error)])
    tap.result("every verdict and reason was among them",
               sorted((EVERY_VERDICT | REASONS) - set(seen)))
    os.remove(os.path.join(place, "0-1.key"))
    check_capture(tap, capture, [config], "the last one, with a channel key missing")


def check_capture(tap, capture, configs, name):
    """A capture whose frames were made by somebody else, or with other keys at hand."""
    faults = []
    try:
        frames = read_capture(capture)
        for config in configs:
            faults += compare_read(Site(config), frames, *replay(config, capture))
    except (ReplayError, OSError) as error:
        faults.append(str(error))
    tap.result("both read the same in %s" % name, faults)


def check_crafted(tap, rng, folder, count):
    """Random messages that were not made here."""
    for how, config, name in (([], "replay.yaml", "messages"),
                              (["--lldp"], "lldp.yaml", "LLDPDUs")):
        capture = os.path.join(folder, "crafted%s.pcap" % "".join(how))
        subprocess.run([os.path.join(os.path.dirname(PROGRAM), "keyid-craft"),
                        "--random", str(count), *how, "--seed", str(rng.getrandbits(31)),
                        "-o", capture], check=True)
        check_capture(tap, capture, [os.path.join(PCAPS, config)],
                      "%d random %s by keyid-craft" % (count, name))


def check_forms(tap, folder):
    """LLDPDUs that stations have sent."""
    faults, count = [], 0
    captures = [os.path.join(PCAPS, name + ".pcap") for name in ("lldp-rotation", "lldp-both")]
    for capture in captures + [os.path.join(folder, "crafted--lldp.pcap")]:
        for number, frame in enumerate(read_capture(capture), 1):
            if frame.octets[12:14] == LLDP:
                count += 1
                found = form_fault(frame.octets)
                if found:
                    faults.append("%s, frame %d: %s" % (capture, number, found))
    tap.result("stations' LLDPDUs are as section 1.1 has them", faults if count else ["none"])


def check_pcaps(tap):
    """Each capture with each configuration."""
    configs = sorted(glob.glob(os.path.join(PCAPS, "*.yaml")))
    captures = sorted(glob.glob(os.path.join(PCAPS, "*.pcap*")))
    tap.result("there are captures in pcaps/", [] if captures else ["none"])
    for capture in captures:
        check_capture(tap, capture, configs, "pcaps/" + os.path.basename(capture))


def main():
    parser = argparse.ArgumentParser(description="A second opinion on keyidd's messages.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--frames", type=int, default=5000, help="random frames to replay")
    parser.add_argument("--keep", help="folder for the captures, which are kept")
    options = parser.parse_args()
    print("# seed %d" % options.seed)
    rng = random.Random(options.seed)
    tap = Tap()
    vectors = read_vectors(DOCUMENT)
    check_names(tap, vectors)
    check_messages(tap, vectors)
    check_round_trips(tap, rng, 500)
    check_lldpdus(tap, rng, 500)
    check_faults(tap, rng, 5)
    with tempfile.TemporaryDirectory(prefix="keyid-scapy-") as folder:
        if options.keep:
            folder = options.keep
            os.makedirs(folder)
        check_replay(tap, rng, folder, options.frames)
        check_crafted(tap, rng, folder, 300)
        check_forms(tap, folder)
    check_pcaps(tap)
    print("1..%d" % tap.count)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
