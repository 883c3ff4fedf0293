"""Runs keyid-replay, and compares what it printed with what was meant."""
import json
import os
import subprocess
from datetime import datetime, timezone

PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "keyid-replay")
BROKEN = 2  # its status after a capture that cannot be read to its end


class ReplayError(Exception):
    pass


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


def wanted(number, frame, resolution, carrier, vlan, channel, header, content):
    """The object that is to be printed, but for the verdict and what the exchange makes of it."""
    found = {"number": number, "time": time_text(frame.time, resolution),
             "source": frame.octets[6:12].hex(":"), "destination": frame.octets[:6].hex(":"),
             "vlan": vlan or None, "carrier": None if carrier == "raw" else carrier,
             "association": channel and channel.association,
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


def compare_meant(resolution, frames, meant, shown):
    """Returns a line for each difference."""
    lines = compare_count(frames, shown, True)
    for number, (frame, intent, found) in enumerate(zip(frames, meant, shown), 1):
        where = "frame %d (%s): " % (number, intent.kind)
        lines += compare_verdict(where, [intent.verdict], intent.reason, found)
        lines += compare_object(where, wanted(number, frame, resolution, intent.carrier,
                                              intent.vlan, intent.channel, intent.header,
                                              intent.content), found)
    return lines
