"""The rooms put together: whatever leads to a person in the whole house."""

from flask_babel import lazy_gettext as _l

from membership.account.personal import PERSONAL as ACCOUNT
from membership.appeals.personal import PERSONAL as APPEALS
from membership.ballots.personal import PERSONAL as BALLOTS
from membership.bulletins.personal import PERSONAL as BULLETINS
from membership.campaigns.personal import PERSONAL as CAMPAIGNS
from membership.dunning.personal import PERSONAL as DUNNING
from membership.funding.personal import PERSONAL as FUNDING
from membership.giving.personal import PERSONAL as GIVING
from membership.imports.personal import PERSONAL as IMPORTS
from membership.mail.personal import PERSONAL as MAIL
from membership.memberships.personal import PERSONAL as MEMBERSHIPS
from membership.perks.personal import PERSONAL as PERKS
from membership.personal import Holding, Room, by
from membership.privacy.models import Erasure
from membership.promises.personal import PERSONAL as PROMISES
from membership.readers.personal import PERSONAL as READERS
from membership.topics.personal import PERSONAL as TOPICS
from membership.webhooks.personal import PERSONAL as WEBHOOKS

PERSONAL = Room(
    _l("Your wish to be erased"),
    (Holding(Erasure, by(Erasure.reader_id), {}, "that you were erased when you asked for it"),),
    {},
)
ROOMS = (
    READERS, MAIL, MEMBERSHIPS, GIVING, DUNNING, ACCOUNT, TOPICS, BALLOTS, PROMISES, PERKS, CAMPAIGNS, FUNDING, APPEALS,
    BULLETINS, IMPORTS, WEBHOOKS, PERSONAL,
)  # fmt: skip
HOLDINGS = tuple(one for room in ROOMS for one in room.holdings)
