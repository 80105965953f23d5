"""How states and the steps of scales are said to people: the same on cards, pages and in files."""

from feedback.questions import Kind
from feedback.runs import DeliveryState

_STARS = 5
_SATISFACTION = ("Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied")

SCALE_WORDS: dict[Kind, dict[str, str]] = {
    Kind.NPS: {str(score): str(score) for score in range(11)}
    | {"0": "0 – not at all likely", "10": "10 – extremely likely"},
    Kind.RATING: {"1": "1 star"} | {str(star): f"{star} stars" for star in range(2, _STARS + 1)},
    Kind.CSAT: {str(score): words for score, words in enumerate(_SATISFACTION, start=1)},
}
"""The steps of each scale as people read them, wherever they are shown."""

STATE_WORDS: dict[DeliveryState, str] = {
    DeliveryState.ANSWERED: "Answered",
    DeliveryState.SENT: "Received it, not answered yet",
    DeliveryState.SENDING: "Being sent right now",
    DeliveryState.PLANNED: "Waiting to be sent",
    DeliveryState.UNCONFIRMED: "May or may not have received it",
    DeliveryState.FAILED: "Could not be reached",
    DeliveryState.EXCLUDED: "Left out",
    DeliveryState.CANCELLED: "Stopped before it was sent",
    DeliveryState.RECALLED: "Taken back",
}
