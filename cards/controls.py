"""What an admin can do with a run, as buttons on its card, and the question before what cannot be undone.

A button is shown where the state of the run allows it; whether it may be pressed is decided when it is.
"""

from collections.abc import Callable, Sequence

import msgspec

from cards.elements import (
    Card,
    Element,
    Style,
    card,
    counted,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    text,
)
from feedback.runs.recalls import TO_RECALL
from feedback.runs.runs import DeliveryState, Run, RunState
from feedback.standing import Standing

_UNDER_WAY = frozenset({RunState.PLANNING, RunState.SENDING})
_TITLE = 200


class Control(msgspec.Struct, frozen=True):
    """One thing to do: its name in the card's data, its button, when it is offered, and what it asks beforehand."""

    name: str
    title: str
    is_offered: Callable[[Standing, str], bool]
    asks: Callable[[Standing], str] | None = None
    sure: str = ""  # the button that answers the question
    style: Style = Style.DEFAULT


def _may_resend(standing: Standing, _viewer: str) -> bool:
    return standing.run.state in {*_UNDER_WAY, RunState.SENT} and bool(standing.may_go_again)


def _may_recall(standing: Standing, _viewer: str) -> bool:
    if standing.run.state is RunState.RECALLED:
        return not standing.is_recalling and bool(_count(standing, *TO_RECALL))
    return standing.run.state is not RunState.PROPOSED


def _asks_resend(standing: Standing) -> str:
    said = []
    if doubtful := _count(standing, DeliveryState.UNCONFIRMED):
        them = counted(doubtful, "person", "people")
        said.append(
            f"It is sent again to **{them}** of whom we do not know whether it arrived. Some may then see it twice."
        )
    if standing.given_up:
        them = counted(standing.given_up, "person", "people")
        said.append(f"It is tried again for **{them}** to whom nothing was delivered.")
    return " ".join(said)


def _asks_cancel(standing: Standing) -> str:
    left = counted(standing.waiting, "person", "people")
    return f"**{left}** will not be written to any more, for good. Whoever has the card may still answer."


def _asks_recall(standing: Standing) -> str:
    cards = counted(_count(standing, *TO_RECALL), "card")
    kept = counted(_count(standing, DeliveryState.ANSWERED), "answer")
    return (
        f"**{cards}** will say that the survey was withdrawn, or disappear where you delete them. **{kept}** that we "
        "have are kept. No more cards leave and no more answers are taken. This cannot be undone."
    )


def _asks_approve(standing: Standing) -> str:
    return f"The survey goes to **{escape(excerpt(standing.run.audience, _TITLE))}** at once."


CONTROLS: tuple[Control, ...] = (
    Control(
        "approve",
        "Approve",
        lambda standing, viewer: standing.run.state is RunState.PROPOSED and standing.run.created_by != viewer,
        _asks_approve,
        "Yes, send it",
        Style.POSITIVE,
    ),
    Control("hold", "Hold", lambda standing, _: standing.run.state in _UNDER_WAY or standing.run.is_in_outage),
    Control(
        "continue",
        "Continue",
        lambda standing, _: standing.run.state is RunState.HELD or bool(standing.aside),
        style=Style.POSITIVE,
    ),
    Control("resend", "Resend", _may_resend, _asks_resend, "Yes, send again"),
    Control(
        "cancel",
        "Cancel",
        lambda standing, _: standing.run.state in {*_UNDER_WAY, RunState.HELD, RunState.PROPOSED},
        _asks_cancel,
        "Yes, cancel the run",
        Style.DESTRUCTIVE,
    ),
    Control("recall", "Recall", _may_recall, _asks_recall, "Yes, withdraw the cards", Style.DESTRUCTIVE),
)
_BY_NAME = {one.name: one for one in CONTROLS}


def buttons(standing: Standing, viewer: str) -> list[Element]:
    """Return the buttons of a run's card. What asks first leads to its question; at most six, as Teams shows."""
    run = standing.run
    offered = [one for one in CONTROLS if one.is_offered(standing, viewer)]
    people = [execute("People", "people", {"run": run.run})] if standing.progress.people else []
    return [execute("Refresh", "status", {"run": run.run}), *people, *(_button(run, one) for one in offered)]


def has_question(name: str) -> bool:
    """Say whether there is something to ask before this is done."""
    return name in _BY_NAME and _BY_NAME[name].asks is not None


def question_card(standing: Standing, name: str, details: Sequence[Element] = (), *, people: int = 0) -> Card:
    """Return the question before something that cannot be undone, with what else there is to know.

    The answer says how many `people` it was about.
    """
    control, run = _BY_NAME[name], standing.run
    title = f"{control.title}: {escape(run.run)}?"
    said = control.asks(standing) if control.asks is not None else ""
    data: dict[str, object] = {"run": run.run, "people": people} if people else {"run": run.run}
    answers = [execute(control.sure, name, data, style=control.style)]
    if name == "recall":
        answers.append(execute("Yes, delete the cards", name, {"run": run.run, "deleting": True}, style=control.style))
    back = execute("Back", "status", {"run": run.run})
    body = [heading(title), hint(escape(excerpt(run.survey.title, _TITLE))), text(said), *details]
    return card(body, [*answers, back], fallback=title)


def _button(run: Run, control: Control) -> Element:
    if control.asks is None:
        return execute(control.title, control.name, {"run": run.run}, style=control.style)
    return execute(f"{control.title}…", "confirm", {"run": run.run, "what": control.name})


def _count(standing: Standing, *states: DeliveryState) -> int:
    return sum(standing.progress.by_state.get(state, 0) for state in states)
