"""What is held about somebody as a large giver: the name they agreed to be shown under."""

from flask_babel import lazy_gettext as _l

from membership.funding.models import FundingName
from membership.personal import Holding, Room, by

PERSONAL = Room(
    _l("How the newsroom is paid for: whether you are named"),
    (Holding(FundingName, by(FundingName.reader_id), hidden=("noted_by",)),),
    {},
)
