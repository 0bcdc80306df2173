"""What became of a vote: a **promise** with an editor and a date, its state, the story, and the report back.

actions.make(session, ballot_id, *, at) -> list[Promise]                  one for each winner, once
actions.set_date(session, promise_id, *, editor_id, due_on, by, at)       due_on: date
actions.publish(session, promise_id, *, url, title, by, at, tell=True)    tell: post the letters' job
actions.decline(session, promise_id, *, reason, by, at)
queries.stories_for(session, reader_id) -> list[StoryLine]                stories this reader helped to choose
"""
