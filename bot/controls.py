"""What the buttons on the card of a run do. What is refused is said on the card, so that it stays where it is."""

from collections.abc import Awaitable, Callable

from bot.carried import Data, number_in, text_in
from bot.running import file_of, people_in, shown, states_of, take
from bot.turn import Reply, Turn
from cards.controls import has_question, question_card
from cards.elements import Element
from cards.panels import asked_for
from cards.people_list import state_named
from feedback.errors import Refusal
from feedback.runs.runs import find_run


async def status(turn: Turn, data: Data) -> Reply:
    """Show where a run stands now."""
    return await shown(turn, await find_run(turn.store, text_in(data, "run")))


async def confirm(turn: Turn, data: Data) -> Reply:
    """Ask before something that cannot be undone; meanwhile the card stays as it is."""
    run, what = await find_run(turn.store, text_in(data, "run")), text_in(data, "what")
    if not has_question(what):
        return await shown(turn, run)
    await turn.parts.watcher.end(run.run, turn.person.id)
    standing = await turn.parts.broadcaster.standing(run)
    details: list[Element] = []
    people = 0
    if what == "approve":
        found = await turn.parts.broadcaster.foretell(run.audience, by=run.created_by)
        details, people = asked_for(run, found, turn.now), found.reachable
    return Reply("Are you sure?", question_card(standing, what, details, people=people))


def control(name: str) -> Callable[[Turn, Data], Awaitable[Reply]]:
    """Return what the button of this name does with a run."""

    async def do(turn: Turn, data: Data) -> Reply:
        run = await find_run(turn.store, text_in(data, "run"))
        try:
            is_deleting = data.get("deleting") in {True, "true"}
            return await take(turn, name, run, is_deleting=is_deleting, seen=number_in(data, "people"))
        except Refusal as refused:
            now = await find_run(turn.store, run.run)
            return await shown(turn, now, notice=str(refused))

    return do


async def people(turn: Turn, data: Data) -> Reply:
    """Show a page of the people in a state of a run, or which states there are."""
    run, state = await find_run(turn.store, text_in(data, "run")), state_named(text_in(data, "state"))
    await turn.parts.watcher.end(run.run, turn.person.id)
    if state is None:
        return await states_of(turn, run)
    words, after = text_in(data, "words"), text_in(data, "after")
    return await people_in(turn, run, state, words=words, after=after, before=number_in(data, "before"))


async def export(turn: Turn, data: Data) -> Reply:
    """Give a link to the file with everybody in a run."""
    run = await find_run(turn.store, text_in(data, "run"))
    await turn.parts.watcher.end(run.run, turn.person.id)
    try:
        return await file_of(turn, run)
    except Refusal as refused:
        return await shown(turn, run, notice=str(refused))
