"""What the rooms say about people, held against the schema: no table that leads to a person is forgotten."""

from membership import tables
from membership.personal import SECRETS, Room
from membership.privacy.personal import HOLDINGS, ROOMS

NAMED = {"email", "email_key", "recipient_email", "person", "reader_id", "actor_id"}
"""Columns that are somebody's even where no key says so."""


def leading_to_a_person():
    """Tables from which keys lead to a reader, however many steps that takes; and those with a telling column."""
    found = {"reader"}
    while True:
        more = {
            table.name
            for table in tables.metadata.tables.values()
            if any(key.column.table.name in found for key in table.foreign_keys)
        } - found
        if not more:
            break
        found |= more
    return found | {table.name for table in tables.metadata.tables.values() if NAMED & set(table.columns.keys())}


def test_every_table_that_leads_to_a_person_is_named_by_its_room():
    held = [one.table.name for one in HOLDINGS]
    exempt = [name for room in ROOMS for name in room.others]
    named = held + exempt
    assert len(named) == len(set(named)), "named twice"
    assert leading_to_a_person() - set(named) == set()
    assert set(exempt) <= leading_to_a_person() and set(named) <= set(tables.metadata.tables)
    assert all(reason for room in ROOMS for reason in room.others.values())


def test_a_table_that_a_new_room_forgot_would_be_seen():
    forgotten = [one for one in HOLDINGS if one.table.name != "community_consent"]
    assert "community_consent" in leading_to_a_person() - {one.table.name for one in forgotten}


def test_what_stays_says_why_and_what_a_person_never_sees_is_no_text_of_theirs():
    assert [one.table.name for one in HOLDINGS if one.leaves is not None and not one.kept] == []
    for one in HOLDINGS:
        unknown = ({*(one.leaves or {}), *one.hidden}) - set(one.table.columns.keys())
        assert unknown == set(), one.table.name
    assert all(isinstance(room, Room) and str(room.words) for room in ROOMS) and "hash" in SECRETS


def test_no_row_of_the_urn_is_anybodys():
    urn = {"vote", "ballot_log", "ballot_pending", "ballot_seal"}
    assert urn.isdisjoint(one.table.name for one in HOLDINGS)
    assert urn <= {name for room in ROOMS for name in room.others}
