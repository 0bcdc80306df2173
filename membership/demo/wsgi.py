"""The demo's web process: the application that goes live, and the demo's sign-in door. Started only by the runner."""

from __future__ import annotations

import json
import os
from pathlib import Path

from membership import logs
from membership.app import create_app, open_house
from membership.config import from_environment
from membership.demo.door import door
from membership.demo.ground import TOKENS, Keys
from membership.demo.people import PATRON, STAFF

logs.begin()
config = from_environment()
open_house(config)
keys = Keys(**json.loads(Path(os.environ[TOKENS]).read_text()))
app = create_app(config)
app.register_blueprint(door({keys.patron: PATRON.email, keys.staff: STAFF[0][1].email}))
