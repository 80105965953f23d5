"""What the results of a run are made of, and one question's figures from its tally. Knows no store."""

from collections.abc import Callable, Mapping

import msgspec

from feedback import figures
from feedback.counts import middle_of
from feedback.figures import Figure
from feedback.questions import SCALES, Kind, Question
from feedback.runs import Run
from feedback.tallies import NUMERIC, QuestionTally, part_value

PROMOTER, DETRACTOR = 9, 6  # from and up to which answer, by the definition of NPS

Texts = Mapping[tuple[str, str], str]  # question and delivery -> the text


class QuestionResult(msgspec.Struct, frozen=True):
    """One question's figures. `counts` keeps the order of the scale or of the choices.

    `mean` is for kinds with numbers, `median` for numbers without a scale; `nps` is percent promoters (9-10) minus
    percent detractors (0-6), from -100 to 100. They are None where there is no answer or the kind has none. `latest`
    holds the newest texts of a text question.
    """

    question: Question
    n: int
    counts: tuple[tuple[str, int], ...] = ()  # label -> answers
    mean: Figure | None = None
    median: Figure | None = None
    nps: Figure | None = None
    latest: tuple[str, ...] = ()
    is_withheld: bool = False  # fewer people have answered than an anonymous survey shows anything about; n is then 0
    by_arm: tuple["ArmResult", ...] = ()  # in the order of the arms; none where there is nothing to compare


class ArmResult(msgspec.Struct, frozen=True):
    """The figures of those who saw one arm; or one of several, where each alone is too few to be shown."""

    arms: tuple[str, ...]
    result: QuestionResult

    @property
    def name(self) -> str:
        """What they are called where they are shown, such as “Arm calm”."""
        return f"{'Arm' if len(self.arms) == 1 else 'Arms'} {' or '.join(self.arms)}"


class Results(msgspec.Struct, frozen=True):
    """A run's results. `n` people answered out of `reached` who were sent the survey.

    `is_behind` says that so much has changed a moment ago that not all of it is counted yet.
    """

    run: Run
    n: int
    reached: int
    questions: tuple[QuestionResult, ...]
    is_behind: bool = False
    withheld: str = ""  # why an anonymous run has nothing to show, as a sentence


def question_result(question: Question, tally: QuestionTally, texts: Texts) -> QuestionResult:
    """Return the figures of one question."""
    latest = [texts[question.id, delivery] for _, delivery in tally.latest if (question.id, delivery) in texts]
    return QuestionResult(
        question=question,
        n=tally.n,
        counts=_COUNTS[question.kind](question, tally),
        mean=_mean(question, tally) if question.kind in NUMERIC else None,
        median=_median(tally) if question.kind is Kind.NUMBER else None,
        nps=_nps(tally) if question.kind is Kind.NPS else None,
        latest=tuple(latest),
    )


def _mean(question: Question, tally: QuestionTally) -> Figure | None:
    found = figures.mean(tally.n, *tally.sums.exact)
    scale = SCALES.get(question.kind)
    if found is None or found.interval is None or scale is None:
        return found
    return Figure(found.value, found.n, found.interval.within(*scale))


def _median(tally: QuestionTally) -> Figure | None:
    counts = tally.counts
    return figures.median(sorted((middle_of(value, counts.grain), n) for value, n in counts.by_value.items()))


def _nps(tally: QuestionTally) -> Figure | None:
    scores = {int(value): count for value, count in tally.counts.by_value.items()}
    promoters = sum(count for score, count in scores.items() if score >= PROMOTER)
    detractors = sum(count for score, count in scores.items() if score <= DETRACTOR)
    return figures.nps(promoters, tally.n - promoters - detractors, detractors)


def _on_scale(question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    low, high = SCALES[question.kind]
    return tuple((str(step), _count(tally, str(step))) for step in range(low, high + 1))


def _by_choice(question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    return tuple((choice.text, _count(tally, choice.id)) for choice in question.choices)


def _yes_and_no(_question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    return (("Yes", _count(tally, "yes")), ("No", _count(tally, "no")))


def _first_places(question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    """Return how often each choice of a ranking was put first."""
    return tuple((choice.text, _count(tally, part_value("1", choice.id))) for choice in question.choices)


def _by_row(question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    pairs = [(row, choice) for row in question.rows for choice in question.choices]
    return tuple((f"{row.text}: {choice.text}", _count(tally, part_value(row.id, choice.id))) for row, choice in pairs)


def _none(_question: Question, _tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    return ()


def _in_order(_question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(tally.counts.by_value.items()))


def _count(tally: QuestionTally, value: str) -> int:
    return tally.counts.by_value.get(value, 0)


_COUNTS: dict[Kind, Callable[[Question, QuestionTally], tuple[tuple[str, int], ...]]] = {
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
    Kind.DATE: _in_order,
}
