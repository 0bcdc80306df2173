"""What the invented newsroom published: The Ferrowmouth Lantern, of a harbour town that is on no map."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """An article on the newsroom's site. `body`: paragraphs; one that begins with `## ` is a heading."""

    slug: str
    kicker: str
    title: str
    standfirst: str
    author: str
    days_ago: int
    body: tuple[str, ...]
    asked_for: bool = False


DREDGER = Story(
    slug="the-dredger-that-never-came",
    kicker="Harbour",
    title="The dredger that never came",
    standfirst="Ferrowmouth paid twice for a deeper channel. The sand is where it was, and the ferry waits for the tide.",
    author="Oda Brannick",
    days_ago=4,
    body=(
        "At ten past six the Pelican lies at the north quay with her engines running and nobody on the ramp. Her "
        "captain, Ansel Tarrow, reads the depth aloud from a screen above the wheel: two metres ten. She needs two "
        "metres forty. So forty people stand in the wind and wait for the sea to bring thirty centimetres of water.",
        "It was not meant to be like this. Twice in four years the harbour board has set money aside to have the channel "
        "dug out, and twice the budget shows the sum as spent. The Lantern asked for the invoices. We were sent eleven "
        "pages, of which nine concern the surveys, the tender and the legal advice about the tender. Two concern a "
        "dredger. It was hired for six days, in a January, and for five of them the swell was too high to work.",
        "## A bill for waiting",
        "That is not a scandal, says Maren Holt, who keeps the board's accounts. It is how the contract was written: the "
        "town pays for the days, not for the sand. “We asked for a price per cubic metre. Nobody offered one. A "
        "company that has to guess at our weather would have asked for three times as much.”",
        "Across the estuary, Little Ferrow did it the other way round. Its board bought a second-hand grab for less than "
        "we paid for the surveys, and two fishermen are on call for it. On the first calm morning they go out. Their "
        "channel is not pretty, Tarrow says, but it is there.",
        "## What happens now",
        "The board meets on the first Thursday of next month, in the old customs house, and the meeting is open. On the "
        "table lies a proposal to share the grab with Little Ferrow for three winters. It would cost about a fifth of "
        "what was spent so far. The papers are on our site, all eleven pages of them, with our notes in the margin.",
        "At five to seven the screen says two metres forty-one. Tarrow nods, the ramp goes down, and forty people walk "
        "aboard without a word. They will be late again. Most of them have stopped saying so.",
    ),
)

NIGHT_BUS = Story(
    slug="who-rides-the-last-bus",
    kicker="Asked for by patrons",
    title="Who rides the last bus",
    standfirst="The council says that nobody does. We rode it for fourteen nights, and counted.",
    author="Teodor Quill",
    days_ago=30,
    asked_for=True,
    body=(
        "The last number 4 leaves the market at 23:20. On paper it carries three people on an average night, and on paper "
        "it will not run after the winter. Our patrons voted that somebody should get on and look. So we "
        "did: two reporters, fourteen nights, one notebook each.",
        "Three is right for a Monday. On a Friday it is nineteen, on the second Saturday it was thirty-one. The council's "
        "figure comes from a sensor at the front door. After ten in the evening the drivers open the back one too, "
        "because it is nearer to the hospital's gate, and there is no sensor there.",
        "## The night shift",
        "Most of those who get on are going to work or coming from it. Nine cleaners from the clinic. Two bakers who "
        "travel the other way. A porter, Iben Sorley, who worked out with us what the end of the line would mean: an hour "
        "and ten on foot, along a road without a pavement, or a taxi that costs as much as two hours of her shift.",
        "“People say, then take the car,” she says. “If I had a car I would not be on the bus.”",
        "## What the council answered",
        "We sent our count to the transport office before printing it. They checked the sensor, and wrote back within the "
        "week: the back door had been forgotten when the system was put in. The decision on the line has been put off "
        "for half a year, and until then the count is done by hand. One of the people counting is Iben Sorley.",
        "The notebooks, with every stop and every night, can be downloaded from our site. If your own line is on a list "
        "like ours, they may save you some work: the method fits on one page.",
    ),
)

WELLS = Story(
    slug="nineteen-wells",
    kicker="Water",
    title="Nineteen wells and one laboratory",
    standfirst="In the upper town people drink from their gardens. We had the water tested, and were surprised twice.",
    author="Oda Brannick",
    days_ago=87,
    body=(
        "The well in Ruben Ashdown's garden is older than the street. His grandmother lowered a bucket into it, he has a "
        "pump, and until lately nobody had asked what comes up. It is cold and clear and tastes of stone. “What "
        "should be wrong with it?” he says.",
        "Nineteen households between Mill Lane and the quarry answered our call. Each filled two bottles on the "
        "same morning; one went to the county's laboratory, the other to a university that has no business with the "
        "county. We wanted to know whether the two would agree.",
        "## The first surprise",
        "They did, to the second decimal. Fifteen wells are better than the tap: less lime, no chlorine, nothing that "
        "should not be there. The owners of the other four had a letter from us the same evening, before a line of this "
        "was written. All four lie below the old nursery, where until thirty years ago fruit trees were sprayed.",
        "## The second",
        "The county knew. In its archive lies a report on the nursery's soil, ordered when the land was sold and never "
        "followed by anything. Nobody hid it: it is listed in the catalogue, under the name of a company that no longer "
        "exists. It took us eleven days to find, and it would have taken one telephone call to send.",
        "The health office has now written to every house below the nursery, forty-two of them, and pays for the tests. "
        "Ruben Ashdown's well, which lies above it, is one of the fifteen. He has hung the result on the pump, in a frame.",
    ),
)

STORIES = (DREDGER, NIGHT_BUS, WELLS)
