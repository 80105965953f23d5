"""Simple results of one run: how many answered, and how each question was answered."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from feedback.questions import SCALES, Answer, Kind, Question
from feedback.runs import Delivery, DeliveryState, Run, deliveries
from store.contract import Store

PROMOTER, DETRACTOR = 9, 6  # from and up to which answer, by the definition of NPS
LATEST = 5  # texts shown with a text question
_NUMERIC = frozenset({Kind.NPS, Kind.RATING, Kind.CSAT, Kind.CES, Kind.NUMBER})
_REACHED = frozenset({DeliveryState.SENT, DeliveryState.ANSWERED, DeliveryState.UNCONFIRMED, DeliveryState.SENDING})


class QuestionResult(msgspec.Struct, frozen=True):
    """One question's figures. `counts` keeps the order of the scale or of the choices.

    `mean` is for kinds with numbers; `nps` is percent promoters (9-10) minus percent detractors (0-6),
    from -100 to 100. Both are None where there is no answer or the kind has none. `latest` holds the newest
    texts of a text question.
    """

    question: Question
    n: int
    counts: tuple[tuple[str, int], ...] = ()  # label -> answers
    mean: float | None = None
    nps: float | None = None
    latest: tuple[str, ...] = ()


class Results(msgspec.Struct, frozen=True):
    """A run's results. `n` people answered out of `reached` who were sent the survey."""

    run: Run
    n: int
    reached: int
    questions: tuple[QuestionResult, ...]


async def results_of(store: Store, run: Run) -> Results:
    """Return a run's results, counted from the answers themselves."""
    reached = 0
    answered: list[Delivery] = []
    async for one in deliveries(store, run.run, states=_REACHED):
        reached += 1
        if one.state is DeliveryState.ANSWERED:
            answered.append(one)
    answered.sort(key=lambda one: str(one.answered_at), reverse=True)
    figures = tuple(question_result(question, _answers_to(question, answered)) for question in run.survey.questions)
    return Results(run=run, n=len(answered), reached=reached, questions=figures)


def question_result(question: Question, answers: Sequence[Answer]) -> QuestionResult:
    """Return the figures of one question. `answers` come newest first."""
    numbers = [float(one) for one in answers if question.kind in _NUMERIC and isinstance(one, int | float)]
    return QuestionResult(
        question=question,
        n=len(answers),
        counts=_COUNTS[question.kind](question, answers),
        mean=sum(numbers) / len(numbers) if numbers else None,
        nps=_nps(numbers) if question.kind is Kind.NPS and numbers else None,
        latest=tuple(str(one) for one in answers[:LATEST]) if question.kind is Kind.TEXT else (),
    )


def _answers_to(question: Question, answered: Sequence[Delivery]) -> list[Answer]:
    return [one.answers[question.id] for one in answered if question.id in one.answers]


def _nps(scores: Sequence[float]) -> float:
    promoters = sum(score >= PROMOTER for score in scores)
    detractors = sum(score <= DETRACTOR for score in scores)
    return 100 * (promoters - detractors) / len(scores)


def _on_scale(question: Question, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    low, high = SCALES[question.kind]
    found = Counter(_as_text(answers))
    return tuple((str(step), found[str(step)]) for step in range(low, high + 1))


def _by_choice(question: Question, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    found = Counter(_as_text(answers))
    return tuple((choice.text, found[choice.id]) for choice in question.choices)


def _yes_and_no(_question: Question, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    yes = sum(one is True for one in answers)
    return (("Yes", yes), ("No", len(answers) - yes))


def _first_places(question: Question, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    """Count how often each choice of a ranking was put first."""
    found = Counter(one[0] for one in answers if isinstance(one, list) and one)
    return tuple((choice.text, found[choice.id]) for choice in question.choices)


def _by_row(question: Question, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    found = Counter(pair for one in answers if isinstance(one, dict) for pair in one.items())
    return tuple(
        (f"{row.text}: {choice.text}", found[row.id, choice.id]) for row in question.rows for choice in question.choices
    )


def _none(_question: Question, _answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    return ()


def _by_day(_question: Question, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(_as_text(answers)).items()))


def _as_text(answers: Sequence[Answer]) -> list[str]:
    """Return every single thing answered as the text it is counted under; several choices count one each."""
    return [str(part) for one in answers for part in (one if isinstance(one, list) else [one])]


_COUNTS: dict[Kind, Callable[[Question, Sequence[Answer]], tuple[tuple[str, int], ...]]] = {
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
    Kind.TEXT: _none,
    Kind.NUMBER: _none,
    Kind.DATE: _by_day,
}
