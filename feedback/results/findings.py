"""The finding of a question: what somebody would say who looks at its figure. Pure functions.

It is as coarse as what people act on: on which side of zero, of the middle of the scale or of one half it is, or which
choice is ahead. So two findings can be compared, and it can be told when one is turned around.
"""

from collections.abc import Callable, Iterable, Mapping

from feedback.results.labels import labels_of
from feedback.results.tallies import part_value
from feedback.surveys.questions import CHOOSING, DETRACTOR, PROMOTER, SCALES, Kind, Question

WITH_A_FINDING = frozenset(Kind) - {Kind.TEXT, Kind.NUMBER, Kind.DATE}  # the others have nothing to compare with
LONGEST = 60  # characters of a choice
_NOTHING = 1e-9  # as a share of everything: less than this is rounding


def finding_of(question: Question, counts: Mapping[str, float]) -> Mapping[str, str]:
    """Return what was found, from how often each value was given, weighted or not.

    It is one statement, or one for each row of a matrix, by the row's id; none for kinds with nothing to compare with.
    """
    if not counts:
        return {}
    match question.kind:
        case Kind.NPS:
            return {"": _side(counts, _nps_score, ("an NPS below zero", "an NPS of zero", "an NPS above zero"))}
        case Kind.RATING | Kind.CSAT | Kind.CES:
            middle = sum(SCALES[question.kind]) / 2
            words = ("an average below", "an average at", "an average above")
            return {"": f"{_side(counts, lambda value: float(value) - middle, words)} the middle of the scale"}
        case Kind.YES_NO:
            return {"": _side(counts, _yes_score, ("more No than Yes", "as many Yes as No", "more Yes than No"))}
        case Kind.MATRIX:
            return {row.id: f"{row.text}: {_ahead(_in_row(question, row.id), counts)}" for row in question.rows}
        case kind if kind in CHOOSING:
            return {"": _ahead(labels_of(question), counts)}
        case _:
            return {}


def _side(counts: Mapping[str, float], score: Callable[[str], float], words: tuple[str, str, str]) -> str:
    total = sum(score(value) * n for value, n in counts.items())
    if abs(total) <= _NOTHING * sum(counts.values()):
        return words[1]
    return words[2] if total > 0 else words[0]


def _nps_score(value: str) -> float:
    score = int(value)
    return (score >= PROMOTER) - (score <= DETRACTOR)


def _yes_score(value: str) -> float:
    return 1 if value == "yes" else -1


def _in_row(question: Question, row: str) -> Iterable[tuple[str, str]]:
    return [(choice.text, part_value(row, choice.id)) for choice in question.choices]


def _ahead(labels: Iterable[tuple[str, str]], counts: Mapping[str, float]) -> str:
    found = [(label, counts.get(value, 0.0)) for label, value in labels]
    most = max((n for _, n in found), default=0.0)
    first = [" ".join(label.split())[:LONGEST] for label, n in found if most - n <= _NOTHING * most]
    return f"{first[0]} ahead" if len(first) == 1 else f"{' and '.join(first[:3])} level"
