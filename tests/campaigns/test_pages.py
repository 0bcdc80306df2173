"""From the campaign's page to the payment that counts for it, its wall and its embed; and what staff do."""

import re
from datetime import timedelta

import pytest
import stripe
from sqlalchemy import select

from membership import clock
from membership.campaigns import queries
from membership.campaigns.models import Campaign, CampaignChoice
from membership.giving.models import Checkout, Payment
from membership.memberships.models import Membership
from membership.money import Money
from tests import make
from tests.campaigns.helpers import campaign, dispute, gift

SITE = "http://localhost:8002"


def carried_by(page: str, path: str) -> str:
    """The address that a button on a page leads to."""
    found = re.search(rf'href="({re.escape(path)}\?[^"]*)"', page)
    assert found, path
    return found[1].replace("&amp;", "&")


def test_gifts_and_memberships_begun_on_its_page_count_and_refunds_unmatch(session, client, stripe_side):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    made = campaign(session, goal=5_000, match_sponsor="The Quay Fund", match_cap=2_200)
    page = client.get(f"/campaigns/{made.slug}", query_string={"article": f"{SITE}/a#embed=goal"}).text
    form = client.get(carried_by(page, "/give")).text
    article = re.search(r'name="article"[^>]*value="([^"]*)"', form)[1].replace("&amp;", "&")
    assert article == f"{SITE}/a#embed=goal&campaign={made.slug}"
    stripe_side.pay(stripe_side.give("ada@example.org", "20", article=article))
    stripe_side.pay(stripe_side.join("ben@example.org", tier="friend", article=article))
    stripe_side.pay(stripe_side.give("eve@example.org", "30"))  # by another way
    stripe_side.settle()
    session.expire_all()
    found = queries.progress(session, made)
    assert (found.given, found.matched, found.people) == (Money(2_500, "EUR"), Money(2_200, "EUR"), 2)
    assert found.patrons == 1 and found.percent == 94
    stripe_side.advance("32d")  # it is over by then: the next month's payment does not count
    stripe_side.settle()
    session.expire_all()
    assert queries.progress(session, made).given == Money(2_500, "EUR")
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1
    donation = session.scalars(select(Payment).where(Payment.kind == "donation", Payment.amount == 2_000)).one()
    api.refunds.create({"payment_intent": donation.payment_intent_id, "amount": 1_000})
    stripe_side.settle()
    session.expire_all()
    found = queries.progress(session, made)
    assert (found.given, found.matched) == (Money(1_500, "EUR"), Money(1_500, "EUR"))
    page = client.get(f"/campaigns/{made.slug}").text
    assert "€30" in page and "Matched so far: €15" in page and "This campaign is over." in page
    assert session.scalars(select(Membership)).one().checkout_id is not None
    assert session.get(Campaign, made.id).closed_at == made.closes_at  # by the worker


def test_who_paid_here_may_stand_on_the_wall_and_nobody_else(session, client, app, stripe_side):
    made = campaign(session)
    stripe_side.pay(stripe_side.give("ada@example.org", "20", article=f"#campaign={made.slug}"))
    stripe_side.settle()
    checkout = session.scalars(select(Checkout)).one()
    welcome = client.get("/welcome", query_string={"session_id": checkout.session_id}).text
    here = carried_by(welcome, f"/campaigns/{made.slug}/thanks")
    assert "I would rather not stand there" in client.get(here).text
    assert app.test_client().get(here).status_code == 403  # another browser
    fields = {"session_id": checkout.session_id, "wall": "named", "name": "", "letters": "y"}
    refused = client.post(f"/campaigns/{made.slug}/thanks", data=fields)
    assert refused.status_code == 422 and "without a name" in refused.text
    assert app.test_client().post(f"/campaigns/{made.slug}/thanks", data=fields | {"name": "Eve"}).status_code == 403
    assert client.post(f"/campaigns/{made.slug}/thanks", data=fields | {"name": "Ada <of> the quay"}).status_code == 303
    assert "Ada &lt;of&gt; the quay" in client.get(f"/campaigns/{made.slug}").text
    choice = session.scalars(select(CampaignChoice)).one()
    assert choice.letters and choice.reader_id == session.scalars(select(Payment.reader_id)).one()
    dispute(session, session.scalars(select(Payment)).one())
    assert "Ada" not in client.get(f"/campaigns/{made.slug}").text


def test_a_code_that_names_no_campaign_offers_no_wall(session, client, stripe_side):
    stripe_side.pay(stripe_side.give("ada@example.org", "20", article="#campaign=nothing-of-ours"))
    stripe_side.settle()
    checkout = session.scalars(select(Checkout)).one()
    assert "wall of thanks" not in client.get("/welcome", query_string={"session_id": checkout.session_id}).text


def test_drafts_are_nobodys_business_and_ended_ones_stay(session, client):
    made = campaign(session)
    by = make.staff(session, "manager")
    from_draft = session.get(Campaign, made.id)
    from_draft.published_at = None
    session.commit()
    addresses = (f"/campaigns/{made.slug}", f"/campaigns/{made.slug}/thanks", f"/embed/goal/{made.slug}")
    assert [client.get(one).status_code for one in addresses] == [404, 404, 404]
    assert made.title not in client.get("/campaigns").text and made.title not in client.get("/").text
    from_draft.published_at = clock.now()
    session.commit()
    assert made.title in client.get("/").text
    make.sign_in(session, client, by)
    assert client.post(f"/staff/campaigns/{made.id}/closing").status_code == 303
    assert "It ended on" in client.get(f"/embed/goal/{made.slug}").text
    assert "Ended on" in client.get("/campaigns").text and made.title not in client.get("/").text


def test_the_embed_is_for_our_sites_and_any_cache(session, client):
    made = campaign(session, match_sponsor="The Quay Fund", match_cap=500)
    gift(session, made, 1_000)
    address = f"/embed/goal/{made.slug}"
    answer = client.get(address, query_string={"article": f"{SITE}/a?utm_source=x", "lang": "en"})
    assert "€15" in answer.text and "The Quay Fund doubles what is given, up to €5; €5 so far." in answer.text
    assert f"frame-ancestors {SITE}" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "public, max-age=60" and "Set-Cookie" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Language"
    again = client.get(
        address, query_string={"article": f"{SITE}/a", "lang": "en"}, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    link = re.search(r'href="([^"]+)" target="_top"', answer.text)[1]
    assert link.startswith("http://127.0.0.1:8000/campaigns/") and "%2Fa%23embed%3Dgoal%26campaign%3D" in link
    outside = client.get(address, query_string={"article": "https://elsewhere.example/a"}).text
    assert "elsewhere" not in outside
    assert "style=" not in answer.text


def test_oembed_knows_campaigns(session, client):
    made = campaign(session)
    page = f"http://127.0.0.1:8000/campaigns/{made.slug}"
    answer = client.get("/oembed", query_string={"url": page})
    assert answer.json["title"] == made.title and f"/embed/goal/{made.slug}" in answer.json["html"]
    assert 'type="application/json+oembed"' in client.get(f"/campaigns/{made.slug}").text
    assert client.get("/oembed", query_string={"url": page + "x"}).status_code == 404


def form(**values):
    at = clock.now()
    return {
        "title": "A second reporter", "summary": "For the winter.", "story": "## Why\n\nLong nights.", "goal_kind": "amount",
        "goal": "5000", "currency": "EUR", "scope": "carried", "milestones": "50, 100", "match_sponsor": "", "match_cap": "",
        "opens_at": f"{at - timedelta(hours=1):%Y-%m-%dT%H:%M}", "closes_at": f"{at + timedelta(days=9):%Y-%m-%dT%H:%M}",
        "wall": "y",
    } | values  # fmt: skip


def test_staff_write_look_and_publish_by_their_own_clock(session, client):
    session.get(make.Newsroom, 1).time_zone = "Europe/Dublin"
    make.sign_in(session, client, make.staff(session, "manager"))
    answer = client.post("/staff/campaigns/new", data=form(opens_at="2027-07-01T09:00", closes_at="2027-08-01T09:00"))
    assert answer.status_code == 303
    made = session.scalars(select(Campaign)).one()
    assert (made.slug, made.goal, made.opens_at.hour) == ("a-second-reporter", 500_000, 8)
    page = client.get(answer.location).text
    assert 'value="2027-07-01T09:00"' in page and 'value="50, 100"' in page and 'value="5000"' in page
    assert "<h2>Why</h2>" in client.get(f"{answer.location}/preview").text
    changed = form(title="A third one", goal="7.50", opens_at="2027-07-01T09:00", closes_at="2027-08-01T09:00")
    assert client.post(answer.location, data=changed).status_code == 303
    assert client.post(f"{answer.location}/publication").status_code == 303
    session.expire_all()
    assert (made.title, made.goal, made.slug) == ("A third one", 750, "a-second-reporter")
    assert "Begins on" in client.get("/campaigns/a-second-reporter").text
    assert "/give" not in client.get("/campaigns/a-second-reporter").text.partition("<main")[2].partition("</main")[0]
    settled = client.post(answer.location, data=changed | {"goal": "8"})
    assert settled.status_code == 409 and "is published" in settled.text


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"goal": "half"}, "goal-error"), ({"goal": "1e9"}, "goal-error"),
        ({"goal_kind": "patrons", "goal": "2.5"}, "goal-error"),
        ({"match_cap": "x", "match_sponsor": "A"}, "match_cap-error"), ({"match_sponsor": "A"}, "match_cap-error"),
        ({"milestones": "often"}, "milestones-error"), ({"closes_at": "2020-01-01T10:00"}, "closes_at-error"),
        ({"title": ""}, "title-error"), ({"currency": "XXX"}, "currency"), ({"goal_kind": "fame"}, "goal_kind"),
        ({"opens_at": "soon"}, "opens_at-error"), ({"scope": ""}, "scope"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_beside_its_field(session, client, wrong, word):
    make.sign_in(session, client, make.staff(session, "manager"))
    answer = client.post("/staff/campaigns/new", data=form(**wrong))
    assert answer.status_code == 422 and word in answer.text
    assert session.scalars(select(Campaign)).first() is None


def test_a_name_is_taken_off_the_wall(session, client):
    made = campaign(session)
    who = gift(session, made).reader_id
    session.add(
        CampaignChoice(campaign_id=made.id, reader_id=who, wall=True, name="Rude words", letters=False, chosen_at=clock.now())
    )
    session.commit()
    make.sign_in(session, client, make.staff(session, "manager"))
    assert "Rude words" in client.get(f"/staff/campaigns/{made.id}").text
    client.post(f"/staff/campaigns/{made.id}/wall/{who}/hiding")
    page = client.get(f"/campaigns/{made.slug}").text
    assert "Rude words" not in page and "1 person who would rather not be named" in page
