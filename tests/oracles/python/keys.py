"""What pyotp reads from key URIs: one a line on standard input, an answer a line on standard output."""

import sys

import pyotp

for uri in sys.stdin.read().split("\n")[:-1]:
    try:
        key = pyotp.parse_uri(uri)
        if type(key) is not pyotp.TOTP:
            print(f"a {type(key).__name__}")
            continue
        secret = key.byte_secret().hex()
        print(f"issuer={key.issuer} account={key.name} secret={secret} digest={key.digest().name}"
              f" digits={key.digits} period={key.interval}")
    except Exception as error:
        print(f"refused: {type(error).__name__}")
