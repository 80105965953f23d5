"""Cards rendered once for each run, language and arm."""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from broadcast.rendering import REMEMBERED, OncePerRun
from broadcast.sender import Message
from feedback.language import current
from feedback.runs.runs import Run, RunState
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY


def _run(clock: Clock, name: str = "pulse-1") -> Run:
    return Run(name, SURVEY, "everyone", RunState.SENDING, clock.now(), BY)


class Rendered:
    """Counts how often a card is made."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def __call__(self, run: Run, arm: str) -> Message:
        self.runs.append(run.run)
        return Message({"of": run.run + arm, "made": len(self.runs)}, summary=run.survey.title)


def _read(message: Message) -> object:
    return msgspec.json.decode(msgspec.json.encode(message.card))


def test_a_run_is_rendered_once_whatever_its_state(clock: Clock) -> None:
    rendered, run = Rendered(), _run(clock)
    once = OncePerRun(rendered)
    messages = [once(run, "en", ""), once(replace(run, state=RunState.SENT, people=7), "en", "")]
    assert [_read(one) for one in messages] == [{"of": "pulse-1", "made": 1}] * 2
    assert {one.summary for one in messages} == {"Sample"}


def test_every_language_has_its_own_card_made_in_it(clock: Clock) -> None:
    spoken: list[str] = []

    def render(run: Run, _arm: str) -> Message:
        spoken.append(current())
        return Message({"in": spoken[-1]}, summary=run.survey.title)

    once, run = OncePerRun(render), _run(clock)
    assert [_read(once(run, language, "")) for language in ("de", "ar", "de")] == [
        {"in": "de"},
        {"in": "ar"},
        {"in": "de"},
    ]
    assert spoken == ["de", "ar"]


def test_every_arm_has_its_own_card_in_every_language(clock: Clock) -> None:
    rendered = Rendered()
    once, run = OncePerRun(rendered), _run(clock)
    asked = [("en", "-a"), ("en", "-b"), ("de", "-a"), ("en", "-a"), ("de", "-a")]
    made = [_read(once(run, language, arm)) for language, arm in asked]
    assert made[:3] == [{"of": f"pulse-1{arm}", "made": number} for number, (_, arm) in enumerate(asked[:3], 1)]
    assert made[3:] == [made[0], made[2]]


def test_every_run_has_its_own_card_also_under_a_name_that_comes_again(clock: Clock) -> None:
    rendered = Rendered()
    once, run = OncePerRun(rendered), _run(clock)
    assert _read(once(run, "en", "")) == {"of": "pulse-1", "made": 1}
    assert _read(once(_run(clock, "pulse-2"), "en", "")) == {"of": "pulse-2", "made": 2}
    later = replace(run, created_at=run.created_at + timedelta(days=1))
    assert _read(once(later, "en", "")) == {"of": "pulse-1", "made": 3}


def test_only_so_many_cards_are_kept(clock: Clock) -> None:
    rendered = Rendered()
    once = OncePerRun(rendered)
    for number in range(REMEMBERED + 1):
        once(_run(clock, f"pulse-{number}"), "en", "")
    once(_run(clock, f"pulse-{REMEMBERED}"), "en", "")
    assert len(rendered.runs) == REMEMBERED + 1
    once(_run(clock, "pulse-0"), "en", "")
    assert rendered.runs[-1] == "pulse-0"
    assert len(rendered.runs) == REMEMBERED + 2
