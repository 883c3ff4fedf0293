"""What a receiver with a given configuration makes of a frame before it asks how fresh the
message is (docs/protocol.md section 4.1, checks 1 to 6), and a random configuration."""
import os
import re
import struct
from collections import namedtuple

import yaml

from keyid_layer import HMAC_LEN, association_id, hmac_key, message_hmac
from keyid_lldp import LLDP_ETHERTYPE, read_lldpdu
from keyid_strict import Malformed, check_header, fault

TAG = b"\x81\x00"
LLDP = struct.pack(">H", LLDP_ETHERTYPE)
CARRIERS = {"raw": ("raw",), "lldp": ("lldp",), "auto": ("raw", "lldp")}

# keys are HMAC keys by channel-key number, None where the channel key is not at hand; life is in
# nanoseconds.
Channel = namedtuple("Channel", "association link id vlan carriers life keys")

# Where a message was found in a frame; the octets may go on behind it.
Found = namedtuple("Found", "carrier vlan octets")

# The verdict is that of the checks so far; reason is that of a malformed header or LLDPDU; channel
# and message are those that were found.
Judgement = namedtuple("Judgement", "verdict reason channel message")


def read_channel_key(path):
    """32 octets as they are, or in hexadecimal digits; None if there is no such file."""
    try:
        with open(path, "rb") as file:
            octets = file.read()
    except FileNotFoundError:
        return None
    return octets if len(octets) == 32 else bytes.fromhex(octets.decode())


def octets_of(address):
    return bytes.fromhex(address.replace(":", ""))


def nanoseconds(duration):
    """A number with a unit; without one, it is seconds."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|)", str(duration)).groups()
    return int(number) * 10 ** (6 if unit == "ms" else 9)


class Site:
    """What a configuration of keyidd says of frames and channels."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        transport = config["transport"]
        self.oui = int.from_bytes(octets_of(transport["oui"]), "big")
        self.protocol = transport["protocol-id"]
        self.ethertype = transport.get("ethertype", 0x88B7)
        self.magic = (struct.pack(">H", self.ethertype) + self.oui.to_bytes(3, "big")
                      + struct.pack(">H", self.protocol))
        self.lldp_oui = octets_of(transport.get("lldp-oui", transport["oui"]))
        self.lldp_subtype = transport.get("lldp-subtype", 1)
        self.channels = []
        for association in config["associations"]:
            links = [link for link in association["links"] if not link.get("inside")]
            slowest = [nanoseconds(association.get("heartbeat", "2s"))]
            if any(link.get("transport", "raw") != "raw" for link in links):
                slowest.append(nanoseconds(transport.get("lldp-interval", "10s")))
            for link in links:
                self.add_channel(os.path.dirname(path), association, link, 3 * max(slowest))
        self.reads_lldp = any("lldp" in channel.carriers for channel in self.channels)

    def add_channel(self, folder, association, link, life):
        name, link_name = association["name"], link.get("name", association["name"])
        keys = {}
        for entry in link.get("channel-keys", association.get("channel-keys")):
            key = read_channel_key(os.path.join(folder, entry["file"]))
            keys[entry["number"]] = key and hmac_key(key, name.encode(), link_name.encode(),
                                                     entry["number"])
        self.channels.append(Channel(name, link_name, association_id(name.encode()),
                                     link.get("vlan", 0),
                                     CARRIERS[link.get("transport", "raw")], life, keys))

    def is_lldp(self, frame):
        return self.reads_lldp and frame[12:14] == LLDP

    def find_message(self, frame):
        """Sections 1 and 1.1; None if there is none. Raises Malformed for an LLDPDU."""
        if self.is_lldp(frame):
            octets = read_lldpdu(frame[14:], self.lldp_oui, self.lldp_subtype)
            return None if octets is None else Found("lldp", 0, octets)
        at, vlan = 12, 0
        if frame[12:14] == TAG:
            at, vlan = 16, int.from_bytes(frame[14:16], "big") & 0xFFF
        end = at + len(self.magic)
        return (None if vlan == 4095 or frame[at:end] != self.magic
                else Found("raw", vlan, frame[end:]))

    def place(self, frame):
        """Carrier and VLAN, if there is a message."""
        if self.is_lldp(frame):
            return "lldp", 0
        found = self.find_message(frame)
        return "raw", found and found.vlan

    def is_cut(self, frame):
        """A frame of which only the beginning is known: is it too little to find the end of the
        message, if there is one?"""
        if self.is_lldp(frame):
            return fault(self.find_message, frame) == "lldp-truncated"
        if not self.may_be_ours(frame):
            return False
        found = self.find_message(frame)
        octets = found.octets if found else b""
        return len(octets) < 68 or len(octets) < int.from_bytes(octets[2:4], "big")

    def may_be_ours(self, frame):
        """The beginning of a raw frame."""
        if len(frame) < 16 and (frame[12:14] == TAG or TAG.startswith(frame[12:14])):
            return True
        missing = self.magic[max(0, len(frame) - (16 if frame[12:14] == TAG else 12)):]
        return self.find_message(frame + missing) is not None

    def judge(self, frame):
        try:
            found = self.find_message(frame)
        except Malformed as reason:
            return Judgement("malformed", str(reason), None, None)
        return self.judge_message(found) if found else Judgement("not-ours", None, None, None)

    def judge_message(self, found):
        try:
            message = check_header(found.octets)
        except Malformed as reason:
            return Judgement("malformed", str(reason), None, None)
        channel = next((channel for channel in self.channels
                        if channel.vlan == found.vlan and channel.id == message[4:12]), None)
        if channel is None:
            return Judgement("unknown-association", None, None, message)
        if found.carrier not in channel.carriers:
            return Judgement("not-ours", None, None, None)
        number = int.from_bytes(message[12:14], "big")
        if number not in channel.keys:
            return Judgement("unknown-channel-key", None, channel, message)
        key = channel.keys[number]
        if key is None:
            return Judgement("unverified", None, channel, message)
        if message_hmac(key, message[:-HMAC_LEN]) != message[-HMAC_LEN:]:
            return Judgement("bad-icv", None, channel, message)
        return Judgement("authentic", None, channel, message)


# ---- a random one ----------------------------------------------------------------------------

TRANSPORT = """\
transport:
  oui: "00:00:5e" # with 0x0042: for documentation (RFC 9542)
  protocol-id: 0x0042
  ethertype: {ethertype:#06x}
  lldp-subtype: {subtype:#04x}
  lldp-interval: {interval}s
kmes:
  - name: kme
    url: https://kme.example
    kme-id: kme
    ca: ca.pem
    certificate: sae.pem
    private-key: sae.key
devices:
  - name: paper
    type: dry-run
associations:
"""

ASSOCIATION = """\
  - name: {association}
    role: slave
    sae: {sae}
    master: alpha
    kme: kme
    device: paper
    ckn: sha256
    channel-keys: [{keys}]
    links:
"""

LINK = """\
      - name: {link}
        interface: eth0
        vlan: {vlan}
        transport: {transport}
        direction: {direction}
        neighbours: [{neighbour}]
"""

LONG = "long:" + "x" * 58

# Two links share a VLAN, and two an association and its keys.
LINKS = {"span-1": (("west", 0, "auto"), ("east", 7, "raw")), "a": (("a", 0, "lldp"),),
         "b": (("b", 0, "raw"),), LONG: (("y" * 63, 4094, "raw"),)}


def write_random(rng, folder, ethertype):
    """A configuration and its channel keys; returns the former's path."""
    text = TRANSPORT.format(ethertype=ethertype, subtype=rng.choice((0, 0x42, 0xff)),
                            interval=rng.choice((1, 2, 5)))
    for index, (association, numbers) in enumerate((
            ("span-1", (1, 2)), ("a", (65535,)), ("b", (7,)),
            (LONG, (rng.randint(1, 30000), rng.randint(30001, 65535))))):
        for number in numbers:
            with open(os.path.join(folder, "%d-%d.key" % (index, number)), "wb") as file:
                file.write(rng.randbytes(32))
        text += ASSOCIATION.format(
            association=association, sae="bravo-%d" % index,
            keys=", ".join("{number: %d, file: %d-%d.key}" % (number, index, number)
                           for number in numbers))
        for place, (link, vlan, transport) in enumerate(LINKS[association]):
            text += LINK.format(link=link, vlan=vlan, transport=transport,
                                direction="down" if place else "up",
                                neighbour="charlie" if place else "alpha")
    path = os.path.join(folder, "keyidd.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path
