"""How states and the steps of scales are said to people: the same on cards, pages and in files."""

from feedback.language import mark, say, say_number
from feedback.runs.runs import DeliveryState
from feedback.surveys.questions import Kind

_STARS = 5
_AGREEMENT = (
    *(mark("Strongly disagree"), mark("Disagree"), mark("Somewhat disagree"), mark("Neither")),
    *(mark("Somewhat agree"), mark("Agree"), mark("Strongly agree")),
)
_SATISFACTION = (
    *(mark("Very dissatisfied"), mark("Dissatisfied"), mark("Neither")),
    *(mark("Satisfied"), mark("Very satisfied")),
)

STATE_WORDS: dict[DeliveryState, str] = {
    DeliveryState.ANSWERED: mark("Answered"),
    DeliveryState.SENT: mark("Received it, not answered yet"),
    DeliveryState.SENDING: mark("Being sent right now"),
    DeliveryState.PLANNED: mark("Waiting to be sent"),
    DeliveryState.UNCONFIRMED: mark("May or may not have received it"),
    DeliveryState.FAILED: mark("Could not be reached"),
    DeliveryState.EXCLUDED: mark("Left out"),
    DeliveryState.CANCELLED: mark("Stopped before it was sent"),
    DeliveryState.RECALLED: mark("Taken back"),
}
"""Each state in English: admins read it so, and customers hear it said in theirs."""


def scale_words(kind: Kind) -> dict[str, str]:
    """Return the steps of a scale as people read them, wherever they are shown; none for what is no scale.

    They are in the language spoken: English for pages and files.
    """
    match kind:
        case Kind.NPS:
            ends = {"0": say("0 – not at all likely"), "10": say("10 – extremely likely")}
            return {str(score): str(score) for score in range(11)} | ends
        case Kind.RATING:
            return {str(star): say_number("{n} star", "{n} stars", star) for star in range(1, _STARS + 1)}
        case Kind.CSAT:
            return {str(score): say(words) for score, words in enumerate(_SATISFACTION, start=1)}
        case Kind.CES:
            return {str(score): say(words) for score, words in enumerate(_AGREEMENT, start=1)}
        case _:
            return {}
