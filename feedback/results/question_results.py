"""What the results of a run are made of, and one question's figures from its tally. Knows no store."""

from collections.abc import Mapping

import msgspec

from feedback.results import figures
from feedback.results.counts import middle_of
from feedback.results.differences import Difference
from feedback.results.figures import Figure
from feedback.results.labels import labels_of
from feedback.results.tallies import NUMERIC, QuestionTally
from feedback.results.verdicts import Verdict
from feedback.results.weighted_results import Weighted, Weighting
from feedback.runs.runs import Run
from feedback.surveys.questions import DETRACTOR, PROMOTER, SCALES, Kind, Question

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
    differences: tuple[Difference, ...] = ()  # of each of them from the first
    weighted: Weighted | None = None  # None where there is no target mix, or nothing can be weighted to it
    verdict: Verdict = Verdict()


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

    `verdict` is what speaks against concluding anything from it; that of a question has it too, and its own.
    `is_behind` says that so much has changed a moment ago that not all of it is counted yet.
    """

    run: Run
    n: int
    reached: int
    questions: tuple[QuestionResult, ...]
    is_behind: bool = False
    withheld: str = ""  # why an anonymous run has nothing to show, as a sentence
    weighting: Weighting | None = None  # where the run has a target mix
    verdict: Verdict = Verdict()


def question_result(question: Question, tally: QuestionTally, texts: Texts) -> QuestionResult:
    """Return the figures of one question."""
    latest = [texts[question.id, delivery] for _, delivery in tally.latest if (question.id, delivery) in texts]
    return QuestionResult(
        question=question,
        n=tally.n,
        counts=_counts(question, tally),
        mean=_mean(question, tally) if question.kind in NUMERIC else None,
        median=_median(tally) if question.kind is Kind.NUMBER else None,
        nps=_nps(tally) if question.kind is Kind.NPS else None,
        latest=tuple(latest),
    )


def _counts(question: Question, tally: QuestionTally) -> tuple[tuple[str, int], ...]:
    by_value = tally.counts.by_value
    return tuple((label, by_value.get(value, 0)) for label, value in labels_of(question, by_value))


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
