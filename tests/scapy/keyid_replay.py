"""Runs keyid-replay, and compares what it printed with what was meant, or with what Python
reads in the same frames."""
import json
import os
import subprocess
from datetime import datetime, timezone

from keyid_json import compose, describe_content, describe_header, describe_stations, is_canonical
from keyid_layer import HMAC_LEN, Keyid, fill_digests
from keyid_strict import check_content, fault

PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "keyid-replay")

# Docs/protocol.md section 4.6: what an authentic message may be in the view of nobody.
AUTHENTIC = ("duplicate", "replayed", "not-listed", "unknown-freshness", "table-full",
             "bad-content", "accepted")


class ReplayError(Exception):
    pass


BROKEN = 2  # its status after a capture that cannot be read to its end


def replay(config, capture):
    """The objects of --json, one for each frame, and whether that is all there is: a capture
    may be broken."""
    try:
        done = subprocess.run([PROGRAM, "--config", config, "--json", capture],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              encoding="utf-8", check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReplayError(str(error)) from error
    if done.returncode not in (0, BROKEN):
        raise ReplayError("keyid-replay ended with %d: %s" % (done.returncode, done.stderr))
    try:
        shown = [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError as error:
        raise ReplayError("what it printed is no JSON: %s" % error) from error
    if any(found.pop("capture") != capture for found in shown):
        raise ReplayError("another capture is named than %s" % capture)
    return shown, done.returncode != BROKEN


def differences(path, meant, shown):
    """Where two JSON values differ, as lines of text."""
    if isinstance(meant, dict) and isinstance(shown, dict):
        return [line for name in sorted(meant.keys() | shown.keys()) for line in
                differences(path + "." + name, meant.get(name), shown.get(name))]
    if isinstance(meant, list) and isinstance(shown, list) and len(meant) == len(shown):
        return [line for index, pair in enumerate(zip(meant, shown))
                for line in differences("%s[%d]" % (path, index), *pair)]
    if meant == shown and isinstance(meant, bool) == isinstance(shown, bool):
        return []
    return ["%s: %r was meant, %r is shown" % (path.lstrip("."), meant, shown)]


def time_text(nanoseconds, resolution):
    seconds, rest = divmod(nanoseconds // resolution * resolution, 10 ** 9)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%09dZ" % rest


def wanted(number, frame, resolution, vlan, channel, header, content):
    """The object that is to be printed, but for the verdict and what the exchange makes of it."""
    found = {"number": number, "time": time_text(frame.time, resolution),
             "source": frame.octets[6:12].hex(":"), "destination": frame.octets[:6].hex(":"),
             "vlan": vlan or None, "association": channel and channel.association,
             "link": channel and channel.link, "header": header, "content": content}
    return {name: value for name, value in found.items() if value is not None}


# What the sender is called and what the exchange makes of a message depend on what was heard
# before. Of a frame that has its verdict before its association, more or less may be shown.
NOT_COMPARED = ("verdict", "reason", "sae", "events")
NOT_COMPARED_UNREAD = NOT_COMPARED + ("header", "vlan", "association", "link", "source",
                                      "destination")


def compare_object(where, meant, shown):
    unread = shown["verdict"] in ("not-ours", "truncated", "malformed")
    ignored = NOT_COMPARED_UNREAD if unread else NOT_COMPARED
    return [where + line for line in differences(
        "", {name: value for name, value in meant.items() if name not in ignored},
        {name: value for name, value in shown.items() if name not in ignored})]


def compare_verdict(where, verdicts, reason, shown):
    if shown["verdict"] in verdicts and shown.get("reason") == reason:
        return []
    return [where + "%s (%s) was meant, %s (%s) is shown" % (
        " or ".join(verdicts), reason, shown["verdict"], shown.get("reason"))]


def compare_count(frames, shown, whole):
    if len(shown) == len(frames) or (len(shown) < len(frames) and not whole):
        return []
    return ["there are %d frames, and %d are shown" % (len(frames), len(shown))]


# ---- with what was meant ---------------------------------------------------------------------

def compare_meant(resolution, frames, meant, shown):
    """Returns a line for each difference."""
    lines = compare_count(frames, shown, True)
    for number, (frame, intent, found) in enumerate(zip(frames, meant, shown), 1):
        where = "frame %d (%s): " % (number, intent.kind)
        lines += compare_verdict(where, [intent.verdict], intent.reason, found)
        lines += compare_object(where, wanted(number, frame, resolution, intent.vlan,
                                              intent.channel, intent.header, intent.content),
                                found)
    return lines


# ---- with what is in the octets --------------------------------------------------------------

def cut(site, frame):
    """Whether the capture holds too little of the frame to find the end of the message."""
    if frame.wire_len <= len(frame.octets) or not site.may_be_ours(frame.octets):
        return False
    _, octets = site.find_message(frame.octets) or (0, b"")
    return len(octets) < 68 or len(octets) < int.from_bytes(octets[2:4], "big")


def read_frame(site, frame):
    """A judgement with the reason of a malformed content, too, and header and content as
    --json has them, None if they are not shown."""
    judgement = site.judge(frame.octets)
    header = content = None
    if judgement.message:
        message = Keyid(judgement.message)
        header = describe_header(message)
        if judgement.verdict in ("authentic", "unverified"):
            header["stations"] = describe_stations(message)
            judgement = judgement._replace(reason=fault(check_content, judgement.message))
            content = None if judgement.reason else describe_content(message)
    return judgement, header, content


def compare_read(site, frames, shown, whole):
    """Python reads the frames, and builds those again that were sent in the canonical form."""
    lines = compare_count(frames, shown, whole)
    names = {}
    for number, (frame, found) in enumerate(zip(frames, shown), 1):
        where = "frame %d: " % number
        if cut(site, frame):
            lines += compare_verdict(where, ["truncated"], None, found)
            continue
        vlan, _ = site.find_message(frame.octets) or (None, None)
        judgement, header, content = read_frame(site, frame)
        lines += compare_object(where, wanted(number, frame, 1, vlan, judgement.channel, header,
                                              content), found)
        if judgement.verdict in ("authentic", "unverified"):
            lines += compare_content(where, judgement, found)
            lines += compare_name(where, names, judgement, header, content, found)
        else:
            lines += compare_verdict(where, [judgement.verdict], judgement.reason, found)
    return lines


def compare_content(where, judgement, found):
    if judgement.verdict == "unverified":
        lines = compare_verdict(where, ["unverified"], None, found)
    else:
        bad = judgement.reason if found["verdict"] == "bad-content" else None
        lines = compare_verdict(where, AUTHENTIC, bad, found)
        if judgement.reason and found["verdict"] == "accepted":
            lines.append(where + "it is accepted, with bad content: %s" % judgement.reason)
    message = Keyid(judgement.message)
    if "content" in found and not judgement.reason and is_canonical(message):
        lines += compare_built(where, judgement.message, found)
    return lines


def compare_built(where, octets, found):
    """All but the HMAC, which a message that is not verified may have wrong."""
    message = compose(found["header"], found["content"])
    fill_digests(message)
    built = bytes(message)
    if built[:-HMAC_LEN] == octets[:-HMAC_LEN]:
        return []
    return [where + "built from what is shown: %s, not %s" % (built.hex(), octets.hex())]


def compare_name(where, names, judgement, header, content, found):
    """The sender is called by an SAE ID that it has said to be its own, without hops; in this
    message, if that is not verified."""
    said = set()
    if judgement.verdict == "authentic":
        said = names.setdefault((judgement.channel.id, judgement.channel.link,
                                 header["member"]), said)
    if content:
        said |= {status["sae"] for status in content["statuses"] if "path" not in status}
    if found.get("sae") in (said or {None}):
        return []
    return [where + "it is called %s, and has said %s" % (found.get("sae"), sorted(said))]
