#!/usr/bin/python3
"""Does the dissector name the reasons that section 4.2 names? compare_reasons.py CAPTURE <REASONS

CAPTURE holds one message in each frame, behind 19 octets; REASONS are the dissector's names, one a
line, empty for none. The other opinion is that of tests/scapy. A digest is not the dissector's
matter.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../scapy"))
from keyid_strict import check_content, check_header, fault  # noqa: E402


def messages(path):
    with open(path, "rb") as file:
        capture = file.read()
    at = 24
    while at < len(capture):
        held = struct.unpack_from("<L", capture, at + 8)[0]
        yield capture[at + 16 + 19:at + 16 + held]
        at += 16 + held


def expected(octets):
    reason = fault(lambda message: check_content(check_header(message)), octets)
    return "" if reason in (None, "digest") else reason


def main(path):
    octets, reasons = list(messages(path)), sys.stdin.read().split("\n")[:-1]
    wrong = 0 if len(octets) == len(reasons) else 1
    for number, (message, reason) in enumerate(zip(octets, reasons), 1):
        if reason != expected(message):
            print("frame %d: '%s', expected '%s'" % (number, reason, expected(message)))
            wrong += 1
    print("%d messages, %d reasons, %d wrong" % (len(octets), len(reasons), wrong))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
