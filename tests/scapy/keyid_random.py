"""Random messages that are well-formed: every field at random, with its extremes, in any
combination that fits a message. The generator is seeded, so a failure can be seen again."""
import uuid

from keyid_layer import (ABORT, APPLIED, COMMIT, COMMITTED, CONFIRMED, DEVICE_KNOWN,
                         DEVICE_REASON, FAILED, HMAC_LEN, LIVE, LOST, NO_AN, PREPARE, PROPOSED,
                         SECY, STAGED, SUITES, Keyid, Master, Secy, Slot, Status, Tlv)
from keyid_strict import (KEY_ID_OCTETS, MAX_GENERATION, MAX_HOPS, MAX_KEYS, MAX_MESSAGE,
                          MAX_RECEIVE, MAX_START, MAX_STATIONS, MAX_STATUSES, MAX_TRANSMIT,
                          SAE_OCTETS)

HEADER_LEN, STATION_LEN = 36, 16
SAE_TEXT, KEY_ID_TEXT = sorted(SAE_OCTETS), sorted(KEY_ID_OCTETS)


def number(rng, low, high):
    """Extremes as often as anything else."""
    return rng.choice((low, min(low + 1, high), max(high - 1, low), high, rng.randint(low, high),
                       rng.randint(low, min(low + 300, high))))


def few(rng, most):
    return rng.choice((0, 1, 1, rng.randint(0, min(3, most)), rng.randint(0, most), most))


def text_of(rng, allowed, longest):
    length = rng.choice((1, longest, rng.randint(1, min(12, longest)), rng.randint(1, longest)))
    return bytes(rng.choices(allowed, k=length))


def sae(rng, longest=64):
    return text_of(rng, SAE_TEXT, longest)


def key_id(rng):
    if rng.random() < 0.5:
        return str(uuid.UUID(int=rng.getrandbits(128))).encode()
    return text_of(rng, KEY_ID_TEXT, 128)


def generation(rng):
    return number(rng, 1, MAX_GENERATION)


def a_digest(rng):
    return rng.choice((bytes(16), rng.randbytes(16)))


def slot(rng, kind, room):
    """A slot of at most room octets, or None."""
    phase = rng.choice((COMMIT, CONFIRMED) if kind == COMMITTED else (PREPARE, ABORT))
    room -= 3 + 39
    key_ids = []
    for _ in range(max(few(rng, MAX_KEYS), phase != ABORT)):
        key = key_id(rng)
        if 1 + len(key) > room:
            break
        room -= 1 + len(key)
        key_ids.append(key)
    if room < 0 or (not key_ids and phase != ABORT):
        return None
    return Slot(type=kind, phase=phase, generation=generation(rng),
                an=rng.choice((0, 1, 2, 3, NO_AN)),
                start=number(rng, 0, MAX_START) if kind == COMMITTED else 0,
                spacing=number(rng, 0, 2 ** 32 - 1) if len(key_ids) > 1 else 0,
                key_ids=key_ids)


def status_flags(rng):
    flags = rng.choice((0, 0xFF, rng.getrandbits(8), rng.getrandbits(8), rng.getrandbits(8)))
    return flags if flags & APPLIED else flags & ~LIVE


def status(rng, saes, brief=False):
    """A status of an SAE that is not among saes yet, which it joins. Only if they are brief
    do as many fit as are allowed."""
    flags = 0 if brief else status_flags(rng)
    known = bool(flags & DEVICE_KNOWN)
    parts = {name: (generation(rng), a_digest(rng)) for name, flag in
             (("staged", STAGED), ("applied", APPLIED), ("lost", LOST)) if flags & flag}
    if flags & FAILED:
        parts["failed"] = (generation(rng), a_digest(rng), number(rng, 0, 80))
    if flags & DEVICE_REASON:
        parts["device_reason"] = rng.choice((number(rng, 1, 80), number(rng, 1, 65535)))
    name = None
    while name is None or name in saes:
        name = sae(rng, 8 if brief else 64)
    saes.add(name)
    hops = 0 if brief else few(rng, MAX_HOPS)
    return Status(sae=name, path=[rng.randbytes(4) for _ in range(hops)],
                  flags=flags, ans=rng.getrandbits(4) if known else 0,
                  highest=number(rng, 0, MAX_GENERATION),
                  latest_start=number(rng, 0, MAX_START) if known else 0,
                  keys=[(rng.randbytes(8), rng.choice((0, 1, 2, 3, rng.getrandbits(8))))
                        for _ in range(few(rng, MAX_KEYS) if known else 0)], **parts)


def secy(rng):
    return Secy(sci=rng.choice((bytes(8), rng.randbytes(8))), suite=rng.choice(list(SUITES)),
                transmit=[(rng.randbytes(8), rng.randbytes(8),
                           rng.choice((0, 1, rng.getrandbits(8))))
                          for _ in range(rng.randint(0, MAX_TRANSMIT))],
                receive=[rng.randbytes(8) for _ in range(few(rng, MAX_RECEIVE))])


def unknown_tlv(rng, most):
    kind = number(rng, 0, 0x7F)
    return Tlv(type=kind + (kind == SECY),
               value=rng.randbytes(rng.choice((0, 1, most, rng.randint(0, most)))))


def tlvs(rng, room):
    """TLVs that fit room octets, in the order of the table."""
    chosen = []

    def add(tlv):
        nonlocal room
        if tlv is not None and len(tlv) <= room:
            room -= len(tlv)
            chosen.append(tlv)

    wanted = rng.choice(((), (), (COMMITTED,), (PROPOSED,), (COMMITTED, PROPOSED)))
    if wanted or rng.random() < 0.3:
        add(Master(sae=sae(rng)))
    if chosen:
        for kind in wanted:
            add(slot(rng, kind, room))
    saes = set()
    brief = rng.random() < 0.04
    wanted = rng.choice((0, 1, 1, 2, few(rng, MAX_STATUSES)))
    for _ in range(MAX_STATUSES if brief else wanted):
        add(status(rng, saes, brief))
    if rng.random() < 0.4:
        add(secy(rng))
    while rng.random() < 0.2:
        add(unknown_tlv(rng, min(room, 40)))
    if rng.random() < 0.1 and room >= 3:
        add(Tlv(type=0x7F, value=bytes(room - 3)))  # the longest message there is
    return chosen


def stations(rng, listed=()):
    """Random ones, with those that are to be listed somewhere among them."""
    found = [(rng.randbytes(12), number(rng, 0, 2 ** 32 - 1))
             for _ in range(few(rng, MAX_STATIONS - len(listed)))]
    for station in listed:
        found.insert(rng.randint(0, len(found)), station)
    return found


def message(rng, longest=MAX_MESSAGE, **header):
    """A well-formed message, yet to be sealed; header are fields that are not at random."""
    fields = {"association": rng.randbytes(8), "key_number": number(rng, 0, 65535),
              "newest_key_number": number(rng, 0, 65535), "member": rng.randbytes(12),
              "number": number(rng, 0, 2 ** 32 - 1), "stations": stations(rng),
              "flags": rng.choice((0, 1, 1, rng.getrandbits(8))),
              "reserved": rng.choice((0, 0, 0, rng.getrandbits(24)))} | header
    room = longest - HEADER_LEN - STATION_LEN * len(fields["stations"]) - HMAC_LEN
    found = tlvs(rng, room)
    if rng.random() < 0.5:
        rng.shuffle(found)
    return Keyid(tlvs=found, **fields)
