"""What a press on a card's button does. A card says what it acts on; whether this person may is decided here."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from bot import answering
from bot.turn import Reply, Turn
from broadcast.slices import where_it_stands
from cards.results import results_card
from cards.status import status_card
from feedback.errors import NotAllowed, Refusal
from feedback.people import Role
from feedback.results import results_of
from feedback.runs import find_run

Data = Mapping[str, object]


class UnknownAction(Refusal):
    """This button is from another version of me and no longer works. Type **help** to see what does."""


class Act(msgspec.Struct, frozen=True):
    """One action a card can carry: its name in the card's data, who may, and what it does."""

    name: str
    role: Role
    run: Callable[[Turn, Data], Awaitable[Reply]]


async def status(turn: Turn, data: Data) -> Reply:
    """Show where a run stands now."""
    found = await where_it_stands(turn.store, await find_run(turn.store, _text(data, "run")))
    return Reply(f"Status of {found.run.run}.", status_card(found))


async def results(turn: Turn, data: Data) -> Reply:
    """Show a run's results as they are now."""
    run = await find_run(turn.store, _text(data, "run"))
    return Reply(f"Results of {run.run}.", results_card(await results_of(turn.store, run)))


ACTS: dict[str, Act] = {
    one.name: one
    for one in (
        Act("answer", Role.CUSTOMER, answering.answer),
        Act("back", Role.CUSTOMER, answering.back),
        Act("later", Role.CUSTOMER, answering.later),
        Act("snooze", Role.CUSTOMER, answering.ask_again),
        Act("decline", Role.CUSTOMER, answering.not_for_me),
        Act("type", Role.CUSTOMER, answering.by_typing),
        Act("open", Role.CUSTOMER, answering.come_back_to),
        Act("edit", Role.CUSTOMER, answering.edit),
        Act("status", Role.ADMIN, status),
        Act("results", Role.ENGINEER, results),
    )
}


async def act(turn: Turn, data: Data) -> Reply:
    """Do what a card action asks. Raises `Refusal` or `StoreError`."""
    found = ACTS.get(_text(data, "act"))
    if found is None:
        raise UnknownAction
    if not turn.role.includes(found.role):
        raise NotAllowed(command=found.name, role=found.role.value)
    return await found.run(turn, data)


def _text(data: Data, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
