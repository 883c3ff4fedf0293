"""Messages that are malformed on purpose, in each of the ways of docs/protocol.md section 4.2.

A header's fault is made in the octets, as (name of the reason, function of rng and the
octets of a well-formed message). A content's fault is made in the TLVs of a message that
is yet to be sealed, as (name, function of rng and the message): what it changes is the only
fault there is, so that the name does not depend on the order of checks within one TLV.
An LLDPDU's fault is made in the list of its TLVs, as (name, function of rng, the list and the
site), or in its octets, which it then returns.
"""
import struct

from keyid_layer import (ABORT, APPLIED, COMMIT, COMMITTED, CONFIRMED, DEVICE_KNOWN, FAILED,
                         LIVE, LOST, MASTER, NO_AN, PREPARE, PROPOSED, SECY, STAGED, STATUS,
                         Master, Slot, Status, Tlv, fill_digests)
from keyid_lldp import (CAPABILITIES, CHASSIS, DESCRIPTION, MANAGEMENT, NAME, ORGANISATION, PORT,
                        PORT_DESCRIPTION, TTL, octets_of, organisation, tlv)
from keyid_random import a_digest, generation, number, sae, secy, status, unknown_tlv
from keyid_strict import (KEY_ID_OCTETS, MAX_GENERATION, MAX_MESSAGE, MAX_RECEIVE, MAX_START,
                          MAX_STATUSES, MAX_TRANSMIT, SAE_OCTETS)

TOO_HIGH = (2 ** 63, 2 ** 64 - 1)
TOO_LATE = (MAX_START + 1, 2 ** 63, 2 ** 64 - 1)


# ---- the header's ----------------------------------------------------------------------------

def cut_below_header(rng, octets):
    return octets[:number(rng, 0, 67)]


def cut_below_length(rng, octets):
    # At least one octet short of the length, but long enough for its first check.
    padded = octets if len(octets) > 68 else octets[:2] + b"\0\x45" + octets[4:]
    return padded[:number(rng, 68, max(68, len(octets) - 1))]


def claim_more(rng, octets):
    return octets[:2] + struct.pack(">H", number(rng, len(octets) + 1, 65535)) + octets[4:]


def other_version(rng, octets):
    octets = bytes([rng.choice((0, 2, 255))]) + octets[1:]
    # Comes before the length, however that is.
    return rng.choice((octets, octets[:2] + b"\xff\xff" + octets[4:],
                       octets[:32] + b"\xff" + octets[33:], octets[:68]))


def too_long(rng, octets):
    length = rng.choice((MAX_MESSAGE + 1, number(rng, MAX_MESSAGE + 1, 2000)))
    return octets[:2] + struct.pack(">H", length) + octets[4:] + bytes(length - len(octets))


def too_short(rng, octets):
    least = 68 + 16 * octets[32]
    return octets[:2] + struct.pack(">H", number(rng, 0, least - 1)) + octets[4:]


def more_stations_than_length(rng, octets):
    least = (len(octets) - 68) // 16 + 1
    return octets[:32] + bytes([number(rng, least, 255)]) + octets[33:]


def too_many_stations(rng, octets):
    count = number(rng, 25, 89)
    length = rng.choice((68 + 16 * count, MAX_MESSAGE))
    octets = octets[:2] + struct.pack(">H", length) + octets[4:32] + bytes([count]) + octets[33:]
    return octets + bytes(max(0, length - len(octets)))


HEADER_FAULTS = (
    ("truncated", cut_below_header),
    ("truncated", cut_below_length),
    ("truncated", claim_more),
    ("version", other_version),
    ("length", too_long),
    ("length", too_short),
    ("length", more_stations_than_length),
    ("stations", too_many_stations),
)


# ---- the content's ---------------------------------------------------------------------------

def insert(rng, message, *tlvs):
    for tlv in tlvs:
        message.tlvs.insert(rng.randint(0, len(message.tlvs)), tlv)


def remove(message, kind):
    message.tlvs = [tlv for tlv in message.tlvs if tlv.type != kind]


def have_master(message):
    if not any(tlv.type == MASTER for tlv in message.tlvs):
        message.tlvs.insert(0, Master(sae=b"alpha"))


def have_slot(rng, message):
    """One slot at least; returns one of them, which is to be spoiled."""
    have_master(message)
    found = [tlv for tlv in message.tlvs if isinstance(tlv, Slot)]
    if not found:
        kind = rng.choice((COMMITTED, PROPOSED))
        found = [Slot(type=kind, phase=COMMIT if kind == COMMITTED else PREPARE,
                      generation=generation(rng), key_ids=[b"a-key"])]
        insert(rng, message, found[0])
    return rng.choice(found)


def have_status(rng, message, flags=None):
    """A new status with these flags, which is to be spoiled; there is room for one more."""
    if sum(tlv.type == STATUS for tlv in message.tlvs) > MAX_STATUSES - 2:
        remove(message, STATUS)
    saes = {tlv.sae for tlv in message.tlvs if tlv.type == STATUS}
    found = status(rng, saes)
    if flags is not None:
        found = Status(sae=found.sae, path=found.path, flags=flags, highest=found.highest)
    insert(rng, message, found)
    return found


def have_secy(rng, message):
    """A new SECY in the place of any, which is to be spoiled."""
    remove(message, SECY)
    found = secy(rng)
    insert(rng, message, found)
    return found


def replace(message, tlv, value):
    """The same TLV with other octets in it."""
    at = next(at for at, other in enumerate(message.tlvs) if other is tlv)
    message.tlvs[at] = Tlv(type=tlv.type, value=value)


def value_of(message, tlv):
    fill_digests(message)
    return bytes(tlv)[3:]


def half_a_tlv_header(rng, message):
    message.tlvs.append(rng.choice((b"\x84", b"\x84\x00", b"\x00", b"\xff\xff")))


def tlv_beyond_the_end(rng, message):
    last = unknown_tlv(rng, 10)
    message.tlvs.append(Tlv(type=rng.choice((last.type, STATUS, MASTER, COMMITTED, SECY)),
                            value=last.value, len=number(rng, len(last.value) + 1, 65535)))


def second_master(rng, message):
    have_master(message)
    insert(rng, message, Master(sae=sae(rng)))


def second_slot(rng, message):
    first = have_slot(rng, message)
    fill_digests(message)
    insert(rng, message, first.copy())


def second_status(rng, message):
    first = have_status(rng, message)
    insert(rng, message, Status(sae=first.sae, highest=number(rng, 0, MAX_GENERATION)))


def second_secy(rng, message):
    """Whatever is in it."""
    have_secy(rng, message)
    at = next(at for at, tlv in enumerate(message.tlvs) if tlv.type == SECY)
    message.tlvs.insert(rng.randint(at + 1, len(message.tlvs)),
                        rng.choice((secy(rng), Tlv(type=SECY, value=b""))))


def critical(rng, message):
    kind = rng.choice((0x80, 0x85, 0xFF, rng.randint(0x85, 0xFF)))
    insert(rng, message, Tlv(type=kind, value=rng.randbytes(rng.randint(0, 8))))


def slot_without_master(rng, message):
    have_slot(rng, message)
    remove(message, MASTER)


def slot_phase(rng, message):
    slot = have_slot(rng, message)
    if not slot.key_ids:
        slot.key_ids = [b"a-key"]  # none is right with ABORT only
    slot.phase = rng.choice((0, 5, 255) + ((PREPARE, ABORT) if slot.type == COMMITTED
                                           else (COMMIT, CONFIRMED)))


def slot_generation(rng, message):
    have_slot(rng, message).generation = rng.choice((0,) + TOO_HIGH)


def slot_an(rng, message):
    have_slot(rng, message).an = rng.choice((4, NO_AN - 1, rng.randint(4, NO_AN - 1)))


def slot_start(rng, message):
    have_slot(rng, message).start = rng.choice(TOO_LATE)


def slot_without_keys(rng, message):
    slot = have_slot(rng, message)
    slot.phase = COMMIT if slot.type == COMMITTED else PREPARE
    slot.key_ids = []


def slot_with_17_keys(rng, message):
    slot = have_slot(rng, message)
    slot.key_ids = [b"k%d" % index for index in range(17)]


def slot_cut(rng, message):
    slot = have_slot(rng, message)
    replace(message, slot, value_of(message, slot)[:number(rng, 0, 38)])


def slot_with_more(rng, message):
    slot = have_slot(rng, message)
    replace(message, slot, value_of(message, slot) + rng.randbytes(number(rng, 1, 9)))


def wrong_digest(rng, message):
    have_slot(rng, message).digest = a_digest(rng)


def digest_of_something_else(rng, message):
    """All that the digest binds: association, master, generation, AN, spacing, key_IDs."""
    slot = have_slot(rng, message)
    if not slot.key_ids:
        slot.key_ids = [b"a-key"]
    fill_digests(message)

    def other_association():
        message.association = bytes(8)
        slot.digest = None
        fill_digests(message)
        message.association = association

    association = message.association
    rng.choice((
        other_association,
        lambda: setattr(next(tlv for tlv in message.tlvs if tlv.type == MASTER), "sae", b"other"),
        lambda: setattr(slot, "generation", slot.generation % MAX_GENERATION + 1),
        lambda: setattr(slot, "an", 0 if slot.an else 1),
        lambda: setattr(slot, "spacing", (slot.spacing + 1) % 2 ** 32),
        lambda: setattr(slot, "key_ids", slot.key_ids[:-1] + [b"another-key"]),
    ))()


def bad_status_after_bad_digest(rng, message):
    """Digests come after the last TLV."""
    wrong_digest(rng, message)
    remove(message, STATUS)
    message.tlvs.append(Status(sae=sae(rng), ans=0x10))


def bad_octet(rng, allowed):
    return bytes([rng.choice([octet for octet in (0x00, 0x20, 0x22, 0x27, 0x2F, 0x5C, 0x7F,
                                                   0x80, 0xFF) if octet not in allowed])])


def replace_octet(rng, octets, octet):
    at = rng.randrange(len(octets))
    return octets[:at] + octet + octets[at + 1:]


def key_id_octet(rng, message):
    slot = have_slot(rng, message)
    slot.key_ids = slot.key_ids or [b"a-key"]
    at = rng.randrange(len(slot.key_ids))
    slot.key_ids[at] = replace_octet(rng, slot.key_ids[at], bad_octet(rng, KEY_ID_OCTETS))


def key_id_length(rng, message):
    slot = have_slot(rng, message)
    slot.key_ids = slot.key_ids[:3] + [rng.choice((b"", b"k" * 129, b"k" * 255))]


def have_sae(rng, message):
    if rng.random() < 0.5:
        return have_status(rng, message)
    have_master(message)
    return next(tlv for tlv in message.tlvs if tlv.type == MASTER)


def sae_octet(rng, message):
    tlv = have_sae(rng, message)
    tlv.sae = replace_octet(rng, tlv.sae, bad_octet(rng, SAE_OCTETS))


def sae_length(rng, message):
    have_sae(rng, message).sae = rng.choice((b"", b"s" * 65, b"s" * 255))


def master_with_more(rng, message):
    have_master(message)
    master = next(tlv for tlv in message.tlvs if tlv.type == MASTER)
    replace(message, master, bytes(master)[3:] + b"x" * number(rng, 1, 9))


def master_cut(rng, message):
    have_master(message)
    master = next(tlv for tlv in message.tlvs if tlv.type == MASTER)
    replace(message, master, bytes(master)[3:-1])


def status_hops(rng, message):
    have_status(rng, message).path = [bytes(4)] * 17


def status_flags(rng, message):
    have_status(rng, message, LIVE | rng.choice((0, DEVICE_KNOWN)))


def status_ans(rng, message):
    have_status(rng, message, DEVICE_KNOWN).ans = rng.choice((0x10, 0x80, 0xFF))


def status_highest(rng, message):
    have_status(rng, message).highest = rng.choice(TOO_HIGH)


def status_latest_start(rng, message):
    have_status(rng, message, DEVICE_KNOWN).latest_start = rng.choice(TOO_LATE)


def status_reference(rng, message):
    name, flag, rest = rng.choice((("staged", STAGED, ()), ("applied", APPLIED, ()),
                                   ("failed", FAILED, (1,)), ("lost", LOST, ())))
    found = have_status(rng, message, flag)
    setattr(found, name, (rng.choice((0,) + TOO_HIGH), a_digest(rng)) + rest)


def status_device_reason(rng, message):
    have_status(rng, message, 0x80).device_reason = 0


def status_with_17_keys(rng, message):
    have_status(rng, message, DEVICE_KNOWN).keys = [(bytes(8), 0)] * 17


def status_cut(rng, message):
    """After the SAE ID."""
    found = have_status(rng, message)
    octets = bytes(found)[3:]
    replace(message, found, octets[:rng.choice((1 + len(found.sae), len(octets) - 1,
                                                rng.randint(1 + len(found.sae),
                                                            len(octets) - 1)))])


def status_with_more(rng, message):
    found = have_status(rng, message)
    replace(message, found, bytes(found)[3:] + rng.randbytes(number(rng, 1, 9)))


def status_33(rng, message):
    remove(message, STATUS)
    message.tlvs += [Status(sae=b"s%d" % index) for index in range(MAX_STATUSES + 1)]


def secy_suite(rng, message):
    have_secy(rng, message).suite = rng.choice((0, 5, 255, rng.randint(5, 255)))


def secy_with_5_transmit(rng, message):
    have_secy(rng, message).transmit = [(bytes(8), bytes(8), 0)] * number(rng, MAX_TRANSMIT + 1, 9)


def secy_with_65_receive(rng, message):
    have_secy(rng, message).receive = [bytes(8)] * number(rng, MAX_RECEIVE + 1, MAX_RECEIVE + 2)


def secy_count(rng, message):
    """One that is allowed, but is not that of what follows."""
    found = have_secy(rng, message)
    name, most = rng.choice((("transmit", MAX_TRANSMIT), ("receive", MAX_RECEIVE)))
    right = len(getattr(found, name))
    setattr(found, name + "_count",
            rng.choice([count for count in range(most + 1) if count != right]))


def secy_cut(rng, message):
    found = have_secy(rng, message)
    octets = bytes(found)[3:]
    replace(message, found, octets[:rng.choice((0, len(octets) - 1,
                                                rng.randint(0, len(octets) - 1)))])


def secy_with_more(rng, message):
    found = have_secy(rng, message)
    replace(message, found, bytes(found)[3:] + rng.randbytes(number(rng, 1, 9)))


CONTENT_FAULTS = (
    ("tlv-length", half_a_tlv_header),
    ("tlv-length", tlv_beyond_the_end),
    ("tlv-duplicate", second_master),
    ("tlv-duplicate", second_slot),
    ("tlv-duplicate", second_status),
    ("tlv-duplicate", second_secy),
    ("tlv-critical", critical),
    ("slot", slot_without_master),
    ("slot", slot_phase),
    ("slot", slot_generation),
    ("slot", slot_an),
    ("slot", slot_start),
    ("slot", slot_without_keys),
    ("slot", slot_with_17_keys),
    ("slot", slot_cut),
    ("slot", slot_with_more),
    ("digest", wrong_digest),
    ("digest", digest_of_something_else),
    ("status", bad_status_after_bad_digest),
    ("key-id", key_id_octet),
    ("key-id", key_id_length),
    ("sae-id", sae_octet),
    ("sae-id", sae_length),
    ("sae-id", master_with_more),
    ("sae-id", master_cut),
    ("status", status_hops),
    ("status", status_flags),
    ("status", status_ans),
    ("status", status_highest),
    ("status", status_latest_start),
    ("status", status_reference),
    ("status", status_device_reason),
    ("status", status_with_17_keys),
    ("status", status_cut),
    ("status", status_with_more),
    ("status", status_33),
    ("secy", secy_suite),
    ("secy", secy_with_5_transmit),
    ("secy", secy_with_65_receive),
    ("secy", secy_count),
    ("secy", secy_cut),
    ("secy", secy_with_more),
)


# ---- an LLDPDU's -----------------------------------------------------------------------------

def insert_optional(rng, tlvs, *new):
    """Somewhere behind the first three and before the End, in this order."""
    places = sorted(rng.randint(3, len(tlvs) - 1) for _ in new)
    for place, one in reversed(list(zip(places, new))):
        tlvs.insert(place, one)


def remove_optional(tlvs, kind):
    tlvs[3:-1] = [one for one in tlvs[3:-1] if octets_of([one])[0] >> 1 != kind]


def lldp_cut(rng, tlvs, _site):
    octets = octets_of(tlvs)
    return octets[:number(rng, 0, len(octets) - 1)] or b"\2"  # not even a TLV's header


def lldp_without_end(_rng, tlvs, _site):
    tlvs.pop()


def lldp_beyond_the_frame(rng, tlvs, _site):
    value = rng.randbytes(rng.choice((0, 1, 40)))
    kind = rng.choice((0, NAME, ORGANISATION, rng.randint(9, 126)))
    tlvs[-1] = tlv(kind, value, number(rng, len(value) + 1, 511))


def lldp_swapped(rng, tlvs, _site):
    first, second = rng.sample(range(3), 2)
    tlvs[first], tlvs[second] = tlvs[second], tlvs[first]


def lldp_one_missing(rng, tlvs, _site):
    del tlvs[rng.randrange(3)]


def lldp_something_before(rng, tlvs, _site):
    tlvs.insert(rng.randrange(3), tlv(rng.choice((0, NAME, ORGANISATION, 9)), bytes(5)))


def lldp_mandatory_twice(rng, tlvs, _site):
    kind = rng.choice((CHASSIS, PORT, TTL))
    insert_optional(rng, tlvs, rng.choice((tlvs[kind - 1], tlv(kind, bytes(2)), tlv(kind, b""))))


def lldp_optional_twice(rng, tlvs, _site):
    kind = rng.choice((PORT_DESCRIPTION, NAME, DESCRIPTION, CAPABILITIES))
    remove_optional(tlvs, kind)
    insert_optional(rng, tlvs, tlv(kind, b"once"), tlv(kind, rng.choice((b"once", b"twice", b""))))


def lldp_id_length(rng, tlvs, _site):
    kind = rng.choice((CHASSIS, PORT))
    tlvs[kind - 1] = tlv(kind, b"\7" * rng.choice((0, 1, 257, 511)))


def lldp_ttl_length(rng, tlvs, _site):
    tlvs[2] = tlv(TTL, bytes(rng.choice((0, 1))))


def lldp_optional_length(rng, tlvs, _site):
    kind, lengths = rng.choice((
        (PORT_DESCRIPTION, (256, 511)), (NAME, (256, 511)), (DESCRIPTION, (256, 511)),
        (CAPABILITIES, (0, 1, 3)), (MANAGEMENT, (0, 8, 168, 511)), (ORGANISATION, (0, 1, 3))))
    remove_optional(tlvs, kind)
    insert_optional(rng, tlvs, tlv(kind, bytes(rng.choice(lengths))))


def lldp_end_with_a_value(rng, tlvs, _site):
    tlvs[-1] = tlv(0, bytes(rng.choice((1, 4, 511))))


def lldp_too_much(rng, tlvs, site):
    """Parts that are together more than any message."""
    remove_optional(tlvs, ORGANISATION)
    length = rng.choice((MAX_MESSAGE + 1, number(rng, MAX_MESSAGE + 1, 2200)))
    insert_optional(rng, tlvs, *(
        organisation(site.lldp_oui, site.lldp_subtype, bytes(min(507, length - at)))
        for at in range(0, length, 507)))


LLDP_FAULTS = (
    ("lldp-truncated", lldp_cut),
    ("lldp-truncated", lldp_without_end),
    ("lldp-truncated", lldp_beyond_the_frame),
    ("lldp-order", lldp_swapped),
    ("lldp-order", lldp_one_missing),
    ("lldp-order", lldp_something_before),
    ("lldp-duplicate", lldp_mandatory_twice),
    ("lldp-duplicate", lldp_optional_twice),
    ("lldp-length", lldp_id_length),
    ("lldp-length", lldp_ttl_length),
    ("lldp-length", lldp_optional_length),
    ("lldp-length", lldp_end_with_a_value),
    ("lldp-length", lldp_too_much),
)
