"""The entry for a WSGI server: `granian --interface wsgi wsgi:app`."""

import sys

from membership import logs
from membership.app import create_app, open_house
from membership.config import from_environment

# A thread that writes holds the books meanwhile: another's Python may keep it waiting half a millisecond, not five.
sys.setswitchinterval(0.0005)

logs.begin()
config = from_environment()
open_house(config)
app = create_app(config)
