#!/usr/bin/python3
"""Prints each message of protocol.md section 2 that passes an interface, either way:
    member identifier, message number, channel-key number, newest channel-key number
`listen.py INTERFACE` runs until it is ended; "ready" when it listens. Needs root."""
import socket
import struct
import sys

ETH_P_ALL = 3
OUI_EXTENDED = b"\x88\xb7"
HEADERS = 14 + 5  # Ethernet; OUI and protocol ID

listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
listener.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    frame = listener.recv(2048)
    if frame[12:14] != OUI_EXTENDED or len(frame) < HEADERS + 36:
        continue
    key, newest, member, number = struct.unpack_from("!HH12sI", frame, HEADERS + 12)
    print(member.hex(), number, key, newest, flush=True)
