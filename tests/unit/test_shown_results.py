"""What is shown of an anonymous run: an attacker adds and subtracts all of it and never isolates too few people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import feedback.results.shown_results
from feedback.results.question_results import Results
from feedback.results.sealing import Sealed
from feedback.results.shown_results import anonymous_results
from feedback.results.suppression import Group
from feedback.results.tallies import Cell, tally_of
from feedback.results.verdicts import Verdict, anonymous_verdict, question_verdict
from feedback.runs.runs import DeliveryState, Run, RunState
from feedback.surveys.questions import Answers, Choice, Kind, Question
from feedback.surveys.surveys import Arm, Survey

THRESHOLD = 4
SURVEY = Survey(
    "hush",
    "Sample",
    (
        Question("score", Kind.RATING, "How good?"),
        Question("which", Kind.CHOICE, "Which?", choices=(Choice("x", "X"), Choice("y", "Y"))),
        Question("why", Kind.TEXT, "Why?"),
    ),
    is_anonymous=True,
    threshold=THRESHOLD,
    arms=tuple(Arm(one, one) for one in "abc"),
)
CLOSED = Run("hush-1", SURVEY, "customers", RunState.CLOSED, datetime(2026, 11, 24, tzinfo=UTC), "t:admin")

given_answers = st.fixed_dictionaries(
    {}, optional={"score": st.integers(1, 5), "which": st.sampled_from("xy"), "why": st.sampled_from(["One", "Two"])}
)
answered = st.lists(st.tuples(st.sampled_from("abc"), given_answers), max_size=20)


def shown(people: Sequence[tuple[str, Answers]], run: Run = CLOSED) -> Results:
    """Return what is shown when these people, each with an arm, gave these answers."""
    sealed = [Sealed(f"sealed-{n}", run.run, answers, arm) for n, (arm, answers) in enumerate(people)]
    texts = {("why", one.id): str(one.answers["why"]) for one in sealed if "why" in one.answers}
    who = Cell(states={DeliveryState.ANSWERED.value: len(people)})
    return anonymous_results(run, who, tally_of(run, [one.counted_as for one in sealed]), texts)


def scored(arm: str, people: int) -> list[tuple[str, Answers]]:
    return [(arm, {"score": 3})] * people


def isolated(results: Results) -> list[int]:
    """Return how many people each figure is about that an attacker can come to by adding and subtracting."""
    found: list[int] = []
    for one in results.questions:
        groups = [part.result.n for part in one.by_arm]
        sums = [sum(some) for number in range(1, len(groups) + 1) for some in combinations(groups, number)]
        found += [one.n, *sums, *(one.n - part for part in sums)]
    return [n for n in found if n]


@given(answered)
def test_nothing_that_can_be_worked_out_is_about_too_few(people: list[tuple[str, Answers]]) -> None:
    assert all(n >= THRESHOLD for n in isolated(shown(people)))


@given(answered)
def test_texts_are_read_only_where_enough_people_wrote_one(people: list[tuple[str, Answers]]) -> None:
    found = shown(people)
    wrote = sum("why" in answers for _, answers in people)
    latest = [text for one in found.questions for text in one.latest]
    assert bool(latest) == (wrote >= THRESHOLD)
    assert all(not part.result.latest for one in found.questions for part in one.by_arm)


@given(answered, st.sampled_from([RunState.SENDING, RunState.HELD, RunState.SENT, RunState.CANCELLED]))
def test_looks_while_the_run_is_open_show_the_same_whatever_was_answered(
    people: list[tuple[str, Answers]], state: RunState
) -> None:
    run = msgspec.structs.replace(CLOSED, state=state)
    silent: list[tuple[str, Answers]] = [(arm, {}) for arm, _ in people]
    assert shown(people, run) == shown(silent, run)
    assert shown(people, run).questions == ()


@given(answered, st.randoms(use_true_random=False))
def test_results_do_not_depend_on_who_of_an_arm_said_what(people: list[tuple[str, Answers]], chance: object) -> None:
    exchanged = list(people)
    chance.shuffle(exchanged)  # type: ignore[attr-defined]
    one, other = (
        [msgspec.structs.replace(q, latest=tuple(sorted(q.latest))) for q in shown(some).questions]
        for some in (people, exchanged)
    )
    if sum("why" in answers for _, answers in people) <= 5:  # of more, some are quoted
        assert one == other


def test_the_attacker_isolates_few_where_groups_are_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack above is able to succeed: against parts that are left out, and against parts as they are."""
    people = [*scored("a", 6), *scored("b", 1), *scored("c", 5)]
    assert min(isolated(shown(people))) >= THRESHOLD
    monkeypatch.setattr(
        feedback.results.shown_results,
        "joined",
        lambda sizes, threshold: tuple(Group((part,), n) for part, n in sizes if n >= threshold),
    )
    assert 1 in isolated(shown(people))


def test_two_small_neighbours_are_shown_together() -> None:
    people = [*scored("a", 2), *scored("b", 3), *scored("c", 4)]
    score = shown(people).questions[0]
    assert [(part.arms, part.result.n) for part in score.by_arm] == [(("a", "b"), 5), (("c",), 4)]


@given(answered)
def test_a_verdict_says_what_the_shown_numbers_say_and_nothing_else(people: list[tuple[str, Answers]]) -> None:
    found = shown(people)
    if found.withheld:
        assert found.verdict == Verdict()
        return
    assert found.verdict == anonymous_verdict(found.n)
    assert found.weighting is None
    for one in found.questions:
        is_judged = bool(one.n) and one.question.kind is not Kind.TEXT
        assert one.verdict == (question_verdict(found.verdict, one.n, None, None) if is_judged else Verdict())
        assert one.weighted is None


@given(answered)
def test_differences_are_those_of_groups_that_are_shown(people: list[tuple[str, Answers]]) -> None:
    for one in shown(people).questions:
        groups = [part.arms for part in one.by_arm]
        values = {part.arms: part.result for part in one.by_arm}
        assert all(each.arms in groups[1:] and each.than == groups[0] for each in one.differences)
        if one.question.id != "score":
            continue
        for each in one.differences:
            more, less = values[each.arms].mean, values[each.than].mean
            assert more is not None
            assert less is not None
            assert each.value == pytest.approx(more.value - less.value)
