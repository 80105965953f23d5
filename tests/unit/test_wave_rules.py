"""The rules of waves: whose margin ends them, which slices are whose, and what a look decides. Without a store."""

import random
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from feedback.errors import Refusal
from feedback.results import figures
from feedback.results.counts import Counts, summed
from feedback.results.question_results import question_result
from feedback.results.tallies import Cell, QuestionTally
from feedback.runs.runs import Run, RunState
from feedback.runs.wave_words import Waves
from feedback.surveys.questions import Choice, Condition, Kind, Question
from feedback.surveys.surveys import Arm, Survey
from feedback.waves import (
    ENOUGH,
    WavesAnonymous,
    WavesOfArms,
    WavesTooWide,
    WavesWithoutFigure,
    check_survey,
    deciding,
    is_enough,
    looked,
    margin_of,
    new_book,
    place_of,
)
from tests.unit.test_worker import BY
from tests.unit.wave_house import STARS

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RUN = Run("stars-1", STARS, "customers", RunState.SENDING, NOW, BY, waves=Waves(0.3, "size", 150))
YES_NO = Question("q", Kind.YES_NO, "Is it?")
COLOURS = Question("q", Kind.CHOICE, "Which?", choices=(Choice("red", "Red"), Choice("blue", "Blue")))
NPS = Question("q", Kind.NPS, "Would you?")


def tally_of(values: dict[str, int], *, is_number: bool = True) -> QuestionTally:
    numbers = [int(one) for one, count in values.items() for _ in range(count)] if is_number else []
    return QuestionTally(sum(values.values()), Counts(values), summed(numbers))


def cell_of(values: dict[str, int]) -> Cell:
    return Cell(states={"answered": sum(values.values())}, questions={"q": tally_of(values)})


def survey_of(*questions: Question, **more: object) -> Survey:
    return msgspec.structs.replace(STARS, questions=questions or STARS.questions, **more)


def test_the_margin_is_the_longer_side_of_the_interval_in_the_units_of_the_question() -> None:
    nps = margin_of(NPS, tally_of({"9": 60, "8": 25, "3": 15}))
    found = figures.nps(60, 25, 15)
    assert found is not None
    assert found.interval is not None
    assert nps == max(found.interval.high - 45, 45 - found.interval.low)
    yes = margin_of(YES_NO, tally_of({"yes": 30, "no": 70}, is_number=False))
    wilson = figures.share(30, 100).interval
    assert wilson is not None
    assert yes == pytest.approx(100 * (wilson.high - 0.3))
    assert margin_of(COLOURS, tally_of({"red": 2, "blue": 2}, is_number=False)) == pytest.approx(35, abs=1)
    assert all(margin_of(one, QuestionTally()) is None for one in (NPS, YES_NO, COLOURS, STARS.questions[0]))


def test_a_few_who_all_agree_are_not_sure_to_the_last_step() -> None:
    alike = margin_of(STARS.questions[0], tally_of({"5": 30}))
    assert alike == pytest.approx(figures.t_quantile(29) * 4 / 30)
    divided = margin_of(STARS.questions[0], tally_of({"5": 15, "1": 15}))
    assert divided is not None
    assert alike is not None
    assert divided > alike


@pytest.mark.parametrize(
    ("survey", "waves", "refusal"),
    [
        (survey_of(is_anonymous=True, threshold=3), Waves(0.5), WavesAnonymous),
        (survey_of(arms=(Arm("a", "A"), Arm("b", "B"))), Waves(0.5), WavesOfArms),
        (survey_of(Question("q", Kind.TEXT, "Why?")), Waves(5), WavesWithoutFigure),
        (survey_of(Question("q", Kind.NUMBER, "How many?")), Waves(5), WavesWithoutFigure),
        (survey_of(), Waves(2), WavesTooWide),
        (survey_of(NPS), Waves(50), WavesTooWide),
        (survey_of(YES_NO), Waves(50), WavesTooWide),
    ],
)
def test_what_cannot_go_out_in_waves_is_refused(survey: Survey, waves: Waves, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        check_survey(survey, waves)


def test_the_first_question_with_a_margin_that_everybody_is_asked_decides() -> None:
    some = msgspec.structs.replace(NPS, id="some", ask_if=Condition("q", value="yes"))
    survey = survey_of(Question("why", Kind.TEXT, "Why?"), some, YES_NO, STARS.questions[0])
    assert deciding(survey) == YES_NO
    assert check_survey(survey, Waves(5)) == YES_NO


def test_a_book_gives_each_wave_of_each_segment_slices_of_its_own() -> None:
    waves = Waves(0.5, "size", 150)
    book = new_book(RUN, waves, {"": 20, "large": 310, "small": 150})
    assert [one.value for one in book.segments] == ["large", "small", ""]
    large, small, none = book.segments
    slices = [book.slices_of(large, wave) for wave in range(book.waves_of(large))]
    assert slices == [range(2), range(2, 4), range(4, 5)]
    assert (book.slices_of(small, 0), book.slices_of(none, 0), book.end) == (range(5, 7), range(7, 8), 8)
    assert book.asked_slices(large) == range(2)
    assert [book.fate(number) is not None for number in range(9)] == [True] * 8 + [False]
    assert [found[1] for number in range(8) if (found := book.fate(number))] == [True] * 2 + [False] * 3 + [True] * 3


def test_a_look_stops_who_is_sure_and_gives_the_others_one_wave_more() -> None:
    book = new_book(RUN, Waves(0.3, "size", 150), {"large": 310, "small": 310, "tiny": 20})
    after = looked(RUN, book, [cell_of({"5": 60, "1": 60}), cell_of({"4": 60}), cell_of({})])
    assert [(one.released, one.is_sure, one.n) for one in after.segments] == [
        (2, False, 120),
        (1, True, 60),
        (1, False, 0),
    ]
    again = looked(RUN, after, [cell_of({"4": 900}), cell_of({"5": 30, "1": 30}), cell_of({})])
    assert [(one.released, one.is_sure) for one in again.segments] == [(2, True), (1, True), (1, False)], (
        "sure stays sure"
    )


def test_too_few_answers_are_never_sure() -> None:
    run = msgspec.structs.replace(RUN, waves=Waves(1.9, "size", 150))
    book = new_book(run, Waves(1.9, "size", 150), {"large": 310})
    few, enough = cell_of({"4": ENOUGH - 1}), cell_of({"4": ENOUGH})
    assert not looked(run, book, [few]).segments[0].is_sure
    assert looked(run, book, [enough]).segments[0].is_sure


def test_the_order_is_by_the_seed_alone_and_each_is_as_likely_first() -> None:
    people = [f"away:{number:03d}" for number in range(100)]
    firsts = Counter(min(people, key=lambda one: place_of(f"seed {seed}", one)) for seed in range(2000))
    assert len(firsts) == 100
    assert max(firsts.values()) < 45, "20 are expected, 45 would be more than five deviations away"
    assert place_of("a", "x") == place_of("a", "x") != place_of("b", "x")


@pytest.mark.parametrize(
    ("question", "chances", "truth", "margin"),
    [
        (NPS, {"9": 0.5, "8": 0.3, "3": 0.2}, 30.0, 20.0),
        (YES_NO, {"yes": 0.5, "no": 0.5}, 50.0, 10.0),
        (STARS.questions[0], {"5": 0.9, "1": 0.1}, 4.6, 0.3),
    ],
)
def test_looking_again_and_again_leaves_the_figure_within_the_margin(
    question: Question, chances: dict[str, float], truth: float, margin: float
) -> None:
    chance = random.Random(3)
    ends = [_figure_at_the_end(question, chances, margin, chance) for _ in range(500)]
    within = sum(abs(figure - truth) <= margin + 1e-9 for figure in ends)
    assert within >= 0.94 * 500, "95 %, but for the chance of 500 runs"


def _figure_at_the_end(question: Question, chances: dict[str, float], margin: float, chance: random.Random) -> float:
    """Return the figure of a run in waves of 10 answers, when it is sure enough."""
    given, waves = Counter[str](), Waves(margin)
    is_number = question.kind is not Kind.YES_NO
    while True:
        given.update(chance.choices([*chances], [*chances.values()], k=10))
        tally = tally_of(given, is_number=is_number)
        if is_enough(margin_of(question, tally), tally.n, waves):
            result = question_result(question, tally, {})
            figure = result.nps or result.mean
            return figure.value if figure is not None else 100 * given["yes"] / tally.n
