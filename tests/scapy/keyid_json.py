"""Messages as `keyid-replay --json` shows them, from scapy's layers and back.

What is absent there is absent here: flags that are false, and numbers and lists that say
nothing. The way back gives the octets of a message that was sent in the canonical form:
TLVs in the order of section 3's table, none unknown, reserved bits zero.
"""
from keyid_layer import (APPLIED, COMMITTED, DEVICE_KNOWN, DEVICE_REASON, FAILED, FUTURE, LIVE,
                         LOST, MASTER, NO_AN, PHASES, PROPOSED, REASONS, REKEY_WANTED, SECY,
                         STAGED, STATUS, SUITES, TRANSMITTING, UNUSED, Keyid, Master, Secy, Slot,
                         Status)

REASON_NUMBERS = {name: number for number, name in REASONS.items()}
PHASE_NUMBERS = {name: number for number, name in PHASES.items()}
SUITE_NUMBERS = {name: number for number, name in SUITES.items()}
TABLE = (MASTER, COMMITTED, PROPOSED, STATUS, SECY)


def present(**items):
    """Without what says nothing; names with hyphens."""
    return {name.replace("_", "-"): value for name, value in items.items()
            if value is not None and value is not False and value != []}


# ---- from layers -----------------------------------------------------------------------------

def describe_reference(generation, digest):
    return {"generation": generation, "digest": digest.hex()}


def reason_name(number):
    return REASONS.get(number, number) or None


def describe_slot(slot):
    return present(phase=PHASES[slot.phase], generation=slot.generation,
                   digest=slot.digest.hex(), an=None if slot.an == NO_AN else slot.an,
                   start=slot.start or None, spacing=slot.spacing or None) | {
        "key-ids": [key_id.decode() for key_id in slot.key_ids]}


def describe_failed(generation, digest, reason):
    return describe_reference(generation, digest) | present(reason=reason_name(reason))


def describe_key(token, flags):
    return {"token": token.hex()} | present(transmitting=bool(flags & TRANSMITTING),
                                            future=bool(flags & FUTURE))


def describe_status(status):
    flags = int(status.flags)

    def part(flag, describe, value):
        return describe(*value) if flags & flag else None

    return {"sae": status.sae.decode(), "highest": status.highest} | present(
        path=[hop.hex() for hop in status.path],
        staged=part(STAGED, describe_reference, status.staged),
        applied=part(APPLIED, describe_reference, status.applied),
        live=bool(flags & LIVE),
        failed=part(FAILED, describe_failed, status.failed),
        lost=part(LOST, describe_reference, status.lost),
        rekey_wanted=bool(flags & REKEY_WANTED),
        device_reason=reason_name(status.device_reason) if flags & DEVICE_REASON else None,
        device_known=bool(flags & DEVICE_KNOWN),
        ans_in_use=[an for an in range(4) if status.ans >> an & 1],
        latest_start=status.latest_start or None,
        keys=[describe_key(*key) for key in status.keys])


def describe_transmit(token, nonce, flags):
    return {"token": token.hex(), "nonce": nonce.hex()} | present(unused=bool(flags & UNUSED))


def describe_secy(secy):
    return {"sci": secy.sci.hex(), "cipher-suite": SUITES[secy.suite]} | present(
        transmit=[describe_transmit(*sa) for sa in secy.transmit],
        receive=[nonce.hex() for nonce in secy.receive])


def describe_header(message):
    """Without the stations, which are shown of authentic messages only."""
    return {"association-id": message.association.hex(), "length": message.len,
            "key-number": message.key_number, "newest-key-number": message.newest_key_number,
            "member": message.member.hex(), "number": message.number,
            "reply-wanted": bool(message.flags & 1)}


def describe_stations(message):
    return [{"member": member.hex(), "number": number} for member, number in message.stations]


def describe_content(message):
    slots = {tlv.type: describe_slot(tlv) for tlv in message.tlvs if isinstance(tlv, Slot)}
    return present(
        master=next((tlv.sae.decode() for tlv in message.tlvs if isinstance(tlv, Master)), None),
        committed=slots.get(COMMITTED), proposed=slots.get(PROPOSED)) | {
        "statuses": [describe_status(tlv) for tlv in message.tlvs if isinstance(tlv, Status)]
    } | present(secy=next((describe_secy(tlv) for tlv in message.tlvs if isinstance(tlv, Secy)),
                          None))


# ---- and back --------------------------------------------------------------------------------

def compose_reference(shown):
    return shown["generation"], bytes.fromhex(shown["digest"])


def reason_number(name):
    return REASON_NUMBERS.get(name, name)


def compose_slot(kind, shown):
    return Slot(type=kind, phase=PHASE_NUMBERS[shown["phase"]], generation=shown["generation"],
                digest=bytes.fromhex(shown["digest"]), an=shown.get("an", NO_AN),
                start=shown.get("start", 0), spacing=shown.get("spacing", 0),
                key_ids=[key_id.encode() for key_id in shown["key-ids"]])


def compose_status(shown):
    flags = sum(flag for name, flag in (
        ("staged", STAGED), ("applied", APPLIED), ("live", LIVE), ("failed", FAILED),
        ("lost", LOST), ("rekey-wanted", REKEY_WANTED), ("device-known", DEVICE_KNOWN),
        ("device-reason", DEVICE_REASON)) if name in shown)
    parts = {name: compose_reference(shown[name])
             for name in ("staged", "applied", "lost") if name in shown}
    if "failed" in shown:
        parts["failed"] = compose_reference(shown["failed"]) + (
            reason_number(shown["failed"].get("reason", 0)),)
    if "device-reason" in shown:
        parts["device_reason"] = reason_number(shown["device-reason"])
    return Status(sae=shown["sae"].encode(),
                  path=[bytes.fromhex(hop) for hop in shown.get("path", [])],
                  flags=flags, ans=sum(1 << an for an in shown.get("ans-in-use", [])),
                  highest=shown["highest"], latest_start=shown.get("latest-start", 0),
                  keys=[(bytes.fromhex(key["token"]),
                         TRANSMITTING * key.get("transmitting", False)
                         | FUTURE * key.get("future", False)) for key in shown.get("keys", [])],
                  **parts)


def compose_secy(shown):
    return Secy(sci=bytes.fromhex(shown["sci"]), suite=SUITE_NUMBERS[shown["cipher-suite"]],
                transmit=[(bytes.fromhex(sa["token"]), bytes.fromhex(sa["nonce"]),
                           UNUSED * sa.get("unused", False)) for sa in shown.get("transmit", [])],
                receive=[bytes.fromhex(nonce) for nonce in shown.get("receive", [])])


def compose(header, content):
    """A message with these fields, yet to be sealed."""
    tlvs = []
    if "master" in content:
        tlvs.append(Master(sae=content["master"].encode()))
    for kind, name in ((COMMITTED, "committed"), (PROPOSED, "proposed")):
        if name in content:
            tlvs.append(compose_slot(kind, content[name]))
    tlvs += [compose_status(status) for status in content["statuses"]]
    if "secy" in content:
        tlvs.append(compose_secy(content["secy"]))
    return Keyid(association=bytes.fromhex(header["association-id"]),
                 flags=int(header["reply-wanted"]),
                 key_number=header["key-number"], newest_key_number=header["newest-key-number"],
                 member=bytes.fromhex(header["member"]), number=header["number"],
                 stations=[(bytes.fromhex(station["member"]), station["number"])
                           for station in header["stations"]],
                 tlvs=tlvs)


def is_canonical(message):
    """Whether compose() must give the same octets again."""
    kinds = [tlv.type for tlv in message.tlvs]
    return (all(kind in TABLE for kind in kinds) and kinds == sorted(kinds, key=TABLE.index)
            and int(message.flags) <= 1 and message.reserved == 0
            and all(flags <= (TRANSMITTING | FUTURE) for tlv in message.tlvs
                    if tlv.type == STATUS for _, flags in tlv.keys)
            and all(flags <= UNUSED for tlv in message.tlvs
                    if tlv.type == SECY for _, _, flags in tlv.transmit))
