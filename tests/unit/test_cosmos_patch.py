"""A patch in Cosmos DB's words: what can be said in one request, and which patches may be made twice."""

import pytest

from feedback.answers.answers import MARK as ANSWER_MARK
from feedback.runs.deliveries import Outcome, ended
from feedback.runs.runs import DeliveryState
from store.containers import CONTAINERS
from store.contract import Op, Patch, Where
from store.cosmos_patch import MARK, is_expressible, is_guarded, operations_of, predicate_of
from tests.conftest import Clock


def test_a_patch_becomes_operations_and_leaves_its_mark() -> None:
    made = operations_of(Patch("d", set={"a": [1]}, add={"n": -2}, unset=["gone"]), "m1")
    assert made == [
        {"op": "incr", "path": "/n", "value": -2},
        {"op": "set", "path": "/a", "value": [1]},
        {"op": "set", "path": "/gone", "value": None},
        {"op": "remove", "path": "/gone"},
        {"op": "set", "path": f"/{MARK}", "value": "m1"},
    ]


def test_text_in_a_condition_cannot_break_out_of_it() -> None:
    said = predicate_of("runs", Patch("d", when=[Where("s", Op.EQ, 'x" OR true OR "\\')]))
    version = CONTAINERS["runs"].version
    assert said == f'FROM c WHERE c["v"] = {version} AND (IS_STRING(c["s"]) AND c["s"] = "x\\" OR true OR \\"\\\\")'


@pytest.mark.parametrize(
    "patch",
    [
        Patch("d", when=[Where("list", Op.EQ, ["a"])]),
        Patch("d", when=[Where("list", Op.IN, [["a"]])]),
        Patch("d", set={f"x{n}": n for n in range(10)}),
        Patch("d", unset=[f"x{n}" for n in range(5)]),
        Patch("d", set={"a/b": 1}),
        Patch("d", when=[Where('x" = 1', Op.MISSING)]),
    ],
    ids=str,
)
def test_what_one_request_cannot_say(patch: Patch) -> None:
    assert not is_expressible(patch)


def answer(mark: str = "h_1") -> Patch:
    """Return a patch as feedback/answers/answers.py makes it."""
    news: dict[str, object] = dict.fromkeys(("state", "answers", "answered_at", "reason"), "") | {mark: 0}
    when = [Where("state", Op.NE, "recalled"), Where(mark, Op.MISSING)]
    return Patch("p", set=news, add={"revision": 1}, when=when)


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCONFIRMED])
def test_outcomes_and_answers_are_one_request_each_and_may_be_made_twice(state: DeliveryState, clock: Clock) -> None:
    reason = "" if state is DeliveryState.SENT else "why"
    for patch in (ended(Outcome("p", state, clock.now(), reason=reason, activity_id="a")), answer(f"{ANSWER_MARK}x")):
        assert is_expressible(patch)
        assert state is DeliveryState.UNCONFIRMED or is_guarded(patch)


@pytest.mark.parametrize(
    ("patch", "guarded"),
    [
        (Patch("d", set={"taken": True}, when=[Where("taken", Op.MISSING)]), True),
        (Patch("d", set={"state": "sent"}, when=[Where("state", Op.IN, ["planned"])]), True),
        (Patch("d", set={"state": "sent"}, when=[Where("state", Op.IN, ["planned", "sent"])]), False),
        (Patch("d", add={"n": 1}, when=[Where("n", Op.LT, 2)]), False),
        (Patch("d", set={"a": 1}, when=[Where("b", Op.MISSING)]), False),
        (Patch("d", set={"a": 1}), False),
    ],
    ids=str,
)
def test_a_patch_that_ends_its_own_condition_cannot_be_made_twice(patch: Patch, guarded: bool) -> None:  # noqa: FBT001
    assert is_guarded(patch) is guarded
