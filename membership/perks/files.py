"""Files that a perk hands out: what an upload really is, keeping it, and handing it out by an address that soon expires."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.perks import ledger
from membership.perks.models import PerkGrant
from membership.perks.rules import LinkExpired
from membership.perks.states import NoSuchPerk
from membership.perks.stock_models import PerkFile, PerkFileContent
from membership.readers import trail
from membership.refusals import N_, Refused

LARGEST = 40 * 1024 * 1024
"""Bytes of one file: an hour of speech."""
LARGEST_PICTURE = 40_000_000
"""Pixels."""
OPEN_SECONDS = 600
KINDS = ("file", "feed")
ENDINGS = {
    "application/pdf": "pdf", "application/epub+zip": "epub", "audio/mpeg": "mp3", "audio/mp4": "m4a",
    "audio/ogg": "ogg", "image/jpeg": "jpg", "image/png": "png",
}  # fmt: skip


class NotSuchAFile(Refused):
    """Not one of the kinds of files that are handed out, whatever its name says."""

    field = "file"
    words = N_("Please choose a PDF, EPUB, MP3, M4A, Ogg, JPEG or PNG file of at most 40 MB.")


def media_type(content: bytes) -> str:
    """What a file is by its first bytes; what its name or its sender says is not asked. Raises `NotSuchAFile`."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(b"PK\x03\x04") and content[30:58] == b"mimetypeapplication/epub+zip":
        return "application/epub+zip"
    if content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] in (b"\xfb", b"\xf3", b"\xf2", b"\xfa")):
        return "audio/mpeg"
    if content[4:8] == b"ftyp" and content[8:11] in (b"M4A", b"M4B", b"mp4", b"iso"):
        return "audio/mp4"
    if content.startswith(b"OggS"):
        return "audio/ogg"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    raise NotSuchAFile()


def checked(content: bytes) -> tuple[bytes, str]:
    """A file as it is kept, and what it is; pictures are painted anew, so that nothing rides along. Raises `NotSuchAFile`."""
    if not content or len(content) > LARGEST:
        raise NotSuchAFile()
    kind = media_type(content)
    if not kind.startswith("image/"):
        return content, kind
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as picture:
            if picture.width * picture.height > LARGEST_PICTURE:
                raise NotSuchAFile()
            painted, buffer = picture.convert("RGB" if kind == "image/jpeg" else "RGBA"), io.BytesIO()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise NotSuchAFile() from None
    painted.save(buffer, "JPEG" if kind == "image/jpeg" else "PNG", quality=90)
    return buffer.getvalue(), kind


def tidy_name(name: str, kind: str) -> str:
    """A file name of letters, digits, dots and hyphens, with the ending of what it is."""
    stem = re.sub(r"[^\w.-]+", "-", name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]).strip("-.")
    return f"{stem[:80] or 'file'}.{ENDINGS[kind]}"


def keep(session: Session, perk_id: int, name: str, content: bytes, *, by: int, at: datetime) -> PerkFile:
    """Keep an uploaded file with a perk. Raises `NotSuchAFile`, `NoSuchPerk`."""
    kept, kind = checked(content)
    perk = ledger.hold_perk(session, perk_id)
    if perk.kind not in KINDS:
        raise NoSuchPerk()
    row = PerkFile(
        perk_id=perk.id, name=tidy_name(name, kind), media_type=kind, size=len(kept),
        sha256=hashlib.sha256(kept).hexdigest(), added_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(PerkFileContent(file_id=row.id, content=kept))
    detail = {"file": row.id, "type": kind, "bytes": len(kept)}
    trail.note(session, actor_id=by, action="perk:file_added", object=f"perk/{perk.id}", at=at, **detail)
    return row


def remove(session: Session, perk_id: int, file_id: int, *, by: int, at: datetime) -> None:
    """Hand a file out no more; its bytes are deleted. Raises `NoSuchPerk`."""
    ledger.hold_perk(session, perk_id)
    row = session.get(PerkFile, file_id)
    if row is None or row.perk_id != perk_id:
        raise NoSuchPerk()
    if row.removed_at is None:
        row.removed_at = at
        content = session.get(PerkFileContent, file_id)
        if content is not None:
            session.delete(content)
        trail.note(session, actor_id=by, action="perk:file_removed", object=f"perk/{perk_id}", at=at, file=file_id)


def files_of(session: Session, perk_id: int) -> list[PerkFile]:
    """A perk's files, in the order in which they came."""
    statement = select(PerkFile).where(PerkFile.perk_id == perk_id, PerkFile.removed_at.is_(None))
    return list(session.execute(statement.order_by(PerkFile.id)).scalars())


def open_file(session: Session, grant_id: int, file_id: int, reader_id: int, *, at: datetime) -> str:
    """A signed address's token for one file, good for ten minutes; the first one makes the perk a used one.

    Raises `NoSuchPerk`, `NotNow`, `Rests`.
    """
    grant, perk = ledger.hold_own(session, grant_id, reader_id, "file", at=at)
    row = session.get(PerkFile, file_id)
    if row is None or row.perk_id != perk.id or row.removed_at is not None:
        raise NoSuchPerk()
    if grant.state == "issued":
        ledger.bring(session, grant, perk, "redeemed", at=at)
    return _signer().dumps([grant.id, row.id])


def behind(session: Session, token: str) -> tuple[PerkGrant, PerkFile, bytes]:
    """What a signed address opens. Raises `LinkExpired`, `NoSuchPerk`."""
    try:
        grant_id, file_id = _signer().loads(token, max_age=OPEN_SECONDS)
    except BadSignature:
        raise LinkExpired() from None
    grant, row, content = (session.get(model, key) for model, key in _behind(grant_id, file_id))
    if not isinstance(grant, PerkGrant) or not isinstance(row, PerkFile) or not isinstance(content, PerkFileContent):
        raise NoSuchPerk()
    return grant, row, content.content


def _behind(grant_id: int, file_id: int) -> tuple[tuple[type, int], ...]:
    return (PerkGrant, grant_id), (PerkFile, file_id), (PerkFileContent, file_id)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["MEMBERSHIP"].secret_key, salt="a file of a perk")
