"""Named checks against a running service: each prints one line, and the last line counts them.

The service is named by the environment: GRISTMILL_ADDRESS (host:port) and GRISTMILL_TOKEN (a session of an admin).
"""

import http.client
import os
import sys
import time
import traceback

from tritonclient.http import InferenceServerClient
from tritonclient.utils import InferenceServerException

ADDRESS = os.environ["GRISTMILL_ADDRESS"]
HEADERS = {"authorization": "Bearer " + os.environ["GRISTMILL_TOKEN"]}

_checks = []


class BearerToken:
    """A plugin of the client that signs every call in."""

    def __call__(self, request):
        request.headers["authorization"] = HEADERS["authorization"]


def connect(concurrency=1):
    client = InferenceServerClient(ADDRESS, concurrency=concurrency)
    client.register_plugin(BearerToken())
    return client


def check(name, cases=None):
    """Registers a function; with cases, once for each, its fields in the name as "{field}"."""

    def register(function):
        for case in [{}] if cases is None else cases:
            _checks.append((name.format(**case), function, case))
        return function

    return register


def refused(text, call, status=None):
    """The call must fail with an error that contains the text, and with the HTTP status if one is given."""
    try:
        call()
    except InferenceServerException as error:
        assert text in error.message(), f"expected {text!r}, got {error.message()!r}"
        if status is not None:
            assert error.status() == str(status), f"expected status {status}, got {error.status()}"
        return
    raise AssertionError(f"was not refused; expected {text!r}")


def eventually(what, condition, patience_s=30):
    """Asks again until the condition is true."""
    ends_at = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < ends_at, f"waited in vain until {what}"
        time.sleep(0.05)


def exchange(method, path, body=None, headers=None):
    """One request by the standard library, for what the client hides. Returns the answer and its body."""
    connection = http.client.HTTPConnection(ADDRESS)
    try:
        connection.request(method, path, body=body, headers={**HEADERS, **(headers or {})})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def run():
    """Runs all registered checks and ends the process: 0 when all passed."""
    failed = 0
    for name, function, case in _checks:
        try:
            function(**case)
            print(f"ok      {name}", flush=True)
        except Exception as error:
            failed += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            reason = str(error) or type(error).__name__
            print(f"FAILED  {name}: {reason} ({os.path.basename(place.filename)}:{place.lineno})", flush=True)
    print(f"{len(_checks) - failed} passed, {failed} failed", flush=True)
    sys.exit(0 if failed == 0 else 1)
