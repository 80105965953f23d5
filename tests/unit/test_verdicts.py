"""“Do not conclude yet”: each reason is given when it holds, with its numbers, and never when it does not."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from feedback.people.mixes import Margin, Mix, segment_of
from feedback.results.findings import finding_of
from feedback.results.results import Results
from feedback.results.shown_results import anonymous_results, results_from
from feedback.results.tallies import Cell, Tally, tally_of
from feedback.results.verdicts import Doubt, Verdict
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState
from feedback.surveys.questions import Answer, Choice, Kind, Question
from feedback.surveys.surveys import Survey

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MIX = Mix((Margin("size", (("small", 50.0), ("large", 50.0))),))
CHOICES = (Choice("a", "Apples"), Choice("b", "Bees"))
NPS = Question("nps", Kind.NPS, "How likely?")
SURVEY = Survey(
    "pulse",
    "Sample",
    (
        NPS,
        Question("stars", Kind.RATING, "Stars?"),
        Question("done", Kind.YES_NO, "Done?"),
        Question("which", Kind.CHOICE, "Which?", choices=CHOICES),
        Question("why", Kind.TEXT, "Why?"),
    ),
)


def people(n: int, answers: Mapping[str, Answer], *, size: str = "small", tenants: int = 100) -> list[Delivery]:
    """Return so many people who answered the same, of as many companies as there are."""
    return [
        Delivery(
            "pulse-1",
            f"t{number % tenants}:{size}-{number}-{sorted(answers.items())}",
            DeliveryState.ANSWERED,
            0,
            answered_at=NOW,
            answers=dict(answers),
            segment=segment_of(MIX, {"size": size}),
        )
        for number in range(n)
    ]


def results(everybody: Sequence[Delivery], mix: Mix | None = MIX) -> Results:
    run = Run("pulse-1", SURVEY, "panel insiders", RunState.SENT, NOW, "t:boss", mix=mix)
    return results_from(run, tally_of(run, everybody), {})


def doubts(verdict: Verdict) -> dict[Doubt, str]:
    return {one.doubt: one.words for one in verdict.reasons}


def of(found: Results, question: str) -> dict[Doubt, str]:
    return doubts(next(one for one in found.questions if one.question.id == question).verdict)


def test_enough_answers_from_everybody_may_be_concluded_from() -> None:
    found = results([*people(40, {"nps": 10}), *people(40, {"nps": 9}, size="large")])
    assert found.verdict == Verdict()
    assert not found.verdict.is_too_early
    assert of(found, "nps") == {}


@pytest.mark.parametrize(("n", "is_too_few"), [(29, True), (30, False)])
def test_fewer_than_thirty_answers_are_too_few(n: int, *, is_too_few: bool) -> None:
    small = n // 2
    found = results([*people(small, {"nps": 10}), *people(n - small, {"nps": 10}, size="large")])
    words = f"Too few answers: {n}; it takes 30."
    assert doubts(found.verdict) == ({Doubt.TOO_FEW: words} if is_too_few else {})
    assert of(found, "nps") == ({Doubt.TOO_FEW: words} if is_too_few else {})


def test_many_answers_with_unequal_weights_are_too_few() -> None:
    found = results([*people(190, {"nps": 10}), *people(8, {"nps": 10}, size="large")])
    assert found.weighting is not None
    assert found.weighting.precision is not None
    assert found.weighting.precision.n_effective == pytest.approx(198**2 / (99**2 / 190 + 99**2 / 8), rel=1e-9)
    said = "Weighted to the target mix, 198 answers are worth 30; it takes 30."
    assert doubts(found.verdict) == {}
    fewer = results([*people(190, {"nps": 10}), *people(7, {"nps": 10}, size="large")])
    assert doubts(fewer.verdict) == {Doubt.TOO_FEW: said.replace("198", "197").replace("worth 30", "worth 27")}


def test_a_question_that_few_answered_is_doubted_alone() -> None:
    few = [*people(10, {"nps": 10, "done": True}), *people(10, {"nps": 10, "done": True}, size="large")]
    found = results([*few, *people(30, {"nps": 9}), *people(30, {"nps": 9}, size="large")])
    assert found.verdict == Verdict()
    asked = next(one for one in found.questions if one.question.id == "done")
    assert doubts(asked.verdict) == {Doubt.TOO_FEW: "Too few answers: 20; it takes 30."}
    assert asked.verdict.own == asked.verdict.reasons
    assert of(found, "nps") == {}


def test_a_segment_that_nobody_answers_of_is_missing_and_nothing_is_weighted() -> None:
    sent = [Delivery("pulse-1", f"t:l{n}", DeliveryState.SENT, 0, segment="1") for n in range(20)]
    found = results([*people(60, {"nps": 10}), *sent])
    assert doubts(found.verdict) == {Doubt.MISSING: "Nobody has answered of size=large (50 % of the target mix)."}
    assert of(found, "nps") == doubts(found.verdict)
    assert found.questions[0].verdict.own == ()
    assert found.questions[0].weighted is None
    assert found.weighting is not None
    assert "no answers" in found.weighting.why_not
    assert [(one.value, one.audience, one.answered) for one in found.weighting.segments] == [
        ("small", 60, 60),
        ("large", 20, 0),
    ]


def test_people_without_a_place_in_the_mix_count_in_the_raw_figures_alone() -> None:
    both = [*people(40, {"nps": 10}), *people(40, {"nps": 10}, size="large")]
    found = results([*both, *people(20, {"nps": 0}, size="huge")])
    assert found.weighting is not None
    assert found.weighting.left_out == 20
    asked = found.questions[0]
    assert asked.nps is not None
    assert asked.weighted is not None
    assert asked.weighted.nps is not None
    assert (asked.nps.value, asked.weighted.nps.value) == (60, 100)
    assert (asked.n, asked.weighted.precision.n) == (100, 80)


def test_one_company_with_more_than_its_share_is_named() -> None:
    silent = [Delivery("pulse-1", f"t{n}:s{n}", DeliveryState.SENT, 0, segment="0") for n in range(100)]
    one = [
        Delivery("pulse-1", f"x:{n}", DeliveryState.ANSWERED, 0, answers={"nps": 10}, segment="0", company="sample co")
        for n in range(30)
    ]
    rest = [*people(35, {"nps": 10}), *people(35, {"nps": 10}, size="large")]
    found = results([*silent, *one, *rest])
    said = "One company, sample co, gave 30 % of the answers and is 15 % of the audience."
    assert doubts(found.verdict) == {Doubt.COMPANY: said}
    assert of(found, "nps") == {Doubt.COMPANY: said}


def test_a_company_that_no_attribute_names_is_a_tenant() -> None:
    tenant = "72f9a1c0-0000-4000-8000-000000000001"
    silent = [Delivery("pulse-1", f"t{n}:s{n}", DeliveryState.SENT, 0, segment="0") for n in range(100)]
    one = [Delivery("pulse-1", f"{tenant}:{n}", DeliveryState.ANSWERED, 0, segment="0") for n in range(40)]
    found = results([*silent, *one, *people(30, {"nps": 10}), *people(30, {"nps": 10}, size="large")])
    assert doubts(found.verdict)[Doubt.COMPANY].startswith("One company, tenant 72f9a1c0…, gave 40 %")


@pytest.mark.parametrize("tenants", [1, 2, 100])
def test_a_company_with_its_share_is_no_reason(tenants: int) -> None:
    found = results(
        [*people(50, {"nps": 10}, tenants=tenants), *people(50, {"nps": 10}, size="large", tenants=tenants)]
    )
    assert Doubt.COMPANY not in doubts(found.verdict)


def test_a_company_with_a_tenth_of_the_answers_does_not_carry_them() -> None:
    silent = [Delivery("pulse-1", f"t{n}:s{n}", DeliveryState.SENT, 0, segment="0") for n in range(1000)]
    one = [Delivery("pulse-1", f"x:{n}", DeliveryState.ANSWERED, 0, segment="0") for n in range(15)]
    found = results([*silent, *one, *people(65, {"nps": 10}), *people(65, {"nps": 10}, size="large")])
    assert Doubt.COMPANY not in doubts(found.verdict)


def test_among_very_many_companies_a_large_one_is_found_without_its_name() -> None:
    many = [Delivery("pulse-1", f"t{n}:s", DeliveryState.ANSWERED, 0, segment=f"{n % 2}") for n in range(400)]
    silent = [Delivery("pulse-1", f"t{n}:q", DeliveryState.SENT, 0, segment="0") for n in range(3000)]
    one = [Delivery("pulse-1", f"x:{n}", DeliveryState.ANSWERED, 0, segment=f"{n % 2}") for n in range(400)]
    said = doubts(results([*many, *silent, *one]).verdict)[Doubt.COMPANY]
    assert said.startswith("One company, or a few that are counted together, gave 50 %")


@pytest.mark.parametrize(
    ("question", "small", "large", "before", "after"),
    [
        ("nps", 10, 0, "an NPS above zero", "an NPS below zero"),
        ("stars", 5, 1, "an average above the middle of the scale", "an average below the middle of the scale"),
        ("done", True, False, "more Yes than No", "more No than Yes"),
        ("which", "a", "b", "Apples ahead", "Bees ahead"),
    ],
)
def test_a_finding_that_one_segment_turns_around_is_doubted(
    question: str, small: Answer, large: Answer, before: str, after: str
) -> None:
    some = people(100, {question: small})
    others = [*people(90, {question: large}, size="large"), *people(30, {question: small}, size="large")]
    said = of(results([*some, *others]), question)
    assert said == {
        Doubt.FLIPS: f"Leaving out size=small turns the finding from “{before}” to “{after}”.",
    }
    agreed = [*people(90, {question: small}, size="large"), *people(30, {question: large}, size="large")]
    assert of(results([*some, *agreed]), question) == {}


def test_the_finding_is_that_of_the_weighted_figure() -> None:
    promoting, other = people(300, {"nps": 10}), people(40, {"nps": 0}, size="large")
    mostly = [*promoting, *people(10, {"nps": 8}), *other]
    said = of(results(mostly), "nps")[Doubt.FLIPS]
    assert "from “an NPS below zero” to “an NPS above zero”" in said, "raw, it would be above zero"


def test_two_segments_that_turn_it_around_are_both_named() -> None:
    found = results([*people(50, {"nps": 10}), *people(50, {"nps": 0}, size="large")])
    said = of(found, "nps")[Doubt.FLIPS]
    assert said == (
        "Leaving out size=small turns the finding from “an NPS of zero” to “an NPS below zero”. "
        "So does leaving out size=large."
    )


def test_without_a_mix_it_says_what_was_not_checked() -> None:
    found = results(people(40, {"nps": 10}), None)
    assert (found.weighting, found.questions[0].weighted) == (None, None)
    assert "was not checked" in found.verdict.unchecked
    assert not found.verdict.is_too_early


def test_before_anybody_answers_there_is_no_verdict() -> None:
    sent = [Delivery("pulse-1", "t:1", DeliveryState.SENT, 0, segment="0")]
    for found in (results(sent), results([])):
        assert found.verdict == Verdict()
        assert all(one.verdict == Verdict() for one in found.questions)


def test_texts_have_no_verdict() -> None:
    found = results(people(5, {"why": "Slow", "nps": 3}))
    assert of(found, "why") == {}
    assert Doubt.TOO_FEW in of(found, "nps")


def anonymous(n: int, *, is_open: bool = False) -> Results:
    """Return what is shown of an anonymous run, whose tally is forged to have what none may have."""
    survey = Survey("hush", "Sample", (NPS,), is_anonymous=True, threshold=5)
    state = RunState.SENT if is_open else RunState.CLOSED
    run = Run("hush-1", survey, "panel insiders", state, NOW, "t:boss", mix=MIX)
    named = [
        Delivery("hush-1", f"x:{number}", DeliveryState.ANSWERED, 0, answers={"nps": 10}, segment="0", company="sample")
        for number in range(n)
    ]
    who = Cell(states={DeliveryState.ANSWERED.value: n})
    return anonymous_results(run, who, None if is_open else tally_of(run, named), {})


def test_an_anonymous_run_is_judged_by_its_n_and_nothing_else() -> None:
    found = anonymous(12)
    assert doubts(found.verdict) == {Doubt.TOO_FEW: "Too few answers: 12; it takes 30."}
    assert of(found, "nps") == doubts(found.verdict)
    assert "cannot be known" in found.verdict.unchecked
    enough = anonymous(31)
    assert (enough.verdict.reasons, enough.questions[0].verdict.reasons) == ((), ())
    assert (enough.weighting, enough.questions[0].weighted) == (None, None)


@pytest.mark.parametrize(("n", "is_open"), [(4, False), (100, True)])
def test_of_what_is_not_shown_there_is_no_verdict(n: int, *, is_open: bool) -> None:
    found = anonymous(n, is_open=is_open)
    assert found.verdict == Verdict()
    assert found.questions == ()


def test_a_question_that_is_withheld_has_no_verdict() -> None:
    survey = Survey("hush", "Sample", (NPS, SURVEY.questions[1]), is_anonymous=True, threshold=5)
    run = Run("hush-1", survey, "customers", RunState.CLOSED, NOW, "t:boss")
    answered = [*people(9, {"nps": 10}), *people(2, {"nps": 10, "stars": 1})]
    sealed = tally_of(run, answered)
    found = anonymous_results(run, Cell(states={"answered": 11}), sealed, {})
    stars = found.questions[1]
    assert stars.is_withheld
    assert stars.verdict == Verdict()


def test_an_anonymous_tally_counts_no_companies() -> None:
    survey = Survey("hush", "Sample", (NPS,), is_anonymous=True)
    run = Run("hush-1", survey, "customers", RunState.SENT, NOW, "t:boss")
    cell = tally_of(run, people(20, {"nps": 10})).everybody
    assert (cell.companies.by_value, cell.heard.by_value) == ({}, {})
    assert Tally().everybody.companies.by_value == {}


def test_a_matrix_has_a_finding_for_each_row() -> None:
    question = Question("m", Kind.MATRIX, "How good?", choices=CHOICES, rows=(Choice("x", "Ex"), Choice("y", "Why")))
    counts = {"x.a": 3.0, "x.b": 1.0, "y.a": 2.0, "y.b": 2.0}
    assert finding_of(question, counts) == {"x": "Ex: Apples ahead", "y": "Why: Apples and Bees level"}


@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.DATE, Kind.TEXT])
def test_where_there_is_nothing_to_compare_with_there_is_no_finding(kind: Kind) -> None:
    assert finding_of(Question("q", kind, "?"), {"1": 3.0}) == {}
    assert finding_of(NPS, {}) == {}
