"""What an API fault does to a request (the switch `fail_api`)."""

from __future__ import annotations

import time

from membership.sandbox.answers import Refusal
from membership.sandbox.faults import Faults

HANGS = 30.0


class Cut(Exception):
    """The work is done and kept, but the caller hears nothing of it."""


def stumble(faults: Faults) -> bool:
    """Take the next API fault: raise it, hang, or say (True) that the line is to be cut after the work."""
    fault = faults.take_api()
    if fault is None:
        return False
    if fault == "cut":
        return True
    if fault == "timeout" or isinstance(fault, dict):
        time.sleep(HANGS if fault == "timeout" else fault["timeout"])
        raise Refusal("The sandbox was told to be slow.", status=504, type="api_error")
    if fault == 429:
        words = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
        raise Refusal(words, status=429, code="rate_limit")
    raise Refusal("The sandbox was told to fail.", status=fault, type="api_error")
