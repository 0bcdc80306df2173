"""Community access: which site may learn what about which patron, for as long as the perk is theirs."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.memberships.standing import standings_of
from membership.memberships.tiers import Tier
from membership.perks import keys, ledger
from membership.perks.community_models import CommunityClient, CommunityCode, CommunityConsent, CommunityToken
from membership.perks.models import Perk, PerkGrant
from membership.perks.rules import checked_address
from membership.perks.states import LIVE, NoSuchPerk
from membership.readers import trail
from membership.readers.models import Person
from membership.refusals import N_, Refused
from membership.web.tokens import hashed, new_token

SCOPES = ("openid", "profile", "email", "membership")
CODE_LASTS = timedelta(seconds=60)
TOKEN_LASTS = timedelta(hours=1)
ID_LASTS = timedelta(minutes=10)


class NoAccess(Refused):
    """A patron whose membership does not carry this community, or nobody's."""

    status = 403
    words = N_("Your membership does not open this community at the moment. Your perks say why, and what would.")


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]
    """A registered site, as Authlib asks for it."""

    row: CommunityClient
    id_token_signed_response_alg: str = keys.ALGORITHM

    def get_client_id(self) -> str:
        return self.row.id

    def get_default_redirect_uri(self) -> str:
        return self.row.redirect_uris.splitlines()[0]

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in (scope or "").split() if one in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Only the very addresses that staff wrote: no pattern, no path below."""
        return redirect_uri in self.row.redirect_uris.splitlines()

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(hashed(client_secret), self.row.secret_hash)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


def client(session: Session, client_id: str) -> Client | None:
    """A site that may sign patrons in by OpenID Connect; not one that was retired, or whose perk was."""
    row = alive(session, client_id)
    return Client(row) if row is not None and row.sealed is None else None


def alive(session: Session, client_id: str) -> CommunityClient | None:
    """A site that is not retired, nor its perk, whichever way it signs patrons in."""
    row = session.get(CommunityClient, client_id or "")
    perk = session.get(Perk, row.perk_id) if row else None
    return row if row is not None and row.retired_at is None and perk is not None and perk.retired_at is None else None


def register(
    session: Session, perk_id: int, *, name: str, redirect_uris: Sequence[str], by: int, at: datetime,
    seal: Callable[[str], bytes] | None = None,
) -> tuple[CommunityClient, str]:  # fmt: skip
    """A new site and its secret, which is shown once and kept as a hash; `seal` keeps it (a forum that signs with it).

    Raises `NotAnAddress`, `NoSuchPerk`.
    """
    uris = [checked_address(uri) for uri in redirect_uris] or [checked_address("")]
    perk = ledger.hold_perk(session, perk_id)
    if perk.kind != "community":
        raise NoSuchPerk()
    secret = new_token()
    row = CommunityClient(
        id=new_token()[:20], perk_id=perk.id, name=name, secret_hash=hashed(secret), redirect_uris="\n".join(uris),
        sealed=seal(secret) if seal else None, made_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    trail.note(session, actor_id=by, action="perk:client_made", object=f"perk/{perk.id}", at=at, client=row.id)
    return row, secret


def retire_client(session: Session, perk_id: int, client_id: str, *, by: int, at: datetime) -> None:
    """A site signs nobody in any more; what it was given ends now. Raises `NoSuchPerk`."""
    ledger.hold_perk(session, perk_id)
    row = session.get(CommunityClient, client_id)
    if row is None or row.perk_id != perk_id:
        raise NoSuchPerk()
    if row.retired_at is None:
        row.retired_at = at
        trail.note(session, actor_id=by, action="perk:client_retired", object=f"perk/{perk_id}", at=at, client=client_id)


def clients_of(session: Session, perk_id: int) -> list[CommunityClient]:
    """The sites of a perk, in order."""
    own = (CommunityClient.perk_id == perk_id, CommunityClient.retired_at.is_(None))
    return list(session.execute(select(CommunityClient).where(*own).order_by(CommunityClient.made_at)).scalars())


def access(session: Session, client: CommunityClient, reader_id: int, *, at: datetime) -> PerkGrant:
    """The grant that opens this site to a reader now. Raises `NoAccess`."""
    mine = (PerkGrant.perk_id == client.perk_id, PerkGrant.reader_id == reader_id, PerkGrant.state.in_(LIVE))
    grant = session.execute(select(PerkGrant).where(*mine).limit(1)).scalar_one_or_none()
    if grant is None or not standings_of(session, reader_id, at):
        raise NoAccess()
    return grant


def consent(session: Session, client_id: str, reader_id: int) -> CommunityConsent | None:
    """What a reader agreed to."""
    return session.get(CommunityConsent, (client_id, reader_id))


def agree(session: Session, client: CommunityClient, reader_id: int, scope: str, *, at: datetime) -> None:
    """The reader agrees; from now on the perk is a used one. Raises `NoAccess`."""
    grant, perk = ledger.hold(session, access(session, client, reader_id, at=at).id)
    values = {"client_id": client.id, "reader_id": reader_id}
    insert_once(session, CommunityConsent, **values, subject=new_token(), scope=scope, agreed_at=at)
    row = session.get_one(CommunityConsent, (client.id, reader_id))
    row.scope, row.agreed_at = scope, at
    if grant.state == "issued":
        ledger.bring(session, grant, perk, "redeemed", at=at)


def keep_code(session: Session, code: str, **values: Any) -> None:
    """Keep an authorization code's hash."""
    session.add(CommunityCode(code_hash=hashed(code), **values))
    session.flush()


def use_code(session: Session, code: str, client_id: str, *, wall: datetime) -> CommunityCode | None:
    """The code, used up by this; None for one that is unknown, too old, or used before: then its tokens end."""
    mine = (CommunityCode.code_hash == hashed(code), CommunityCode.client_id == client_id)
    fresh = (CommunityCode.used_at.is_(None), CommunityCode.expires_at > wall)
    taken = session.execute(update(CommunityCode).where(*mine, *fresh).values(used_at=wall))
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        return session.execute(select(CommunityCode).where(*mine)).scalar_one()
    tokens = (CommunityToken.code_hash == hashed(code), CommunityToken.client_id == client_id)
    session.execute(update(CommunityToken).where(*tokens, CommunityToken.revoked_at.is_(None)).values(revoked_at=wall))
    return None


def claims_of(session: Session, client: CommunityClient, reader_id: int, scope: str, *, at: datetime) -> dict[str, Any]:
    """What a site is told about a patron: who they are to it, that they stand well and in which tier; name and address
    only with their scopes. Raises `NoAccess`."""
    access(session, client, reader_id, at=at)
    agreed = session.get_one(CommunityConsent, (client.id, reader_id))
    person, best = session.get_one(Person, reader_id), standings_of(session, reader_id, at)[0]
    tier = session.get_one(Tier, best.tier_id)
    told: dict[str, Any] = {
        "sub": agreed.subject, "standing": "good", "tier": tier.slug, "tier_name": tier.name,
        "patron_since": best.since.date().isoformat(),
    }  # fmt: skip
    if "profile" in scope.split():
        told |= {"name": person.name or tier.name, "locale": person.language}
    if "email" in scope.split():
        told |= {"email": person.email, "email_verified": True}
    return told
