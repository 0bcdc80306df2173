"""Files as other systems write them: whatever surrounds the cells, the cells come out as they went in."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from membership.imports import columns, files, values
from membership.imports.columns import Manner
from membership.imports.rules import REASONS, BadRow, ColumnsMissing, LooksLike
from membership.money import CURRENCIES, Money
from membership.web.sheets import guarded
from tests.imports.sheets import GHOST, MEMBERFUL, OWN, PATREON, STEADY, member, sheet

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MANNER = Manner("EUR", None, "Europe/Prague", NOW)
CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n;,\t|\"' "), max_size=30)


def read(content: bytes) -> tuple[list[str], list[files.Record]]:
    headings, records = files.read(files.opened(io.BytesIO(content)))
    return headings, list(records)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(CELL, CELL, CELL), max_size=8),
    st.sampled_from(files.SEPARATORS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_cells_come_out_as_they_went_in(rows, separator, encoding, ending):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=ending)
    writer.writerows([("email", "name", "note"), *rows])
    headings, records = read(out.getvalue().encode(encoding))
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    assert headings == ["email", "name", "note"]
    assert [tuple(record.cells) for record in records] == kept
    assert [record.number for record in records] == list(range(1, len(kept) + 1))
    assert not any(record.broken for record in records)


@settings(max_examples=50)
@given(st.lists(st.text(max_size=40), max_size=6), st.integers(0, 5))
def test_whatever_stands_in_a_file_its_good_rows_come_out(noise, place):
    """Broken quotation marks cost at most the lines that they stand in: what follows enough plain lines is read."""
    good = [f"a{n}@example.org,Name {n}" for n in range(files.MOST_LINES + 5)]
    lines = [line.replace("\r", " ").replace("\n", " ") for line in noise]
    text = "\n".join(["email,name", *lines[:place], *good]) + "\n"
    _, records = read(text.encode("utf-8", errors="replace"))
    assert {tuple(record.cells) for record in records} >= {tuple(line.split(",")) for line in good[-5:]}


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line():
    good = [f"a{n}@example.org,Name" for n in range(200)]
    content = "\n".join(["email,name", good[0], '"open,b@example.org', *good[1:]])
    _, records = read(content.encode())
    assert [record.line for record in records if record.broken] == [3]
    assert [record.cells[0] for record in records if not record.broken] == [line.split(",")[0] for line in good]


def test_an_endless_line_is_one_broken_record():
    _, records = read(b"email,name\n" + b"x" * (files.LONGEST_LINE + 10) + b",y\na@example.org,Ada\n")
    assert [record.cells[0] for record in records if not record.broken][-1] == "a@example.org"
    assert records[0].broken


@pytest.mark.parametrize(
    "content",
    [
        "e;n\nå@example.org;Åsa\n".encode("cp1252"),
        b"sep=;\ne;n\n\xe5@example.org;\xc5sa\n",
        "\n\ne;n\nå@example.org;Åsa".encode(),
    ],
)
def test_the_usual_encodings_and_first_lines(content):
    headings, records = read(content)
    assert (headings, records[0].cells) == (["e", "n"], ["å@example.org", "Åsa"])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"just words\n", b"\x00\x00"])
def test_what_is_no_table_is_refused(content):
    with pytest.raises(files.NotAFile):
        read(content)


@settings(max_examples=50)
@given(st.integers(0, 10**9), st.sampled_from(sorted(CURRENCIES)), st.sampled_from(["plain", "english", "european", "code"]))
def test_money_is_read_exactly_or_not_at_all(minor, code, manner):
    table = CURRENCIES[code]
    money = Money(minor - minor % table.step, code)
    places = table.shown_decimals
    english = f"{money.major:,.{places}f}"
    written = {
        "plain": f"{money.major:.{places}f}",
        "english": english,
        "european": english.replace(",", "\u00a0").replace(".", ","),
        "code": f"{money.major:.{places}f} {code.lower()}",
    }[manner]
    try:
        assert values.read_money(written, code) == money
    except values.Unclear:
        assert manner == "english" and places == 0  # 1,234 yen might be one and a bit elsewhere


@pytest.mark.parametrize(
    ("typed", "code", "minor"),
    [("$1,234.50", "USD", 123450), ("5,00 €", "EUR", 500), ("CA$5", "CAD", 500), ("£3.20", "GBP", 320), ("USD 5", "USD", 500),
     ("0.00", "EUR", 0), ("500.00", "JPY", 500), ("1.234,50", "EUR", 123450), ("", "EUR", None)],
)  # fmt: skip
def test_money_as_systems_write_it(typed, code, minor):
    assert values.read_money(typed, code) == (None if minor is None else Money(minor, code))


@pytest.mark.parametrize("typed", ["1,234", "-5", "5.001", "€5", "5 USD", "five", "1.2.3", "5,5,5", "½"])
def test_money_that_is_not_clear(typed):
    with pytest.raises(values.Unclear):
        values.read_money(typed, "GBP")


@settings(max_examples=50)
@given(st.integers(0, 10**9), st.sampled_from(["iso", "zone", "ahead"]))
def test_moments_are_read_exactly(seconds, manner):
    moment = datetime.fromtimestamp(seconds, UTC)
    written = {
        "iso": f"{moment:%Y-%m-%d %H:%M:%S}.731953",
        "zone": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "ahead": f"{moment + timedelta(hours=5, minutes=30):%Y-%m-%dT%H:%M:%S}+05:30",
    }[manner]
    assert values.read_moment(written, order=None, zone="Europe/Prague") == moment


@settings(max_examples=50)
@given(st.dates(date(2000, 1, 1), date(2030, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%b %d, %Y"]))
def test_a_day_is_the_newsrooms_and_paid_until_means_through_it(day, manner):
    written = day.strftime(manner)
    begins = values.read_moment(written, order="mdy", zone="Europe/Prague")
    ends = values.read_moment(written, order="mdy", zone="Europe/Prague", whole_day=True)
    assert begins == datetime.combine(day, time(), ZoneInfo("Europe/Prague"))
    assert ends == datetime.combine(day + timedelta(days=1), time(), ZoneInfo("Europe/Prague"))


@pytest.mark.parametrize("typed", ["3/4/2020", "2020-13-01", "31.2.2020", "tomorrow", "2020", "1/2/20", "0000-00-00"])
def test_days_that_are_not_clear(typed):
    with pytest.raises(values.Unclear):
        values.read_moment(typed, order=None, zone="UTC")


@settings(max_examples=50)
@given(st.permutations(PATREON), st.data())
def test_columns_are_found_by_name_whatever_their_order_and_number(headings, data):
    dropped = data.draw(st.sets(st.sampled_from([one for one in PATREON if one not in ("Email", "Patron Status")])))
    shown = [one.upper() if data.draw(st.booleans()) else f" {one} " for one in headings if one not in dropped]
    places = columns.found_in([*shown, "Something New"], "patreon")
    values_by_name = member("ada@example.org", 7)
    cells = [values_by_name.get(one, "") for one in headings if one not in dropped]
    reading = columns.read_row([*cells, "x"], places, "patreon", MANNER)
    assert reading.email == "ada@example.org"
    assert reading.key == ("" if "User ID" in dropped else "7")
    assert (reading.since is None) == ("Patronage Since Date" in dropped)
    assert "Something New" in places.unread


@settings(max_examples=50)
@given(st.sampled_from(sorted(columns.FORMATS)), st.lists(st.text(max_size=30), max_size=40))
def test_whatever_a_row_says_it_is_read_or_refused_by_name(form, cells):
    headings = {"patreon": PATREON, "ghost": GHOST, "steady": STEADY, "csv": OWN, "memberful": ["Email", "Price", "Expires"]}
    places = columns.found_in(headings[form], form)
    try:
        reading = columns.read_row(cells, places, form, MANNER)
    except BadRow as bad:
        assert REASONS[bad.reason] % bad.values
    else:
        assert "@" in reading.email


def test_another_systems_columns_are_named_and_missing_ones_too():
    with pytest.raises(LooksLike):
        columns.found_in(PATREON, "csv")
    with pytest.raises(LooksLike):
        columns.found_in(GHOST, "patreon")
    with pytest.raises(ColumnsMissing, match="patron status"):
        columns.found_in(["Email", "Name"], "patreon")


@pytest.mark.parametrize(
    ("created", "since"), [("2020-03-04", (2020, 3, 4)), ("3/4/2020", (2020, 3, 4)), ("21.02.23", (2023, 2, 21))]
)
def test_memberfuls_days(created, since):
    """Days as its export has them, as its own import wants them, and as a spreadsheet may have left them."""
    row = {"Memberful ID": "12", "Full Name": "Ada L", "Email": "ada@example.org", "Plan": "Gold", "Active": "Yes",
           "Created at": created, "Expiration date": "2026-12-31", "Stripe Customer ID": "cus_1"}  # fmt: skip
    reading = columns.read_row(
        [row.get(name, "") for name in MEMBERFUL], columns.found_in(MEMBERFUL, "memberful"), "memberful",
        Manner("USD", None, "UTC", NOW),
    )  # fmt: skip
    assert (reading.key, reading.name, reading.state, reading.customer_id) == ("12", "Ada L", "running", "cus_1")
    assert (reading.since, reading.paid_until) == (datetime(*since, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def test_what_goes_back_is_never_run_as_a_formula():
    assert guarded("=1+1") == "'=1+1"
    content = sheet(OWN, [{"email": "=cmd|' /C calc'!A0", "name": "@SUM(1)"}])
    _, records = read(content)
    assert guarded(records[0].cells[0]).startswith("'=")
