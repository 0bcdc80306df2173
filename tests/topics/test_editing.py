"""What editors change: merging two topics, correcting words, tagging; and finding topics in a long list."""

import re

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.readers.trail import AuditEntry
from membership.topics import actions, editing, finding, queries, rules
from membership.topics.models import TopicDecision, TopicRevision, TopicSupport
from tests import make
from tests.topics.test_views import FORM, proposed

AT = clock.now()


def supporters(session, topic):
    statement = select(TopicSupport.reader_id).where(TopicSupport.topic_id == topic.id)
    return sorted(session.scalars(statement))


@pytest.fixture
def two(session):
    """Two topics: the first supported by its proposer and two more, the second by its proposer and one of those."""
    first = proposed(session, title="Who owns the harbour?")
    second = proposed(session, attempt="b", title="To whom do the quays belong?")
    both, one = make.patron(session), make.patron(session)
    for topic, who in ((first, both), (second, both), (first, one)):
        actions.support(session, topic.id, who.reader_id, at=AT)
    session.commit()
    return first, second


def test_merging_moves_supporters_each_counted_once_and_the_address_leads_on(session, client, two):
    first, second = two
    everybody = sorted({*supporters(session, first), *supporters(session, second)})
    actions.withdraw_support(session, first.id, first.proposer_id)  # a proposer becomes a supporter all the same
    editor = make.staff(session, "editor")
    make.sign_in(session, client, editor)
    answer = client.post(
        f"/staff/topics/{first.id}/merging",
        data={"into": f"http://x/topics/{second.slug}", "why_merged": "One question."},
    )
    assert answer.status_code == 303
    session.expire_all()
    assert (first.state, first.merged_into_id, supporters(session, second)) == ("merged", second.id, everybody)
    assert client.get(f"/topics/{first.slug}").location == f"/topics/{second.slug}"
    page = client.get(f"/topics/{second.slug}").text
    assert "4 patrons stand behind this" in page and f"/topics/{first.slug}/history" in page
    past = client.get(f"/topics/{first.slug}/history").text
    assert "Who owns the harbour?" in past and "One question." in past and FORM["why"] in past
    assert session.scalars(select(AuditEntry.action)).all()[-1] == "topic:merged"
    # Whoever supports or withdraws by the old address means the one that goes on.
    patron = make.patron(session)
    make.sign_in(session, client, patron)
    assert client.post(f"/topics/{first.slug}/support").location == f"/topics/{second.slug}"
    assert patron.reader_id in supporters(session, second)


def test_what_was_merged_before_goes_along(session, two):
    first, second = two
    third = proposed(session, attempt="c", title="Who may moor in the harbour?")
    editing.merge(session, first.id, second.id, by=first.proposer_id, at=AT)
    editing.merge(session, second.id, third.id, by=first.proposer_id, at=AT)
    assert (first.merged_into_id, second.merged_into_id) == (third.id, third.id)
    assert len(supporters(session, third)) == 5


@pytest.mark.parametrize(
    ("prepare", "refusal"),
    [
        (lambda s, a, b: editing.merge(s, a.id, a.id, by=a.proposer_id, at=AT), rules.NotWithItself),
        (lambda s, a, b: actions.decline(s, b.id, by=a.proposer_id, reason="Reported before.", at=AT), rules.NotInto),
        (lambda s, a, b: actions.note_step(s, a.id, "ballot", title="", address="/ballots/x", at=AT), rules.OnABallot),
        (
            lambda s, a, b: actions.note_step(s, a.id, "promised", title="", address="/promises#1", at=AT),
            rules.Promised,
        ),
        (lambda s, a, b: editing.merge(s, a.id, b.id, by=a.proposer_id, at=AT), rules.AlreadyDecided),
    ],
)
def test_some_topics_cannot_be_merged(session, two, prepare, refusal):
    first, second = two
    with pytest.raises(refusal):
        prepare(session, first, second)
        editing.merge(session, first.id, second.id, by=first.proposer_id, at=AT)


@pytest.mark.parametrize("ended", ["won", "not_chosen", "called_off"])
def test_a_topic_can_be_merged_again_when_its_ballot_is_over(session, two, ended):
    first, second = two
    actions.note_step(session, first.id, "ballot", title="", address="/ballots/x", at=AT)
    address = "/ballots/x" if ended == "called_off" else "/ballots/x/results"
    actions.note_step(session, first.id, ended, title="", address=address, at=AT)
    editing.merge(session, first.id, second.id, by=first.proposer_id, at=AT)
    assert first.merged_into_id == second.id


def test_an_unknown_topic_to_merge_into_is_said_beside_the_field(session, client):
    topic = proposed(session)
    make.sign_in(session, client, make.staff(session, "editor"))
    for typed in ("no-such-topic", "99999999999999999999", ""):
        answer = client.post(f"/staff/topics/{topic.id}/merging", data={"into": typed})
        assert answer.status_code == 422 and "There is no such topic" in answer.text


def test_corrected_words_keep_what_stood_there_before_in_public(session, client):
    topic = proposed(session)
    make.sign_in(session, client, make.staff(session, "editor", name="Edda Sample"))
    form = {
        "title": "Who owns the old harbour?",
        "why": FORM["why"] + " Nor why.",
        "links": "",
        "why_changed": "Clearer.",
    }
    for _ in range(2):  # pressed twice it is one change
        assert client.post(f"/staff/topics/{topic.id}/words", data=form).status_code == 303
    assert session.scalar(select(func.count()).select_from(TopicRevision)) == 1
    page = client.get("/topics/who-owns-the-harbour").text
    assert "Who owns the old harbour?" in page and "Edited by our editors" in page and "Clearer." in page
    past = client.get("/topics/who-owns-the-harbour/history").text
    assert "Who owns the harbour?" in past and "Until our editors changed it" in past and "Edda Sample" not in past
    assert "Who owns the old harbour?" in client.get("/topics", query_string={"q": "old"}).text
    answer = client.post(f"/staff/topics/{topic.id}/words", data=form | {"title": "No"})
    assert answer.status_code == 422 and "in a few words" in answer.text


def test_tags_are_kept_tidy_and_found_by(session, client):
    topic, other = proposed(session), proposed(session, attempt="b", title="Where do the buses go?")
    make.sign_in(session, client, make.staff(session, "editor"))
    assert client.post(f"/staff/topics/{topic.id}/tags", data={"tags": "Port,  who owns ,port,"}).status_code == 303
    assert queries.tags_of(session, topic.id) == ["port", "who owns"]
    page = client.get("/topics", query_string={"tag": "port"}).text
    assert topic.title in page and other.title not in page
    answer = client.post(f"/staff/topics/{topic.id}/tags", data={"tags": ",".join("abcdefg")})
    assert answer.status_code == 422 and "at most 6" in answer.text


def test_a_long_list_is_searched_filtered_ordered_and_paged(session, client):
    patron = make.patron(session)
    for number in range(30):
        proposed(session, patron, attempt=f"n{number}", title=f"Where does bus {number:02} go?")
    ukrainian = proposed(session, attempt="u", title="Хто володіє портом у місті?")
    mine = proposed(session, attempt="m", title="Who owns the harbour?")
    first = client.get("/topics", query_string={"order": "oldest"}).text
    assert "32 topics" in first and "page 1 of 2" in first and "bus 00" in first and "bus 29" not in first
    second = client.get("/topics", query_string={"order": "oldest", "page": "2"}).text
    assert "bus 29" in second and "Previous page" in second and "bus 00" not in second
    for typed in ("harb", "HARBOURS owner's", "quays"):
        found = finding.find(session, finding.Wanted(words=typed.replace("owner's", "")))
        assert mine.id in {line.id for line in found.lines}, typed
    assert [one.id for one in finding.find(session, finding.Wanted(words="ПОРТОМ")).lines] == [ukrainian.id]
    assert finding.find(session, finding.Wanted(words="harbour bus")).total == 0
    assert finding.find(session, finding.Wanted(mine=patron.reader_id)).total == 30
    assert finding.find(session, finding.Wanted(mine=patron.reader_id, page=99)).page == 2
    actions.accept(session, mine.id, by=patron.reader_id, at=AT)
    assert [one.id for one in finding.find(session, finding.Wanted(state="accepted")).lines] == [mine.id]
    assert "No topic fits this search." in client.get("/topics?q=zeppelin").text
    assert client.get("/topics?page=-3&state=nonsense&order=x").status_code == 200


def test_a_merged_topic_has_its_decision_and_no_more(session, two):
    first, second = two
    editing.merge(session, first.id, second.id, by=first.proposer_id, at=AT)
    with pytest.raises(rules.AlreadyDecided):
        editing.edit(session, first.id, title="Another title", why=FORM["why"], links=[], by=first.proposer_id, at=AT)
    assert session.scalars(select(TopicDecision.kind)).all() == ["merged"]


def test_two_editors_do_not_write_over_each_other(session, client):
    topic = proposed(session)
    make.sign_in(session, client, make.staff(session, "editor"))
    page, form = f"/staff/topics/{topic.id}", {"title": "Who pays for the quay?", "why": FORM["why"], "after": "0"}
    assert client.post(f"{page}/words", data=form).status_code == 303
    short = client.post(f"{page}/words", data=form | {"title": "No"})  # a refusal of another kind says nothing of the other's
    assert short.status_code == 422 and re.findall(r'name="after"[^>]*value="(\d+)"', short.text) == ["0"]
    theirs = client.post(f"{page}/words", data=form | {"title": "Who owns the quay?"})
    assert theirs.status_code == 422 and "while you were writing" in theirs.text
    assert "<h1>Who pays for the quay?</h1>" in theirs.text and 'value="Who owns the quay?"' in theirs.text
    [after] = re.findall(r'name="after"[^>]*value="(\d+)"', theirs.text)
    assert client.post(f"{page}/words", data=form | {"title": "Who owns the quay?", "after": after}).status_code == 303
    assert "<h1>Who owns the quay?</h1>" in client.get(page).text
