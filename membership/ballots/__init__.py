"""Questions put to patrons: the **ballot**, its **options**, the **roll** of who may vote, the **urn** of nameless votes.

    actions.draft(session, *, title, question, topic_ids, opens_at, closes_at, by, at, attempt, secret, **what)
    actions.open_ballot(session, ballot_id, *, secret, at) -> Ballot          freezes options and roll
    actions.cast(session, ballot_id, reader_id, choices, *, secret, attempt, at) -> Receipt     no letter
    actions.cast_and_confirm(…the same…)                                      with the letter "your vote is in"
    actions.close_ballot(session, ballot_id, *, secret, at) -> Ballot         counts, destroys the key, posts promises.make
    actions.cancel(session, ballot_id, *, by, reason, at)
    queries.open_ballots(session, at) · queries.may_vote(session, ballot, reader_id, at) -> MayVote
    queries.result_of(session, ballot) -> Result                              the one gate; raises NotCountedYet

`secret` is the application's SECRET_KEY, handed in; `choices` are option positions (1, 2, …), from the best on for
rankings, or the stars by position; `attempt` any fresh text. Ways to ask are in `ways.py`, who may vote in
`eligibility.py`, what befalls an open ballot in `life.py`.
"""
