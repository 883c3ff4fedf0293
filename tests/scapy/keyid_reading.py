"""Compares what keyid-replay printed of a capture with what Python reads in the same frames,
which may have been made by anybody."""
from keyid_freshness import FRESH, Link
from keyid_json import compose, describe_content, describe_header, describe_stations, is_canonical
from keyid_layer import HMAC_LEN, Keyid, fill_digests
from keyid_replay import compare_count, compare_object, compare_verdict, wanted
from keyid_strict import check_content, fault


def own_sae(content):
    """The SAE ID that a message says to be its sender's: it has no hops."""
    statuses = content["statuses"] if content else []
    return next((status["sae"] for status in statuses if "path" not in status), None)


class Reading:
    """The lines are the differences that were found."""

    def __init__(self, site, begin):
        self.site = site
        self.begin = begin
        self.lines = []
        self.links = {}
        self.where = ""

    def verdict(self, verdicts, reason, shown):
        self.lines += compare_verdict(self.where, verdicts, reason, shown)

    def frame(self, number, frame, shown):
        self.where = "frame %d: " % number
        if frame.wire_len > len(frame.octets) and self.site.is_cut(frame.octets):
            self.verdict(["truncated"], None, shown)
            return
        judgement = self.site.judge(frame.octets)
        carrier, vlan = self.site.place(frame.octets)
        message = judgement.message and Keyid(judgement.message)
        header = message and describe_header(message)
        content = bad = None
        if judgement.verdict in ("authentic", "unverified"):
            header["stations"] = describe_stations(message)
            bad = fault(check_content, judgement.message)
            content = None if bad else describe_content(message)
        if content and is_canonical(message):
            self.build(judgement.message, shown)
        if judgement.verdict == "authentic":
            self.authentic(frame, judgement.channel, message, content, bad, shown)
        else:
            self.verdict([judgement.verdict], judgement.reason, shown)
            self.name(own_sae(content), shown)
        self.lines += compare_object(self.where, wanted(number, frame, 1, carrier, vlan,
                                                        judgement.channel, header, content), shown)

    def authentic(self, frame, channel, message, content, bad, shown):
        link = self.links.setdefault((channel.id, channel.link), Link(self.begin, channel.life))
        verdicts = link.receive(frame.time, frame.octets[6:12], message, own_sae(content))
        if verdicts == FRESH:
            verdicts = ("bad-content" if bad else "accepted", "table-full")
        self.verdict(verdicts, bad if shown["verdict"] == "bad-content" else None, shown)
        self.name(link.stations[message.member].sae, shown)

    def name(self, sae, shown):
        if shown.get("sae") != sae:
            self.lines.append(self.where + "it is of %s, %s is shown" % (sae, shown.get("sae")))

    def build(self, octets, shown):
        """The same octets from what is shown; but for the HMAC, which may be wrong in a message
        that is not verified."""
        if "content" not in shown:
            return  # and that is a difference already
        message = compose(shown["header"], shown["content"])
        fill_digests(message)
        built = bytes(message)
        if built[:-HMAC_LEN] != octets[:-HMAC_LEN]:
            self.lines.append(self.where + "built from what is shown: %s, not %s" % (
                built.hex(), octets.hex()))


def compare_read(site, frames, shown, whole):
    """Returns a line for each difference; whole is whether every frame has to be shown."""
    reading = Reading(site, frames[0].time if frames else 0)
    for number, (frame, found) in enumerate(zip(frames, shown), 1):
        reading.frame(number, frame, found)
    return compare_count(frames, shown, whole) + reading.lines
