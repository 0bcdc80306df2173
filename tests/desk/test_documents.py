"""What operators are told is what the code does."""

import re
from pathlib import Path

from membership import config
from membership.webhooks.listeners import HEARD

ROOT = Path(__file__).resolve().parent.parent.parent
OPERATING = (ROOT / "docs/operating.md").read_text()


def test_the_events_to_subscribe_to_are_those_that_somebody_listens_to():
    rooms = "checkout|customer|subscription_schedule|invoice|payment_intent|charge|refund|radar|price|product|payout"
    told = rf"`((?:{rooms})\.[a-z_.]+)`"
    assert set(re.findall(told, OPERATING)) == set(HEARD) - {"account.application.deauthorized"}


def test_every_setting_is_explained():
    read = set(re.findall(r'env, "([A-Z_]+)"|env\.get\("([A-Z_]+)"', Path(config.__file__).read_text()))
    names = {name for pair in read for name in pair if name and not name.startswith("SANDBOX_")}
    assert len(names) >= 9
    assert [name for name in sorted(names) if f"| `{name}` |" not in OPERATING] == []
