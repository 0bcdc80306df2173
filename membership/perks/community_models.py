"""Community access: the sites that may sign patrons in, what patrons agreed to, codes and tokens, and the signing keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class CommunityClient(Base):
    """A site (a forum, a wiki, the CMS) that signs patrons in, as staff registered it. Its secret is kept as a hash.

    `redirect_uris`: one a line; only these very addresses are returned to. `sealed`: a Discourse forum that speaks
    DiscourseConnect and not OpenID Connect; its secret signs, so it is kept, under the application's own.
    """

    __tablename__ = "community_client"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    redirect_uris: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class CommunityConsent(Base):
    """A patron agreed that a site may know them. `subject` is what that site calls them: by chance, and its alone."""

    __tablename__ = "community_consent"
    __table_args__ = (UniqueConstraint("subject"),)

    client_id: Mapped[str] = mapped_column(ForeignKey("community_client.id"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    agreed_at: Mapped[datetime]


class CommunityCode(Base):
    """An authorization code (its hash): used once, within a minute. Times are wall times, as all of OAuth's are."""

    __tablename__ = "community_code"

    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("community_client.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    redirect_uri: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(Text)
    challenge: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class CommunityToken(Base):
    """An access token (its hash) and the code it came from: a code that is used twice revokes it."""

    __tablename__ = "community_token"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    code_hash: Mapped[str] = mapped_column(Text, index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("community_client.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    scope: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class SigningKey(Base):
    """A private RSA key as JSON (JWK), sealed under the application's secret. It signs from `signs_from` on; its public half
    is published from the moment it is made until a while after the next one signs."""

    __tablename__ = "signing_key"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kid: Mapped[str] = mapped_column(Text, unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    signs_from: Mapped[datetime]
