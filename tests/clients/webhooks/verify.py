"""Verifies deliveries on standard input with the libraries of PyPI: one JSON object a line."""

import json
import sys

import standardwebhooks
import svix


def refuses(verify, body, headers):
    try:
        verify(body, headers)
    except Exception:
        return True
    return False


count = 0
for line in sys.stdin:
    delivery = json.loads(line)
    secret, body, headers = delivery["secret"], delivery["body"], delivery["headers"]
    only_svix = {k: v for k, v in headers.items() if not k.startswith("webhook-")}
    only_standard = {k: v for k, v in headers.items() if not k.startswith("svix-")}
    standard = standardwebhooks.Webhook(secret)
    of_svix = svix.Webhook(secret)
    assert standard.verify(body, only_standard)["type"] == delivery["type"]
    of_svix.verify(body, only_svix)
    of_svix.verify(body, only_standard)
    assert refuses(standard.verify, body + " ", only_standard)
    assert refuses(of_svix.verify, body + " ", only_svix)
    count += 1
assert count > 0, "nothing to verify"
print(f"PyPI svix and standardwebhooks verified {count} deliveries")
