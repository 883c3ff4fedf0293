"""How fresh an authentic message is in the view of nobody, who only listens: a small model of
docs/protocol.md sections 4.3 and 4.6. It knows no bound on stations, so that a message that it
takes for fresh may find a table full."""

FRESH = ("accepted", "bad-content", "table-full")


class Station:
    def __init__(self, now, number, address):
        self.first = number
        self.first_time = now
        self.address = address
        self.sae = None
        self.superseded = False  # by its restart
        self.sent = []           # (time, number), as far as they are on record

    def sent_at(self, number):
        """When at the earliest, by the record; None if it cannot have been sent. The record may
        lack some in between: what was lost, or signed with a key that is not at hand."""
        times = [time for time, sent in self.sent if sent <= number <= self.sent[-1][1]]
        return times[-1] if times else None


class Link:
    """One association on one link; begin is when the record begins. Times in nanoseconds."""

    def __init__(self, begin, life):
        self.begin = begin
        self.life = life
        self.now = begin
        self.stations = {}

    def receive(self, time, address, message, sae):
        """sae is the SAE ID that the message says to be its sender's own, or None. Returns the
        verdicts that it may have."""
        self.now = max(self.now, time)
        self.stations = {member: station for member, station in self.stations.items()
                         if self.is_recent(station.sent[-1][0])}
        sender = self.stations.get(message.member)
        last = sender.sent[-1][1] if sender else -1
        if message.number <= last:
            return ("duplicate" if message.number == last else "replayed",)
        if not sender:
            sender = self.stations[message.member] = Station(self.now, message.number, address)
        if sae and not sender.sae:
            self.learn(sender, sae)
        sender.sent.append((self.now, message.number))
        return self.freshness(sender, message)

    def is_recent(self, time):
        return time is not None and self.now - time <= self.life

    def learn(self, sender, sae):
        for other in self.stations.values():
            if other.sae == sae and other.address == sender.address:
                other.superseded = True
        sender.sae = sae

    def freshness(self, sender, message):
        receivers = {member: station for member, station in self.stations.items()
                     if station is not sender and not station.superseded}
        listed = [(receivers[member], number) for member, number in message.stations
                  if member in receivers]
        if any(self.is_recent(station.sent_at(number)) for station, number in listed):
            return FRESH
        before_record = any(0 < number < station.first and self.is_recent(station.first_time)
                            for station, number in listed)
        one_sided = not receivers or self.now - self.begin < self.life
        unknown = before_record or (message.stations and one_sided)
        return ("unknown-freshness" if unknown else "not-listed",)
