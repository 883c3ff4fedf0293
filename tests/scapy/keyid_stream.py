"""A stream of random frames, and what each was meant to be.

Conversations follow one another: two new stations talk on one of the site's channels, each
listing the other, and everything else that can befall a link is put between. One is over well
within LIFE, and the next begins when the last is forgotten, so that the freshness of a message
follows from how it was made.
"""
import struct
from collections import Counter, namedtuple

from scapy.layers.l2 import Dot1Q, Ether

import keyid_random
from keyid_capture import Frame
from keyid_faults import CONTENT_FAULTS, HEADER_FAULTS, LLDP_FAULTS
from keyid_json import describe_content, describe_header, describe_stations
from keyid_layer import ETHERTYPES, HMAC_LEN, Keyid, OuiExtended, reseal, seal
from keyid_lldp import LLDP_ETHERTYPE, lldpdu, octets_of, organisation
from keyid_site import LLDP, Found, Judgement
from keyid_strict import MAX_MESSAGE, check_content, fault

MILLISECOND, SECOND = 10 ** 6, 10 ** 9
STARTS = (1, 1767225600, 2147000000)

# kind says how the frame was made; header and content are as --json has them, None if absent.
Meant = namedtuple("Meant", "kind verdict reason channel carrier vlan header content")


class Station:
    def __init__(self, rng):
        self.member = rng.randbytes(12)
        self.number = rng.choice((0, rng.randint(0, 2 ** 32 - 10 ** 6), 2 ** 32 - 10 ** 6))
        self.numbers = []  # of what it has sent
        self.sent = []     # its messages with their headers and contents

    def next_number(self, rng):
        self.number += rng.choice((1, 1, rng.randint(1, 1000)))
        return self.number


class Stream:
    def __init__(self, rng, site):
        self.rng = rng
        self.site = site
        self.magic = bytes(OuiExtended(oui=site.oui, protocol=site.protocol))
        self.frames = []
        self.meant = []
        self.faults = Counter()
        self.clock = rng.choice(STARTS) * SECOND
        self.channel = None
        self.pair = None  # the one that composed last, and the other

    def run(self, count):
        kinds = ((self.well_formed, 45), (self.content_fault, 22), (self.header_fault, 12),
                 (self.sent_again, 5), (self.unproven, 6), (self.wrong_hmac, 5),
                 (self.unknown_association, 2), (self.unknown_key, 2), (self.not_ours, 4),
                 (self.cut_by_capture, 3), (self.mutated, 6), (self.mutated_content, 6),
                 (self.lldp_fault, 5), (self.lldp_of_others, 2), (self.other_carrier, 1))
        makers, weights = zip(*kinds)
        while len(self.frames) < count:
            self.begin_conversation()
            for maker in self.rng.choices(makers, weights, k=30):
                maker()

    def begin_conversation(self):
        longest_life = max(channel.life for channel in self.site.channels)
        self.clock += self.rng.randint(2 * longest_life, 3600 * SECOND)
        self.channel = self.rng.choice(self.site.channels)
        self.pair = [Station(self.rng), Station(self.rng)]
        self.unproven()

    # ---- frames --------------------------------------------------------------------------

    def add_frame(self, octets, meant, wire_len=None):
        self.frames.append(Frame(self.clock, octets, wire_len or len(octets)))
        self.meant.append(meant)
        self.clock += self.rng.randint(1, 100 * MILLISECOND)

    def add(self, kind, octets, verdict, reason=None, channel=None, header=None, content=None,
            vlan=None, keep=None, trailer=None, carrier=None):
        """A frame with these octets as message; keep = how much of them the capture holds."""
        rng = self.rng
        carrier = carrier or rng.choice(self.channel.carriers)
        vlan = self.channel.vlan if vlan is None else vlan
        if trailer is None:
            trailer = rng.randbytes(rng.choice((0, 0, 0, 4, 30)))
        if carrier == "lldp":
            if reason == "length" and len(octets) > MAX_MESSAGE:
                reason = "lldp-length"  # found before the message is read
            whole, kept = self.in_lldp(octets, trailer, keep)
        else:
            whole, kept = self.in_raw(octets, trailer, keep, vlan)
        self.add_frame(whole[:kept], Meant(kind, verdict, reason, channel, carrier, vlan, header,
                                           content), len(whole))

    def ethernet(self, ethertype, vlan=0):
        rng = self.rng
        frame = Ether(dst=rng.choice(("01:80:c2:00:00:0e", "02:00:00:00:00:02")),
                      src=rng.randbytes(6).hex(":"))
        if vlan or (ethertype != LLDP_ETHERTYPE and rng.random() < 0.2):
            frame /= Dot1Q(prio=rng.randint(0, 7), id=rng.randint(0, 1), vlan=vlan)
        frame.lastlayer().type = ethertype
        return bytes(frame)

    def in_raw(self, octets, trailer, keep, vlan):
        """The frame, and how much of it the capture holds."""
        head = self.ethernet(self.site.ethertype, vlan) + self.magic
        whole = head + octets + trailer
        return whole, len(whole) if keep is None else len(head) + keep

    def in_lldp(self, octets, trailer, keep):
        """What follows the message does so in the last TLV, and behind the LLDPDU."""
        room = max(0, MAX_MESSAGE - len(octets))
        head = self.ethernet(LLDP_ETHERTYPE)
        frame = head + octets_of(lldpdu(self.rng, self.site, octets + trailer[:room]))
        if keep is None:
            kept = len(frame) + len(trailer)
        elif keep < len(octets):
            kept = self.rng.randint(len(head), len(frame) - 1)
        else:
            kept = len(frame)
        return frame + trailer, kept

    # ---- authentic messages --------------------------------------------------------------

    def compose(self, longest=MAX_MESSAGE, choose_listed=lambda rng, sent: [rng.choice(sent)]):
        """The next message of one of the two, and the key that is to seal it. With what the
        other has sent, if anything, choose_listed() says which of its numbers are listed."""
        self.rng.shuffle(self.pair)
        sender, other = self.pair
        listed = choose_listed(self.rng, other.numbers) if other.numbers else []
        stations = keyid_random.stations(self.rng, [(other.member, number) for number in listed])
        number, key = self.rng.choice(list(self.channel.keys.items()))
        return keyid_random.message(
            self.rng, longest, association=self.channel.id, key_number=number,
            member=sender.member, number=sender.next_number(self.rng), stations=stations), key

    def freshness(self, message):
        """Section 4.6, in the view of nobody."""
        other = self.pair[1]
        listed = [number for member, number in message.stations if member == other.member]
        if any(number in other.numbers for number in listed):
            return "accepted"
        if any(other.numbers and 0 < number < other.numbers[0] for number in listed):
            return "unknown-freshness"
        begun = self.frames[0].time if self.frames else self.clock
        one_sided = not other.numbers or self.clock - begun < self.channel.life
        return "unknown-freshness" if message.stations and one_sided else "not-listed"

    def send(self, kind, message, octets, reason=None, **frame):
        """An authentic message of the one who composed last."""
        header = describe_header(message) | {"length": len(octets),
                                             "stations": describe_stations(message)}
        content = None if reason else describe_content(message)
        verdict = self.freshness(message)
        if verdict != "accepted":
            reason = None  # its TLVs are not asked for
        elif reason:
            verdict = "bad-content"
        sender = self.pair[0]
        sender.numbers.append(message.number)
        sender.sent.append((octets, header, content))
        self.add(kind, octets, verdict, reason, self.channel, header, content, **frame)
        if len(self.channel.carriers) > 1 and self.rng.random() < 0.5:
            self.add("the other copy", octets, "duplicate", None, self.channel, header, content)

    def well_formed(self):
        message, key = self.compose()
        self.send("well-formed", message, seal(message, key))

    def unproven(self):
        """Lists nobody who is here, or a number that was never sent, or is not on record."""
        message, key = self.compose(choose_listed=lambda rng, sent: rng.choice(
            ([], [sent[-1] + 1], [sent[0] - 1])))
        self.send("unproven", message, seal(message, key))

    def content_fault(self):
        reason, spoil = self.rng.choice(CONTENT_FAULTS)
        while True:
            message, key = self.compose(longest=self.rng.choice((600, MAX_MESSAGE)))
            spoil(self.rng, message)
            octets = seal(message, key)
            if len(octets) <= MAX_MESSAGE:
                break
        self.faults[spoil.__name__] += 1
        self.send(spoil.__name__, message, octets, reason)

    def mutated_content(self):
        """Some octets of the TLVs are others, and the HMAC is right."""
        message, key = self.compose()
        octets = bytearray(seal(message, key))
        first = 36 + 16 * len(message.stations)
        for _ in range(self.rng.choice((1, 1, 2, 5)) if len(octets) > first + HMAC_LEN else 0):
            octets[self.rng.randrange(first, len(octets) - HMAC_LEN)] = \
                self.rng.choice((0, 1, 0xFF, self.rng.getrandbits(8)))
        octets = reseal(bytes(octets), key)
        reason = fault(check_content, octets)
        self.send("mutated content", message if reason else Keyid(octets), octets, reason)

    def sent_again(self):
        """A message of before: the sender's last one, or an older one."""
        sender = self.rng.choice(self.pair)
        if sender.sent:
            octets, header, content = last = self.rng.choice(sender.sent[-3:])
            self.add("sent again", octets,
                     "duplicate" if last is sender.sent[-1] else "replayed",
                     channel=self.channel, header=header, content=content)

    # ---- others --------------------------------------------------------------------------

    def stranger(self, **fields):
        """A message of nobody in this conversation, sealed with a key of the channel."""
        number, key = self.rng.choice(list(self.channel.keys.items()))
        message = keyid_random.message(
            self.rng, **({"association": self.channel.id, "key_number": number} | fields))
        octets = seal(message, key)
        return octets, describe_header(message) | {"length": len(octets)}

    def header_fault(self):
        reason, spoil = self.rng.choice(HEADER_FAULTS)
        self.faults[spoil.__name__] += 1
        self.add(spoil.__name__, spoil(self.rng, self.stranger()[0]), "malformed", reason,
                 trailer=b"")

    def wrong_hmac(self):
        octets, header = self.stranger()
        if self.rng.random() < 0.5:
            octets = reseal(octets, self.rng.choice(
                [key for channel in self.site.channels for key in channel.keys.values()
                 if key not in self.channel.keys.values()]))
        else:
            at = self.rng.randrange(36, len(octets))
            octets = (octets[:at] + bytes([octets[at] ^ 1 << self.rng.randrange(8)])
                      + octets[at + 1:])
        self.add("wrong HMAC", octets, "bad-icv", channel=self.channel, header=header)

    def unknown_association(self):
        octets, header = self.stranger(association=self.rng.randbytes(8))
        self.add("another association", octets, "unknown-association", header=header)
        octets, header = self.stranger()
        its_own = [channel.vlan for channel in self.site.channels if channel.id == self.channel.id]
        self.add("on another VLAN", octets, "unknown-association", header=header,
                 carrier="raw",
                 vlan=self.rng.choice([vlan for vlan in (0, 7, 99, 4094) if vlan not in its_own]))

    def unknown_key(self):
        number = self.rng.choice([number for number in (0, 3, 65534, self.rng.randint(0, 65535))
                                  if number not in self.channel.keys])
        octets, header = self.stranger(key_number=number)
        self.add("unknown channel key", octets, "unknown-channel-key", channel=self.channel,
                 header=header)

    def mutated(self):
        """Whatever becomes of a message when octets are changed, lost or added on the way."""
        octets = bytearray(self.stranger()[0])
        for _ in range(self.rng.choice((1, 1, 2, 20))):
            at = self.rng.randrange(self.rng.choice((37, len(octets))))
            end, new = self.rng.choice(((at + 1, 1), (at + 1, 1), (at + 3, 0), (at, 2)))
            octets[at:end] = self.rng.randbytes(new)
        octets = bytes(octets)
        carrier = self.rng.choice(self.channel.carriers)
        verdict, reason, channel, message = self.judge(carrier, octets)
        if verdict != "authentic":  # something has changed
            self.add("mutated", octets, verdict, reason, channel,
                     message and describe_header(Keyid(message)), trailer=b"", carrier=carrier)

    def judge(self, carrier, octets):
        if carrier == "lldp" and len(octets) > MAX_MESSAGE:
            return Judgement("malformed", "lldp-length", None, None)
        return self.site.judge_message(Found(carrier, self.channel.vlan, octets))

    def cut_by_capture(self):
        """The capture holds less than the message needs; or all but what follows it."""
        octets = self.stranger()[0]
        self.add("cut by the capture", octets, "truncated",
                 keep=keyid_random.number(self.rng, 0, len(octets) - 1))
        message, key = self.compose()
        octets = seal(message, key)
        self.send("cut behind the message", message, octets, keep=len(octets), trailer=bytes(9))

    def not_ours(self):
        rng = self.rng
        kind = struct.pack(">H", self.site.ethertype)
        other = struct.pack(">H", sum(ETHERTYPES) - self.site.ethertype)
        magic = bytearray(self.magic)
        magic[rng.randrange(5)] ^= 1 << rng.randrange(8)
        tag, service_tag = b"\x81\x00\x00\x07", b"\x88\xa8\x00\x07"
        head = rng.choice((
            kind + magic,
            other + self.magic,
            b"\x08\x00" + self.magic,
            b"\x81\x00\x0f\xff" + kind + self.magic,
            tag + tag + kind + self.magic,
            tag + other + self.magic,
            service_tag + kind + self.magic,
            service_tag + tag + kind + self.magic,
        ))
        self.add_frame(rng.randbytes(12) + head + self.stranger()[0],
                       Meant("not ours", "not-ours", None, None, "raw", None, None, None))

    # ---- LLDP ----------------------------------------------------------------------------

    def lldp_fault(self):
        """A good message, but the LLDPDU is malformed."""
        reason, spoil = self.rng.choice(LLDP_FAULTS)
        self.faults[spoil.__name__] += 1
        tlvs = lldpdu(self.rng, self.site, self.stranger()[0])
        octets = spoil(self.rng, tlvs, self.site) or octets_of(tlvs)
        self.add_frame(self.ethernet(LLDP_ETHERTYPE) + octets,
                       Meant(spoil.__name__, "malformed", reason, None, "lldp", 0, None, None))

    def lldp_of_others(self):
        """LLDPDUs without our TLV; one with it in a VLAN."""
        octets = self.stranger()[0]
        plain = lldpdu(self.rng, self.site, None)
        oui, subtype = self.site.lldp_oui, self.site.lldp_subtype
        head, tlvs = self.rng.choice((
            (self.ethernet(LLDP_ETHERTYPE), plain),
            (self.ethernet(LLDP_ETHERTYPE),
             plain[:-1] + [organisation(oui, subtype ^ 1, octets[:507])] + plain[-1:]),
            (self.ethernet(LLDP_ETHERTYPE),
             plain[:-1] + [organisation(b"\0\0\x5f", subtype, octets[:507])] + plain[-1:]),
            (self.ethernet(LLDP_ETHERTYPE, 7), lldpdu(self.rng, self.site, octets))))
        carrier = "lldp" if head.endswith(LLDP) and len(head) == 14 else "raw"
        self.add_frame(head + octets_of(tlvs),
                       Meant("LLDP of others", "not-ours", None, None, carrier, None, None, None))

    def other_carrier(self):
        """By one that the link does not use."""
        channel = self.rng.choice([channel for channel in self.site.channels
                                   if channel.vlan == 0 and len(channel.carriers) == 1])
        self.add("another carrier", self.stranger(association=channel.id)[0], "not-ours", vlan=0,
                 carrier="raw" if "lldp" in channel.carriers else "lldp")
