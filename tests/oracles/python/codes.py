"""What codes pyotp computes.

A line on standard input is algorithm, digits, period, T0, time and the secret in base32; the answer is a line on
standard output.
"""

import hashlib
import sys

import pyotp

# pyotp knows no T0, so it is told the seconds that passed since; and no date of five digits (10000-01-01), so from there
# on the step is counted for it.
YEAR_10000 = 253_402_300_800

for line in sys.stdin.read().split("\n")[:-1]:
    algorithm, digits, period, t0, time, secret = line.split(" ")
    totp = pyotp.TOTP(secret, digits=int(digits), digest=getattr(hashlib, algorithm), interval=int(period))
    passed = int(time) - int(t0)
    print(totp.at(passed) if passed < YEAR_10000 else totp.generate_otp(passed // totp.interval))
