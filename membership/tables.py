"""Every room's tables, so that one import knows the whole schema."""

from membership.db import Base
from membership.giving import models as giving
from membership.giving import receipt_models as receipts
from membership.jobs import models as jobs
from membership.mail import models as mail
from membership.memberships import models as memberships
from membership.memberships import tiers
from membership.newsroom import models as newsroom
from membership.perks import models as perks
from membership.readers import models as readers
from membership.readers import trail
from membership.web import limits
from membership.webhooks import models as webhooks

metadata = Base.metadata

__all__ = [
    "giving", "jobs", "limits", "mail", "memberships", "metadata", "newsroom", "perks", "readers", "receipts", "tiers",
    "trail", "webhooks",
]  # fmt: skip
