"""Commands for engineers: log a conversation, find what is known."""

from bot.results import USAGE, typed
from bot.turn import Reply, Turn
from cards.dashboard import dashboard_card
from cards.notes import note_card, notes_card
from dialogs.note import NOTE_DIALOG
from feedback.errors import NothingToSay, RunUnknown
from feedback.notes import NoteKind, find_notes, keep_note
from feedback.runs.runs import Run, find_run, runs_of

MAX_NAME = 60  # characters of a name that are said back


async def note(turn: Turn) -> list[Reply]:
    """Log a conversation in one line, or begin to ask for it."""
    if not turn.text:
        await turn.guides.begin(NOTE_DIALOG, {"author": turn.person.id})
        return []
    kept = await keep_note(turn.store, NoteKind.NOTE, turn.person, turn.text, source=turn.source, now=turn.now)
    return [Reply("Your note is kept.", note_card(kept.note, was_repeat=kept.is_repeat))]


async def notes(turn: Turn) -> list[Reply]:
    """Find notes and feedback by words."""
    found, has_more = await find_notes(turn.store, turn.text)
    return [Reply(f"{len(found)} notes found.", notes_card(found, turn.text, more=has_more))]


async def results(turn: Turn) -> list[Reply]:
    """Show the results of a run, or of the latest run of a survey; by segment, or once there are more."""
    if not turn.text:
        raise NothingToSay(usage=USAGE)
    return [await typed(turn, await run_named(turn))]


async def dashboard(turn: Turn) -> list[Reply]:
    """Give the address of the pages with runs and results, or of one run's results."""
    run = await run_named(turn) if turn.text else None
    address = turn.parts.links.page("/" if run is None else f"/runs/{run.run}/results")
    return [Reply("The dashboard.", dashboard_card(run, address))]


async def run_named(turn: Turn) -> Run:
    """Return the run with the name given, or the latest run of the survey with that name."""
    name = turn.text.split()[0].strip(".,!?\"'“”").lower()[:MAX_NAME]
    try:
        return await find_run(turn.store, name)
    except RunUnknown:
        runs = await runs_of(turn.store, name)
        if not runs:
            raise
        return runs[-1]
