"""What readers ask for: **topics** that patrons propose, **support** for them, and what editors decide about them.

A topic is *proposed*, then *accepted*, *declined* (with a public reason), held until there are facts (*needs_facts*), or
*merged* into another. What happens to it later, in ballots and promises, is written down here as its **steps**, by the
rooms above.

    actions.propose(session, *, reader_id, title, why, attempt, at, links=()) -> Topic
    actions.support(session, topic_id, reader_id, *, at)
    actions.withdraw_support(session, topic_id, reader_id)
    actions.accept(session, topic_id, *, by, at, reason="")       by: reader id of an editor
    actions.decline(session, topic_id, *, by, reason, at)
    actions.ask_for_facts(session, topic_id, *, by, reason, at)
    queries.topics_of(session, reader_id) -> list[TopicLine]
"""
