"""What a press on a card's button does. A card says what it acts on; whether this person may is decided here."""

from collections.abc import Awaitable, Callable

import msgspec

from bot import answering, controls, results, sending, sketching
from bot.carried import Data, text_in
from bot.turn import Reply, Turn
from feedback.errors import NotAllowed, Refusal
from feedback.language import ENGLISH, speaking
from feedback.people.people import Role, role_now


class UnknownAction(Refusal):
    """This button is from another version of me and no longer works. Type **help** to see what does."""


class Act(msgspec.Struct, frozen=True):
    """One action a card can carry: its name in the card's data, who may, and what it does."""

    name: str
    role: Role
    run: Callable[[Turn, Data], Awaitable[Reply]]


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
        Act("status", Role.ADMIN, controls.status),
        Act("confirm", Role.ADMIN, controls.confirm),
        Act("approve", Role.ADMIN, controls.control("approve")),
        Act("hold", Role.ADMIN, controls.control("hold")),
        Act("continue", Role.ADMIN, controls.control("continue")),
        Act("cancel", Role.ADMIN, controls.control("cancel")),
        Act("resend", Role.ADMIN, controls.control("resend")),
        Act("recall", Role.ADMIN, controls.control("recall")),
        Act("people", Role.ADMIN, controls.people),
        Act("export", Role.ADMIN, controls.export),
        Act("results", Role.ENGINEER, results.results),
        Act("segments", Role.ENGINEER, results.segments),
        Act("wish", Role.ENGINEER, results.wish),
        Act("unwish", Role.ENGINEER, results.unwish),
        Act("sketch", Role.ADMIN, sketching.press),
        Act("trial", Role.ADMIN, sketching.trial),
        Act("saved", Role.ADMIN, sending.saved),
        Act("foretell", Role.ADMIN, sending.foretell),
        Act("send", Role.ADMIN, sending.send_once),
    )
}


async def act(turn: Turn, data: Data) -> Reply:
    """Do what a card action asks. Raises `Refusal` or `StoreError`."""
    found = ACTS.get(text_in(data, "act"))
    if found is None:
        raise UnknownAction
    role = turn.role if turn.role.includes(found.role) else await role_now(turn.store, turn.parts.policy, turn.person)
    if not role.includes(found.role):
        raise NotAllowed(command=found.name, role=found.role.value)
    turn = msgspec.structs.replace(turn, role=role)
    if found.role is Role.CUSTOMER:
        return await found.run(turn, data)
    with speaking(ENGLISH):  # what engineers and admins read is in English alone: decisions/0020
        return await found.run(turn, data)
