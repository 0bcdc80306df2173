"""What is held about somebody as one who proposes topics and stands behind them."""

from flask_babel import lazy_gettext as _l

from membership.personal import Holding, Room, by, through
from membership.topics.models import Topic, TopicDecision, TopicLink, TopicRevision, TopicSupport

_mine = by(Topic.proposer_id)
PUBLIC = "published, and signed by nobody"

PERSONAL = Room(
    _l("Topics that you proposed or support"),
    (
        Holding(Topic, _mine, {}, PUBLIC),
        Holding(TopicLink, through(TopicLink.topic_id, Topic.id, _mine), {}, PUBLIC),
        Holding(TopicRevision, through(TopicRevision.topic_id, Topic.id, _mine), {}, PUBLIC, hidden=("edited_by",)),
        Holding(TopicDecision, through(TopicDecision.topic_id, Topic.id, _mine), {}, PUBLIC, hidden=("decided_by",)),
        Holding(TopicSupport, by(TopicSupport.reader_id), {}, "one more who stands behind a topic"),
    ),
    {
        "topic_step": "what became of a topic",
        "topic_tag": "the editors' words",
        "topic_word": "a topic's words, to find it by",
    },
    (Topic.title, Topic.why, TopicLink.address, TopicRevision.title, TopicRevision.why, TopicRevision.links),
)
