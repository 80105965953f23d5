"""Results in the chat: of everybody, by segment, and telling somebody once there are more. Commands and buttons alike.

A card says what it shows; whether that may be shown is decided by what is stored.
"""

from bot.carried import Data, number_in, text_in
from bot.turn import Reply, Turn
from broadcast.outbox import written
from cards.errors import refusal_sentence
from cards.results import results_card
from cards.results_segments import attributes_card, segments_card
from cards.wishes import ANSWERS_INPUT, kept_card, promise, wish_card
from feedback.errors import NothingToSay, Refusal
from feedback.results.results import results_of
from feedback.results.segments import attributes_of, segments_of
from feedback.results.tallies import Cell
from feedback.results.tally_tree import find_tally
from feedback.runs.runs import Run, find_run
from feedback.wishes import Wish, find_wish, forget_wish, keep_wish

USAGE = "results <survey or run> [by <attribute>] [at <number>]"
MAX_ATTRIBUTE = 60  # characters of a name that are said back


async def typed(turn: Turn, run: Run) -> Reply:
    """Show the results of a run, or do with them what the words behind its name say. Raises `Refusal`."""
    _, *rest = turn.text.split()
    if not rest:
        return await shown(turn, run)
    word, said = rest[0].lower(), " ".join(rest[1:])
    if word == "by":
        return await _by(turn, run, said) if said else await _by_what(turn, run)
    if word != "at":
        raise NothingToSay(usage=USAGE)
    wish, cell = await _keep(turn, run, said)
    return Reply(promise(wish), kept_card(run, wish, cell.answered))


async def shown(turn: Turn, run: Run, *, first: int = 0, notice: str = "") -> Reply:
    """Return a run's results as they are now."""
    found = await results_of(turn.store, run.run, turn.parts.tallier)
    return Reply(f"Results of {run.run}.", results_card(found, first=first, notice=notice))


async def results(turn: Turn, data: Data) -> Reply:
    """Show a run's results as they are now."""
    return await shown(turn, await find_run(turn.store, text_in(data, "run")), first=number_in(data, "first"))


async def segments(turn: Turn, data: Data) -> Reply:
    """Show what people answered by one thing known about them, or by what they can be divided."""
    run, attribute = await find_run(turn.store, text_in(data, "run")), text_in(data, "by")
    if not attribute:
        return await _by_what(turn, run)
    try:
        return await _by(turn, run, attribute, first=number_in(data, "first"))
    except Refusal as refused:
        return await _by_what(turn, run, notice=refusal_sentence(refused))


async def wish(turn: Turn, data: Data) -> Reply:
    """Ask at how many answers somebody wants to be told, or keep what they said."""
    run = await find_run(turn.store, text_in(data, "run"))
    if data.get("is_said") not in {True, "true"}:
        return await _asked(turn, run)
    try:
        kept, _ = await _keep(turn, run, str(data.get(ANSWERS_INPUT, "")))
    except Refusal as refused:
        return await _asked(turn, run, notice=refusal_sentence(refused))
    return await shown(turn, run, notice=promise(kept))


async def unwish(turn: Turn, data: Data) -> Reply:
    """Let somebody not be told, and show the results."""
    run = await find_run(turn.store, text_in(data, "run"))
    await forget_wish(turn.store, run.run, turn.person.id)
    return await shown(turn, run, notice="I do not tell you.")


async def _by(turn: Turn, run: Run, attribute: str, *, first: int = 0) -> Reply:
    found = await segments_of(turn.store, run, attribute.strip(" .,!?").lower()[:MAX_ATTRIBUTE])
    return Reply(f"Results of {run.run} by segment.", segments_card(found, first=first))


async def _by_what(turn: Turn, run: Run, *, notice: str = "") -> Reply:
    attributes = await attributes_of(turn.store, run)
    return Reply(f"Results of {run.run} by segment.", attributes_card(run, attributes, notice=notice))


async def _asked(turn: Turn, run: Run, *, notice: str = "") -> Reply:
    """Return the question at how many answers; of a run that is over, why there is none."""
    cell = await _counted(turn, run)
    if not run.takes_answers:
        return await shown(turn, run, notice=notice or f"{run.run} is over, and takes no more answers.")
    before = await find_wish(turn.store, run.run, turn.person.id)
    return Reply("Tell me when.", wish_card(run, cell.answered, before, notice=notice))


async def _keep(turn: Turn, run: Run, words: str) -> tuple[Wish, Cell]:
    cell = await _counted(turn, run)
    kept = await keep_wish(turn.store, run, turn.person.id, words, cell, at=written(turn.now))
    return kept, cell


async def _counted(turn: Turn, run: Run) -> Cell:
    await turn.parts.tallier.catch_up(run.run)
    return (await find_tally(turn.store, run.run)).everybody
