"""Which results of a run may be shown: all of a run that is not anonymous, and what suppression leaves of others.

The one way from tallies to results. An anonymous run has none while it is open, so that nobody can look before and
after somebody answers; then every figure is of as many people as its threshold, or more, or it is left out.
"""

from collections.abc import Sequence

import msgspec

from feedback.results.differences import differences
from feedback.results.question_results import ArmResult, QuestionResult, Results, Texts, question_result
from feedback.results.suppression import Group, is_shown, joined
from feedback.results.tallies import Cell, QuestionTally, Tally, arm_cell, part_value, questions_together
from feedback.results.verdicts import Verdict, anonymous_verdict, question_verdict, run_verdict
from feedback.results.weighted_results import Weigher
from feedback.runs.runs import Run
from feedback.surveys.questions import Choice, Kind, Question
from feedback.surveys.surveys import Survey

STILL_OPEN = (
    "This survey is anonymous. Its results appear once it is closed, if at least {threshold} people have answered."
)
BEING_SEALED = (
    "This survey is anonymous, and closed. Its answers are being sealed, which takes some minutes where there are "
    "many. Its results appear as soon as that is done."
)
TOO_FEW_HERE = "Too few answers to be shown: this survey is anonymous."  # of one question
TOO_FEW = "This survey is anonymous, and fewer than {threshold} people have answered: nothing is shown, now or later."


def results_from(run: Run, tally: Tally, texts: Texts, *, is_behind: bool = False) -> Results:
    """Return the results of a run that is not anonymous."""
    cell = tally.everybody
    weigher = Weigher(run.mix, tally) if run.mix is not None else None
    weighting = weigher.weighting if weigher is not None else None
    verdict = run_verdict(cell.answered, weighting, cell.companies, cell.heard)
    asked = [(one, _question(run.survey, one, tally, texts)) for one in run.survey.questions]
    return Results(
        run=run,
        n=cell.answered,
        reached=cell.reached,
        questions=tuple(_weighed(question, found, weigher, verdict) for question, found in asked),
        is_behind=is_behind,
        weighting=weighting,
        verdict=verdict,
    )


def anonymous_results(
    run: Run, participation: Cell, sealed: Tally | None, texts: Texts, *, is_behind: bool = False
) -> Results:
    """Return what may be shown of an anonymous run: who took part, by count, and what its sealed answers say."""
    said = _why_nothing(run, sealed)
    verdict = Verdict() if said else anonymous_verdict(participation.answered)
    found = (
        [] if said or sealed is None else [_question(run.survey, one, sealed, texts) for one in run.survey.questions]
    )
    return Results(
        run=run,
        n=participation.answered,
        reached=participation.reached,
        questions=tuple(_judged(one, verdict) for one in found),
        is_behind=is_behind,
        withheld=said,
        verdict=verdict,
    )


def may_quote(run: Run, sealed: Tally, question: str) -> bool:
    """Say whether texts of an anonymous run's question may be read."""
    return is_shown(_asked(sealed.everybody, question).n, run.survey.threshold)


def _why_nothing(run: Run, sealed: Tally | None) -> str:
    threshold = run.survey.threshold
    if run.takes_answers:
        return STILL_OPEN.format(threshold=threshold)
    if sealed is None:
        return BEING_SEALED
    return "" if is_shown(sealed.everybody.answered, threshold) else TOO_FEW.format(threshold=threshold)


def _question(survey: Survey, question: Question, tally: Tally, texts: Texts) -> QuestionResult:
    whole = _asked(tally.everybody, question.id)
    if survey.is_anonymous and not is_shown(whole.n, survey.threshold):
        return QuestionResult(question=question, n=0, is_withheld=True)
    found = question_result(_told(survey, question, [whole]), whole, texts)
    return _with_arms(found, survey, question, tally)


def _weighed(question: Question, found: QuestionResult, weigher: Weigher | None, whole: Verdict) -> QuestionResult:
    """Return a question's figures with those weighted beside them, arm by arm too, and its verdict."""
    if weigher is None:
        return _judged(found, whole)
    arms = tuple(
        msgspec.structs.replace(
            one, result=msgspec.structs.replace(one.result, weighted=weigher.weigh(weigher.strata(question, one.arms)))
        )
        for one in found.by_arm
    )
    strata = weigher.strata(question)
    weighted = weigher.weigh(strata)
    worth = weighted.precision if weighted is not None else None
    verdict = question_verdict(whole, found.n, worth, strata) if question.kind is not Kind.TEXT else None
    return msgspec.structs.replace(found, by_arm=arms, weighted=weighted, verdict=verdict or Verdict())


def _judged(found: QuestionResult, whole: Verdict) -> QuestionResult:
    """Return a question's figures with the verdict that their n and the run's lead to; texts are read, not counted."""
    if found.question.kind is Kind.TEXT:
        return found
    return msgspec.structs.replace(found, verdict=question_verdict(whole, found.n, None, None))


def _with_arms(found: QuestionResult, survey: Survey, question: Question, tally: Tally) -> QuestionResult:
    """Add a question's figures by arm, or by arms together where one alone is too few, and how they differ."""
    asked = {one.id: _asked(tally.cells.get(arm_cell(one.id), Cell()), question.id) for one in survey.arms}
    sizes = [(name, one.n) for name, one in asked.items()]
    groups = joined(sizes, survey.threshold) if survey.is_anonymous else _each(sizes)
    if len(groups) < 2:  # noqa: PLR2004 - with everybody in one group there is nothing to compare
        return found
    tallies = [questions_together(question, [asked[arm] for arm in one.parts]) for one in groups]
    told = _told(survey, question, tallies)
    shown = [(one.parts, tally) for one, tally in zip(groups, tallies, strict=True)]
    return msgspec.structs.replace(
        found,
        by_arm=tuple(ArmResult(arms, question_result(told, tally, {})) for arms, tally in shown),
        differences=differences(told, shown),
    )


def _told(survey: Survey, question: Question, tallies: Sequence[QuestionTally]) -> Question:
    """Return a question without the rows of a matrix that too few have answered, be it in one of several groups.

    A row is a question of its own. One that only one group lacks would follow from the others and the whole.
    """
    if not survey.is_anonymous or question.kind is not Kind.MATRIX:
        return question
    rows = [
        row
        for row in question.rows
        if all(is_shown(_answers_in(question, row, one), survey.threshold) for one in tallies)
    ]
    return msgspec.structs.replace(question, rows=tuple(rows))


def _answers_in(question: Question, row: Choice, tally: QuestionTally) -> int:
    return sum(tally.counts.by_value.get(part_value(row.id, one.id), 0) for one in question.choices)


def _each(sizes: Sequence[tuple[str, int]]) -> tuple[Group, ...]:
    return tuple(Group((name,), n) for name, n in sizes)


def _asked(cell: Cell, question: str) -> QuestionTally:
    return cell.questions.get(question, QuestionTally())
