"""What is held about somebody who was brought along from another system."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, cast, literal

from membership.imports.models import Brought, ImportRow, Invitation, LiveSubscription
from membership.memberships.models import Membership
from membership.personal import Holding, Room, addressed, by, either, through

PERSONAL = Room(
    _l("What was brought along from another system"),
    (
        Holding(
            ImportRow, either(by(ImportRow.reader_id), addressed(ImportRow.email_key)),
            {"cells": None, "detail": None, "source_key": None, "email_key": None},
            "that a line of a file was taken in",
        ),
        Holding(
            LiveSubscription,
            either(
                addressed(LiveSubscription.email_key),
                through(LiveSubscription.subscription_id, Membership.subscription_id, by(Membership.reader_id)),
            ),
            {"email_key": None}, "which subscriptions were live when an import looked",
        ),
        Holding(
            Brought, either(by(Brought.reader_id), addressed(Brought.source_key)),
            {"source_key": literal("erased:") + cast(Brought.id, String)},
            "that one more was brought along",
        ),
        Holding(Invitation, by(Invitation.reader_id), {}, "that an invitation was used"),
    ),
    {"import_run": "a file that the team handed in, by whom, by number; its lines are listed apart"},
)  # fmt: skip
