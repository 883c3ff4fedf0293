"""Captures in every form that keyid-replay takes: pcap with micro- or nanoseconds in either
octet order, and pcapng, with time stamps of several resolutions. Times are nanoseconds."""
import struct
from collections import namedtuple

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader, RawPcapWriter

ETHERNET = 1
SNAPLEN = 65535

# wire_len is what the frame had on the wire: more than octets if the capture cut it.
Frame = namedtuple("Frame", "time octets wire_len")
Form = namedtuple("Form", "name suffix resolution write")


def write_pcap(path, frames, endianness, nano):
    unit = 1 if nano else 1000
    with RawPcapWriter(path, linktype=ETHERNET, endianness=endianness, nano=nano) as file:
        file.write_header(None)
        for frame in frames:
            seconds, rest = divmod(frame.time, 10 ** 9)
            file.write_packet(frame.octets, sec=seconds, usec=rest // unit,
                              caplen=len(frame.octets), wirelen=frame.wire_len)


def write_pcapng(path, frames, endianness, resolution):
    """resolution is an exponent of ten, as if_tsresol has it; scapy's own writer knows no other
    than microseconds in little endian."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(endianness + "L", len(body) + 12)
        return struct.pack(endianness + "L", kind) + size + body + size

    unit = 10 ** (9 - resolution)
    with open(path, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack(endianness + "LHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack(endianness + "HHLHHB3xHH", ETHERNET, 0, SNAPLEN,
                                        9, 1, resolution, 0, 0)))
        for frame in frames:
            ticks = frame.time // unit
            file.write(block(6, struct.pack(endianness + "LLLLL", 0, ticks >> 32,
                                            ticks & 0xFFFFFFFF, len(frame.octets),
                                            frame.wire_len) + frame.octets))


FORMS = (
    Form("pcap, microseconds", "pcap", 1000, lambda path, f: write_pcap(path, f, "<", False)),
    Form("pcap, nanoseconds, big endian", "pcap", 1,
         lambda path, f: write_pcap(path, f, ">", True)),
    Form("pcapng, nanoseconds", "pcapng", 1, lambda path, f: write_pcapng(path, f, "<", 9)),
    Form("pcap, big endian", "pcap", 1000, lambda path, f: write_pcap(path, f, ">", False)),
    Form("pcapng, milliseconds, big endian", "pcapng", 10 ** 6,
         lambda path, f: write_pcapng(path, f, ">", 3)),
    Form("pcap, nanoseconds", "pcap", 1, lambda path, f: write_pcap(path, f, "<", True)),
)


def read_capture(path):
    """By scapy; no frame if it is no capture."""
    try:
        file = RawPcapReader(path)
    except Scapy_Exception:
        return []
    try:
        if isinstance(file, RawPcapNgReader):
            return [Frame(((at.tshigh << 32) + at.tslow) * 10 ** 9 // at.tsresol, octets,
                          at.wirelen) for octets, at in file]
        unit = 1 if file.nano else 1000
        return [Frame(at.sec * 10 ** 9 + at.usec * unit, octets, at.wirelen)
                for octets, at in file]
    finally:
        file.close()
