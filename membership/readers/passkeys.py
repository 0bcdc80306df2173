"""WebAuthn: what a page asks a device for, and whether its answer holds. Challenges are signed, not kept: an answer carries
its challenge back, bound to the session and to what it was asked for, and is taken once."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from membership.readers.step_models import Passkey
from membership.readers.step_rules import CHALLENGE_LIVES, PasskeyRefused
from membership.web.tokens import new_token


@dataclass(frozen=True)
class Asked:
    """What goes into the page: the options (JSON, as WebAuthn's `…OptionsFromJSON` take them) and the signed challenge."""

    options: str
    challenge: str


@dataclass(frozen=True)
class NewPasskey:
    """A credential whose making was verified."""

    credential_id: str
    public_key: bytes
    uses: int


@dataclass(frozen=True)
class Site:
    """Where passkeys are good for: the site's origin. `secret` signs challenges; `session` binds them."""

    base_url: str
    secret: str
    session: str

    @property
    def rp_id(self) -> str:
        """The relying party: the site's own host name."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def can(self) -> bool:
        """A bare network address cannot be a relying party (WebAuthn, 5.1.2); browsers want HTTPS or localhost."""
        try:
            ipaddress.ip_address(self.rp_id)
        except ValueError:
            return self.base_url.startswith("https://") or self.rp_id == "localhost"
        return False

    def _signer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt=f"passkey/{purpose}/{self.session}")

    def ask_to_make(self, reader_id: int, email: str, name: str, newsroom: str, known: Sequence[Passkey]) -> Asked:
        """Options for making a passkey on this device; those it holds already are left out."""
        token = new_token()
        options = generate_registration_options(
            rp_id=self.rp_id, rp_name=newsroom, user_name=email, user_display_name=name or email,
            user_id=hashlib.sha256(f"reader {reader_id} of {self.rp_id}".encode()).digest(), challenge=token.encode(),
            exclude_credentials=_descriptors(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
            ),
        )  # fmt: skip
        return Asked(options_to_json(options), self._signer("make").dumps(token))

    def ask_to_use(self, known: Sequence[Passkey]) -> Asked:
        """Options for answering with one of these passkeys."""
        token = new_token()
        options = generate_authentication_options(
            rp_id=self.rp_id, challenge=token.encode(), allow_credentials=_descriptors(known)
        )
        return Asked(options_to_json(options), self._signer("use").dumps(token))

    def made(self, answer: str, challenge: str) -> NewPasskey:
        """The passkey that a device made. Raises `PasskeyRefused`."""
        token = self.token(challenge, "make")
        try:
            verified = verify_registration_response(
                credential=answer, expected_challenge=token.encode(), expected_rp_id=self.rp_id,
                expected_origin=self.base_url.rstrip("/"),
            )  # fmt: skip
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyRefused() from error
        credential_id = bytes_to_base64url(verified.credential_id)
        return NewPasskey(credential_id, verified.credential_public_key, verified.sign_count)

    def used(self, answer: str, challenge: str, passkey: Passkey) -> int:
        """That this passkey answered; the device's own count of its uses. Raises `PasskeyRefused`."""
        token = self.token(challenge, "use")
        try:
            verified = verify_authentication_response(
                credential=answer, expected_challenge=token.encode(), expected_rp_id=self.rp_id,
                expected_origin=self.base_url.rstrip("/"), credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.uses,
            )  # fmt: skip
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyRefused() from error
        return verified.new_sign_count

    def token(self, challenge: str, purpose: str) -> str:
        """What the challenge was, if it is ours, for this session and purpose, and young. Raises `PasskeyRefused`."""
        try:
            return str(self._signer(purpose).loads(challenge, max_age=int(CHALLENGE_LIVES.total_seconds())))
        except BadSignature:
            raise PasskeyRefused() from None


def _descriptors(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in known]
