#!/usr/bin/python3
"""The script of an older deployment, as its authors' document tells its order and prints its logs:

    master: enc_keys, commit, save {DEVICE: key_ID}
    slave:  copy the master's file; the same key_ID as before: stale; dec_keys, commit, save

old_script.py master|slave --device NAME --peer SAE --kme HOST:PORT --ca FILE --cert FILE --key FILE
    --prefix HEX --folder FOLDER [--copy COMMAND] -- APPLIERCTL ARGUMENT...

--peer is the other SAE, as the KME's path names it. The master's device, whose file the slave copies,
has the name of its SAE. --copy is run by the shell; what it prints is the file. Files are FOLDER/NAME
_last_key_test.json. Exit status: 3 if the key-ID is stale.
"""
import argparse
import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["master", "slave"])
    for name in ["device", "peer", "kme", "ca", "cert", "key", "prefix", "folder"]:
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--copy")
    parser.add_argument("commit", nargs="+")
    return parser.parse_args()


def ask_kme(args, path):
    context = ssl.create_default_context(cafile=args.ca)
    context.check_hostname = False
    context.load_cert_chain(args.cert, args.key)
    connection = http.client.HTTPSConnection(args.kme, context=context, timeout=10)
    connection.request("GET", "/api/v1/keys/" + path)
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != 200:
        sys.exit("KME: %d %s" % (reply.status, body.decode()))
    return json.loads(body)["keys"][0]


def file_of(args, device):
    return os.path.join(args.folder, device + "_last_key_test.json")


def previous(args):
    try:
        with open(file_of(args, args.device)) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def commit(args, key):
    ckn = args.prefix + key["key_ID"].replace("-", "")
    with tempfile.NamedTemporaryFile("w") as cak:
        cak.write(base64.b64decode(key["key"])[:32].hex())
        cak.flush()
        subprocess.run(args.commit + ["--ckn", ckn, "--cak-file", cak.name, "commit"], check=True)


def save(args, key):
    with open(file_of(args, args.device), "w") as file:
        json.dump({args.device: key["key_ID"]}, file)
    print("Saved the key IDs to the JSON file:", file_of(args, args.device))


def main():
    args = arguments()
    if args.role == "master":
        key = ask_kme(args, args.peer + "/enc_keys?size=512")
        print("Received KeyId:" + key["key_ID"])
    else:
        copied = subprocess.run(args.copy, shell=True, check=True, capture_output=True).stdout
        key_id = json.loads(copied)[args.peer]
        if previous(args).get(args.device) == key_id:
            print("Same KeyId: %s, Retrying" % key_id)
            sys.exit(3)
        key = ask_kme(args, "%s/dec_keys?key_ID=%s" % (args.peer, key_id))
    commit(args, key)
    save(args, key)


main()
