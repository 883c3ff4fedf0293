#!/usr/bin/python3
"""A second opinion on the test vectors of docs/protocol.md section 9.

Written from the document alone, with nothing but Python's standard library: if this
and the unit test that reads the same vectors agree, document and code agree. Prints TAP.
"""
import hashlib
import hmac
import os
import struct
import sys

DOCUMENT = os.path.join(os.path.dirname(__file__), "../../docs/protocol.md")


def read_vectors(path):
    vectors, name, inside = {}, None, False
    for line in open(path, encoding="utf-8"):
        if line.startswith("```"):
            inside = line.strip() == "```vectors"
        elif inside:
            words = line.split("#")[0].split()
            if words and not line[0].isspace():
                name = words.pop(0)
                vectors[name] = ""
            vectors[name] += "".join(words)
    return vectors


def sha256(octets):
    return hashlib.sha256(octets).digest()


def hkdf(key, info):  # sections 2.3 and 5.9: RFC 5869, no salt, 32 octets
    pseudorandom = hmac.new(bytes(32), key, hashlib.sha256).digest()
    return hmac.new(pseudorandom, info + b"\x01", hashlib.sha256).digest()


def text(string):
    return struct.pack("B", len(string)) + string.encode()


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def key_ids(keys):
    return struct.pack("B", len(keys)) + b"".join(text(key) for key in keys)


def digest_input(association, master, generation, an, spacing, keys):  # section 3.2
    return (b"keyidd proposal 1" + association + text(master)
            + struct.pack(">QBL", generation, an, spacing) + key_ids(keys))


def slot(kind, phase, generation, digest, an, start, spacing, keys):
    return tlv(kind, struct.pack(">BQ16sBQL", phase, generation, digest, an, start, spacing)
               + key_ids(keys))


def status(sae, path, flags, ans, highest, latest, parts, usable):  # section 3.3
    return tlv(0x84, text(sae) + struct.pack("B", len(path)) + b"".join(path)
               + struct.pack(">BBQQ", flags, ans, highest, latest) + b"".join(parts)
               + struct.pack("B", len(usable))
               + b"".join(token + bytes([bits]) for token, bits in usable))


def secy(sci, suite, transmit, receive):  # section 3.5
    return tlv(0x05, sci + bytes([suite, len(transmit)])
               + b"".join(token + nonce + bytes([bits]) for token, nonce, bits in transmit)
               + bytes([len(receive)]) + b"".join(receive))


def reference(generation, digest):
    return struct.pack(">Q16s", generation, digest)


def message(hmac_key, association, newest, flags, member, number, heard, tlvs):  # section 2
    stations = b"".join(who + struct.pack(">L", last) for who, last in heard)
    length = 36 + len(stations) + len(tlvs) + 32
    signed = (struct.pack(">BBH8sHH12sLB3x", 1, flags, length, association, 1, newest, member,
                          number, len(heard)) + stations + tlvs)
    return signed + hmac.new(hmac_key, signed, hashlib.sha256).digest()


def compute_secy(v, key, association, token_1, heard):  # sections 9.5 and 9.6
    octets = {name: bytes.fromhex(v[name]) for name in
              ("ckn-prefix", "cak", "sci", "nonce-1", "nonce-2", "nonce-3", "nonce-4", "member")}
    ckn_2 = octets["ckn-prefix"] + bytes.fromhex(v["key-id-2"].replace("-", ""))
    token_2 = sha256(ckn_2)[:8]
    digest_9 = sha256(digest_input(association, v["master-sae"], 9, 1, 0, [v["key-id-2"]]))[:16]
    bound = octets["sci"] + struct.pack(">Q", 9) + octets["nonce-2"]
    tlvs = (status(v["member-sae"], [], 0x41, 1, 9, 0, [reference(9, digest_9)],
                   [(token_1, 1), (token_2, 0)])
            + secy(octets["sci"], 4, [(token_1, octets["nonce-1"], 0),
                                      (token_2, octets["nonce-2"], 1)],
                   [octets["nonce-3"], octets["nonce-4"]]))
    return {
        "token-2": token_2, "digest-9": digest_9,
        "sak": hkdf(octets["cak"], b"keyidd sak 1" + bound),
        "salt": hkdf(octets["cak"], b"keyidd salt 1" + bound)[:12],
        "sa-key-identifier": token_2 + octets["nonce-2"],
        "secy-message": message(key, association, 1, 0, octets["member"], 772, heard, tlvs),
    }


def compute(v):
    association = sha256(v["association"].encode())[:8]
    info = b"\0".join([b"keyidd channel 1", v["association"].encode(), v["link"].encode(),
                       struct.pack(">H", int(v["key-number"]))])
    key = hkdf(bytes.fromhex(v["channel-key"]), info)
    prefix_ckn = bytes.fromhex(v["ckn-prefix"] + v["key-id-1"].replace("-", ""))
    sha256_ckn = sha256(v["key-id-3"].encode())
    hop = sha256(v["relay-sae"].encode())[:4]
    input_7 = digest_input(association, v["master-sae"], 7, 255, 0, [v["key-id-1"]])
    input_8 = digest_input(association, v["master-sae"], 8, 2, 3600, [v["key-id-2"], v["key-id-3"]])
    digest_7, digest_8 = sha256(input_7)[:16], sha256(input_8)[:16]
    token_1, token_3 = sha256(prefix_ckn)[:8], sha256(sha256_ckn)[:8]
    tlvs = (tlv(0x81, text(v["master-sae"]))
            + slot(0x82, 4, 7, digest_7, 255, 1767225600, 0, [v["key-id-1"]])
            + slot(0x83, 1, 8, digest_8, 2, 0, 3600, [v["key-id-2"], v["key-id-3"]])
            + status(v["master-sae"], [], 0x46, 0, 8, 0, [reference(7, digest_7)], [(token_1, 1)])
            + status(v["member-sae"], [hop], 0xff, 5, 8, 1767229200,
                     [reference(8, digest_8), reference(7, digest_7),
                      reference(6, bytes(16)) + struct.pack(">H", 8),
                      reference(5, bytes([0x55] * 16)), struct.pack(">H", 38)],
                     [(token_1, 1), (token_3, 2)]))
    member = bytes.fromhex(v["member"])
    heard = [(bytes.fromhex(v["station-1"]), 16909060), (bytes.fromhex(v["station-2"]), 1)]
    return {
        "association-id": association, "hkdf-info": info, "hmac-key": key,
        "ckn-1": prefix_ckn, "ckn-3": sha256_ckn, "token-1": token_1, "token-3": token_3,
        "hop": hop, "digest-input-8": input_8, "digest-7": digest_7, "digest-8": digest_8,
        "minimal-message": message(key, association, 1, 0, member, 1, [], b""),
        "full-message": message(key, association, 2, 1, member, 66051, heard, tlvs),
    } | compute_secy(v, key, association, token_1, heard[:1])


def main():
    vectors = read_vectors(DOCUMENT)
    results = compute(vectors)
    print("1..%d" % len(results))
    failed = False
    for number, (name, octets) in enumerate(results.items(), 1):
        same = vectors.get(name) == octets.hex()
        failed = failed or not same
        print("%s %d - %s" % ("ok" if same else "not ok", number, name))
        if not same:
            print("# computed %s" % octets.hex())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
