"""What the counted values of a question are called where they are shown, and in which order. Pure functions."""

from collections.abc import Callable, Iterable

from feedback.results.tallies import part_value
from feedback.surveys.questions import SCALES, Kind, Question

Labels = tuple[tuple[str, str], ...]  # what it is called -> the value that is counted


def labels_of(question: Question, values: Iterable[str] = ()) -> Labels:
    """Return the values of a question in the order of its scale or choices; of days, those given, in their order."""
    if question.kind is Kind.DATE:
        return tuple((value, value) for value in sorted(values))
    name = _LABELS.get(question.kind)
    return name(question) if name is not None else ()


def _on_scale(question: Question) -> Labels:
    low, high = SCALES[question.kind]
    return tuple((str(step), str(step)) for step in range(low, high + 1))


def _by_choice(question: Question) -> Labels:
    return tuple((choice.text, choice.id) for choice in question.choices)


def _yes_and_no(_question: Question) -> Labels:
    return (("Yes", "yes"), ("No", "no"))


def _first_places(question: Question) -> Labels:
    """Return what counts how often each choice of a ranking was put first."""
    return tuple((choice.text, part_value("1", choice.id)) for choice in question.choices)


def _by_row(question: Question) -> Labels:
    pairs = [(row, choice) for row in question.rows for choice in question.choices]
    return tuple((f"{row.text}: {choice.text}", part_value(row.id, choice.id)) for row, choice in pairs)


_LABELS: dict[Kind, Callable[[Question], Labels]] = {
    Kind.NPS: _on_scale,
    Kind.RATING: _on_scale,
    Kind.CSAT: _on_scale,
    Kind.CES: _on_scale,
    Kind.CHOICE: _by_choice,
    Kind.CHOICES: _by_choice,
    Kind.IMAGE_CHOICE: _by_choice,
    Kind.RANKING: _first_places,
    Kind.MATRIX: _by_row,
    Kind.YES_NO: _yes_and_no,
}
