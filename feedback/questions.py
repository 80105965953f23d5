"""Questions: their kinds, and what counts as an answer to each. Knows nothing of cards or chats."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What sort of answer a question asks for."""

    NPS = "nps"  # 0-10, how likely to recommend
    RATING = "rating"  # 1-5 stars
    CSAT = "csat"  # 1-5, very dissatisfied to very satisfied
    CHOICE = "choice"  # one of the choices
    CHOICES = "choices"  # some of the choices
    TEXT = "text"
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"  # a day, without a time


SCALES: dict[Kind, tuple[int, int]] = {Kind.NPS: (0, 10), Kind.RATING: (1, 5), Kind.CSAT: (1, 5)}
MAX_TEXT = 4_000  # characters in one text answer
MAX_NUMBER = 1e12

Answer = int | float | str | bool | list[str]
Answers = dict[str, Answer]  # question id -> answer; a question left empty is absent


class Choice(msgspec.Struct, frozen=True):
    """One thing to choose. The id is what is stored, the text is what is read."""

    id: str
    text: str


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question of a survey. `choices` is filled for the kinds that choose, and only there."""

    id: str
    kind: Kind
    text: str
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
