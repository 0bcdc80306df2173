"""What is held about somebody as told by Stripe: differences noted. The events themselves: see `bodies`."""

from flask_babel import lazy_gettext as _l

from membership.personal import Holding, Room, by
from membership.webhooks.drift_models import Drift

PERSONAL = Room(
    _l("Differences between our books and the payment processor's"),
    (Holding(Drift, by(Drift.reader_id), {}, "what was put right in the books", hidden=("settled_by",)),),
    {},
    (Drift.ours, Drift.theirs),
)
