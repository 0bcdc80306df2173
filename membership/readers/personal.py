"""What is held about a reader as somebody known here: who they are, how they sign in, what the team did."""

from flask_babel import lazy_gettext as _l

from membership.personal import Holding, Room, by
from membership.readers.models import (
    AddressChange,
    LetterConsent,
    LetterRefusal,
    Person,
    Reader,
    ReaderSession,
    SignInChallenge,
    StaffRole,
)
from membership.readers.step_models import Authenticator, Passkey, RecoveryCode
from membership.readers.trail import AuditEntry

PERSONAL = Room(
    _l("Who you are, and how you sign in"),
    (
        Holding(Person, by(Person.reader_id)),
        Holding(Reader, by(Reader.id), {}, "a number without a person, to which the books point"),
        Holding(SignInChallenge, by(SignInChallenge.reader_id)),
        Holding(ReaderSession, by(ReaderSession.reader_id)),
        Holding(AddressChange, by(AddressChange.reader_id)),
        Holding(LetterRefusal, by(LetterRefusal.reader_id)),
        Holding(LetterConsent, by(LetterConsent.reader_id)),
        Holding(Passkey, by(Passkey.reader_id)),
        Holding(Authenticator, by(Authenticator.reader_id)),
        Holding(RecoveryCode, by(RecoveryCode.reader_id)),
        Holding(StaffRole, by(StaffRole.reader_id), {}, "which number had a role when", hidden=("granted_by",)),
        Holding(
            AuditEntry,
            lambda whose: AuditEntry.object == f"reader/{whose.reader_id}",
            {},
            "append-only and chained; it names numbers, never people",
            hidden=("actor_id", "detail"),
        ),
    ),
    {},
)
