"""The words of topics, kept so that similar ones are found among very many, and what a reader searches for.

Each topic has rows of three kinds, told apart by the sign before the word: `=` a stem of its title or its reason, `~` a
family of meaning and `^` a beginning, both of the title alone. Rows are written anew whenever the topic's words change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session

from membership.newsroom.queries import current
from membership.topics.likeness import ALIKE, Gist, gist, likeness, rarity
from membership.topics.models import Topic, TopicSupport, TopicWord
from membership.topics.words import beginnings, families, stems

CANDIDATES = 60
"""So many topics are compared word by word."""
ROWS_READ = 6000
"""The rarest words are looked up first, until they stand in so many topics together."""
AT_ONCE = 200
LAST = "\U0010ffff"


@dataclass(frozen=True)
class Alike:
    """A topic that another one resembles. `likeness` from 0 to 1."""

    slug: str
    title: str
    why: str
    state: str
    supporters: int
    likeness: float
    id: int


def put_in(session: Session, topic: Topic) -> None:
    """Write a topic's words anew."""
    session.execute(delete(TopicWord).where(TopicWord.topic_id == topic.id))
    meant = gist(topic.title, topic.why, _language(session))
    words = {f"={one}" for one in (*meant.title, *stems(topic.why, meant.language))} | _title_keys(meant)
    # A topic of filling words alone has one row, too: it has been read.
    rows = [{"topic_id": topic.id, "word": word} for word in sorted(words or {"="})]
    session.execute(insert(TopicWord), rows)


def put_in_missing(session: Session) -> bool:
    """Write the words of the next topics that have none; whether there may be more of them."""
    known = select(TopicWord.topic_id).where(TopicWord.topic_id == Topic.id).exists()
    found = list(session.execute(select(Topic).where(~known).order_by(Topic.id).limit(AT_ONCE)).scalars())
    for topic in found:
        put_in(session, topic)
    return len(found) == AT_ONCE


def similar(
    session: Session, title: str, why: str = "", *, most: int = 5, but: int | None = None, merged: bool = False
) -> list[Alike]:
    """The topics most like this one, at most so many; none when nothing is alike. `but`: the number of one to leave out.

    Merged topics are left out, because the one they went into is there.
    """
    meant = gist(title, why, _language(session))
    keys = {f"={one}" for one in (*meant.title, *meant.reason)} | _title_keys(meant)
    having = _having(session, keys)
    among = session.execute(select(func.count()).select_from(Topic)).scalar_one()
    chosen = _candidates(session, meant, having, among)
    lines = _lines(session, chosen, merged=merged)
    read = {row.id: gist(row.title, row.why, _language(session)) for row, _ in lines if row.id != but}
    unknown = {word for one in read.values() for word in one.title} - {key[1:] for key in having if key[0] == "="}
    having |= _having(session, {f"={word}" for word in unknown})
    weights = {key[1:]: rarity(among=among, having=count) for key, count in having.items() if key[0] == "="}
    for word in meant.title:
        weights.setdefault(word, rarity(among=among, having=0))
    found = [
        Alike(row.slug, row.title, row.why, row.state, supporters, likeness(meant, read[row.id], weights), row.id)
        for row, supporters in lines
        if row.id in read
    ]
    found = [one for one in found if one.likeness >= ALIKE]
    return sorted(found, key=lambda one: (-one.likeness, one.id))[:most]


def having_words(typed: str, language: str) -> list[Select[int]]:
    """For each telling word that somebody searches for, the numbers of the topics in which it stands or begins a word."""
    return [
        select(TopicWord.topic_id).where(TopicWord.word >= f"={one}", TopicWord.word < f"={one}{LAST}")
        for one in stems(typed, language)
    ]


def _candidates(session: Session, meant: Gist, having: Mapping[str, int], among: int) -> list[int]:
    title = {f"={word}" for word in meant.title} | _title_keys(meant)
    looked_up: list[str] = []
    rows = 0
    for key in sorted(title & having.keys(), key=lambda key: (having[key], key)):
        rows += having[key]
        if looked_up and rows > ROWS_READ:
            break
        looked_up.append(key)
    score: dict[int, float] = defaultdict(float)
    statement = select(TopicWord.topic_id, TopicWord.word).where(TopicWord.word.in_(looked_up))
    for topic_id, word in session.execute(statement):
        score[topic_id] += rarity(among=among, having=having[word]) * (1.0 if word[0] == "=" else 0.6)
    return [topic_id for topic_id, _ in Counter(score).most_common(CANDIDATES)]


def _title_keys(meant: Gist) -> set[str]:
    kin = {f"~{name}" for word in meant.title for name in families(word, meant.language)}
    return kin | {f"^{start}" for start in beginnings(meant.title)}


def _having(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """In how many topics each of these stands, those that stand in any."""
    statement = select(TopicWord.word, func.count()).where(TopicWord.word.in_(sorted(keys))).group_by(TopicWord.word)
    return {row[0]: row[1] for row in session.execute(statement)}


def _lines(session: Session, ids: list[int], *, merged: bool) -> list[tuple[Topic, int]]:
    supporters = select(func.count()).where(TopicSupport.topic_id == Topic.id).correlate(Topic).scalar_subquery()
    statement = select(Topic, supporters).where(Topic.id.in_(ids))
    if not merged:
        statement = statement.where(Topic.state != "merged")
    return [(row, count) for row, count in session.execute(statement)]


def _language(session: Session) -> str:
    newsroom = current(session)
    return newsroom.language if newsroom else "en"
