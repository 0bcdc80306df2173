"""What is held about somebody as one who gave for a campaign: how they wish to be named there."""

from flask_babel import lazy_gettext as _l

from membership.campaigns.models import CampaignChoice
from membership.personal import Holding, Room, by

PERSONAL = Room(_l("Campaigns: whether you are named"), (Holding(CampaignChoice, by(CampaignChoice.reader_id)),), {})
