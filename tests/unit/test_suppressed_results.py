"""The attacker at the results themselves: whatever they show of whomever, sums and differences of it isolate nobody.

The people of a question are those who answered it, by arm. Everything that is shown about them is a sum over some of
the arms, so the attacker can work out what lies in the span of these sums, and nothing else.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import combinations

from hypothesis import example, given
from hypothesis import strategies as st

from cards.elements import Card
from cards.results import results_card
from feedback.results.question_results import QuestionResult, Results
from feedback.results.sealing import Sealed
from feedback.results.shown_results import anonymous_results, may_quote
from feedback.results.tallies import Tally, tally_of
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState
from feedback.surveys.questions import Answers, Choice, Kind, Question
from feedback.surveys.surveys import Arm, Survey

ARMS = ("a", "b", "c")
ROWS = (Choice("search", "Search"), Choice("sync", "Sync"))
QUESTIONS = (
    Question("score", Kind.NPS, "How likely?"),
    Question("why", Kind.TEXT, "Why?"),
    Question("grid", Kind.MATRIX, "How good?", choices=(Choice("bad", "Bad"), Choice("good", "Good")), rows=ROWS),
)
NOBODY = 0

grids = st.dictionaries(st.sampled_from(["search", "sync"]), st.sampled_from(["bad", "good"]), min_size=1)
answers = st.fixed_dictionaries({}, optional={"score": st.integers(0, 10), "why": st.just("A text"), "grid": grids})
people = st.lists(st.tuples(st.sampled_from(ARMS), answers), max_size=24)

Said = Sequence[tuple[str, Answers]]
Shown = tuple[frozenset[str], int]  # arms, and how many of them answered


def run_of(threshold: int) -> Run:
    survey = Survey(
        "s", "T", QUESTIONS, is_anonymous=True, threshold=threshold, arms=tuple(Arm(one, one.upper()) for one in ARMS)
    )
    return Run("s-1", survey, "customers", RunState.CLOSED, datetime(2026, 11, 24, 9, tzinfo=UTC), "t:admin")


def sealed_tally(run: Run, said: Said) -> Tally:
    return tally_of(run, [Sealed(f"x{n}", run.run, given, arm).counted_as for n, (arm, given) in enumerate(said)])


def results(threshold: int, said: Said) -> Results:
    run = run_of(threshold)
    sealed = sealed_tally(run, said)
    took_part = tally_of(run, [Delivery(run.run, f"t:{n}", DeliveryState.ANSWERED, 0) for n in range(len(said))])
    texts = {
        (question, answered): str(said[int(answered[1:])][1][question])
        for question, one in sealed.everybody.questions.items()
        if may_quote(run, sealed, question)
        for _, answered in one.latest
    }
    return anonymous_results(run, took_part.everybody, sealed, texts)


def parts_of(one: QuestionResult) -> list[tuple[str, int]]:
    """Return what is asked in a question, the rows of a matrix each by itself, and how many answers are shown."""
    if one.question.kind is not Kind.MATRIX:
        return [("", one.n)]
    return [(row.id, sum(n for words, n in one.counts if words.startswith(row.text))) for row in one.question.rows]


def shown_about(found: Results) -> dict[tuple[str, str], list[Shown]]:
    """Return, for each question and row, about which arms together something is shown."""
    shown: dict[tuple[str, str], list[Shown]] = {}
    for one in found.questions:
        if one.is_withheld:
            continue
        for arms, result in [(ARMS, one), *((group.arms, group.result) for group in one.by_arm)]:
            for part, n in parts_of(result):
                shown.setdefault((one.question.id, part), []).append((frozenset(arms), n))
    return shown


def asked_of(said: Said, question: str, part: str) -> dict[str, int]:
    """Return how many people of each arm answered a question, or a row of it: what the attacker is after."""
    counts = dict.fromkeys(ARMS, 0)
    for arm, given_ in said:
        answer = given_.get(question)
        counts[arm] += part in answer if isinstance(answer, dict) and part else answer is not None
    return counts


def isolated(shown: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Return every set of arms whose figures follow from those that are shown."""
    known = _reduced([[Fraction(arm in arms) for arm in ARMS] for arms in shown])
    every = [frozenset(some) for size in range(1, len(ARMS) + 1) for some in combinations(ARMS, size)]
    return [some for some in every if len(_reduced([*known, [Fraction(arm in some) for arm in ARMS]])) == len(known)]


def _reduced(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return independent rows with the same span."""
    kept: list[list[Fraction]] = []
    for row in rows:
        left = row
        for one in kept:
            lead = next(place for place, value in enumerate(one) if value)
            left = [a - b * left[lead] / one[lead] for a, b in zip(left, one, strict=True)]
        if any(left):
            kept.append(left)
    return kept


@given(st.integers(3, 6), people)
@example(3, [("a", {"grid": {"search": "good", "sync": "bad"}})] * 3 + [("b", {"grid": {"search": "bad"}})] * 3)
def test_no_sum_or_difference_of_results_is_about_too_few(threshold: int, said: Said) -> None:
    for (question, part), shown in shown_about(results(threshold, said)).items():
        counts = asked_of(said, question, part)
        for some in isolated(arms for arms, _ in shown):
            size = sum(counts[arm] for arm in some)
            assert size >= threshold or size == NOBODY, (question, part, sorted(some))


@given(st.integers(3, 6), people)
def test_what_is_shown_is_right_and_everything_that_may_be_shown_is(threshold: int, said: Said) -> None:
    shown = shown_about(results(threshold, said))
    for question in ("score", "why"):
        counts = asked_of(said, question, "")
        whole = sum(counts.values())
        assert ((question, "") in shown) == (whole >= threshold)
        for arms, n in shown.get((question, ""), []):
            assert n == sum(counts[arm] for arm in arms)


@given(st.integers(3, 6), people)
def test_no_text_is_quoted_of_a_question_that_too_few_answered(threshold: int, said: Said) -> None:
    found = results(threshold, said)
    given_ = sum("why" in one for _, one in said)
    card = str(_body(results_card(found)))
    assert ("A text" in card) == (given_ >= threshold)
    assert all(not group.result.latest for one in found.questions for group in one.by_arm)


def test_the_attacker_finds_what_is_only_left_out() -> None:
    a, b, c = (frozenset(one) for one in ARMS)
    assert a | b in isolated([a | b | c, c])
    assert b in isolated([a | b | c, a, c])  # left out alone, b is everybody without the others
    assert b not in isolated([a | b | c, a | b, c])
    assert isolated([]) == []


def _body(card: Card) -> object:
    return card["body"]
