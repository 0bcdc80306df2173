"""The entry for a WSGI server: `granian --interface wsgi wsgi:app`."""

from membership.app import create_app, open_house
from membership.config import from_environment

config = from_environment()
open_house(config)
app = create_app(config)
