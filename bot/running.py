"""Commands for admins about a run that is on its way: where it stands, who is in it, and what can be done with it."""

from bot import schedules
from bot.engineers import run_named
from bot.turn import Reply, Turn
from broadcast.slices import where_it_stands
from cards.audit import audit_card
from cards.elements import Element, counted, text
from cards.errors import refusal_sentence
from cards.panels import asked_for
from cards.people_list import link_card, list_card, state_named, states_card
from cards.status import runs_card, status_card
from feedback.audit import latest_records, people_of
from feedback.errors import NothingToSay, Refusal
from feedback.links import people_path
from feedback.people.people import find_people
from feedback.runs.listed import page_of
from feedback.runs.runs import DeliveryState, Run, RunState, find_run, latest_runs

_MARKS = " .,!?\"'“”„«»"
FILE_WORDS = {"csv": "csv", "export": "csv", "download": "csv", "xlsx": "xlsx", "excel": "xlsx"}
DELETING_WORDS = frozenset({"delete", "deleting"})


class StateUnknown(Refusal):
    """I don't know “{word}”. After the run you can name one of: {known}; or **csv** or **xlsx** for a file of all."""


async def status(turn: Turn) -> list[Reply]:
    """Show where one run stands, who is in a state of it, or the latest runs."""
    if not turn.text:
        runs = [await where_it_stands(turn.store, run) for run in await latest_runs(turn.store)]
        return [Reply("The latest runs.", runs_card(runs))]
    run = await run_named(turn)
    _, _, rest = turn.text.partition(turn.text.split()[0])
    word, _, words = rest.strip().partition(" ")
    if not word:
        return [await shown(turn, run)]
    if word.strip(_MARKS).lower() in FILE_WORDS:
        return [await file_of(turn, run, FILE_WORDS[word.strip(_MARKS).lower()])]
    state = state_named(word)
    if state is None:
        known = ", ".join(f"**{one.value}**" for one in DeliveryState)
        raise StateUnknown(word=word[:40], known=known)
    return [await people_in(turn, run, state, words=words.strip(_MARKS))]


async def hold(turn: Turn) -> list[Reply]:
    """Send no more cards of a run for now."""
    return [await take(turn, "hold", await run_given(turn, "hold"))]


async def go_on(turn: Turn) -> list[Reply]:
    """Go on with a run that is held."""
    return [await take(turn, "continue", await run_given(turn, "continue"))]


async def cancel_run(turn: Turn) -> list[Reply]:
    """Send no more cards of a run, ever."""
    return [await take(turn, "cancel", await run_given(turn, "cancel"))]


async def resend(turn: Turn) -> list[Reply]:
    """Send again to those for whom it is not known whether the card arrived."""
    return [await take(turn, "resend", await run_given(turn, "resend"))]


async def recall(turn: Turn) -> list[Reply]:
    """Take the cards of a run back: replace them, or delete them when asked."""
    run = await run_given(turn, "recall")
    asked = turn.text.split()[1:]
    is_deleting = bool(asked) and asked[0].strip(_MARKS).lower() in DELETING_WORDS
    if asked and not is_deleting:
        raise NothingToSay(usage="recall <run> [delete]")
    return [await take(turn, "recall", run, is_deleting=is_deleting)]


async def approve(turn: Turn) -> list[Reply]:
    """Let another admin's run go out, or what another admin's schedule starts."""
    if turn.text and schedules.is_schedule(turn.text.split()[0]):
        return await schedules.approve(turn)
    return [await take(turn, "approve", await run_given(turn, "approve"))]


async def audit(turn: Turn) -> list[Reply]:
    """Show what admins changed of late."""
    records = await latest_records(turn.store, turn.now)
    people = await find_people(turn.store, people_of(records))
    return [Reply("What admins changed.", audit_card(records, {one.id: one.name for one in people}))]


async def run_given(turn: Turn, command: str) -> Run:
    """Return the run named in a command. Raises `Refusal`."""
    if not turn.text:
        raise NothingToSay(usage=f"{command} <run>")
    return await find_run(turn.store, turn.text.split()[0].strip(_MARKS).lower())


async def take(turn: Turn, name: str, run: Run, *, is_deleting: bool = False, seen: int = 0) -> Reply:
    """Do something with a run, record it, and show where the run stands then. Raises `Refusal`.

    `seen` is how many people whoever approves has been asked about.
    """
    broadcaster, beside = turn.parts.broadcaster, ""
    match name:
        case "hold":
            await broadcaster.hold(run)
            news = f"{run.run} is on hold."
        case "continue":
            await broadcaster.go_on(run)
            news = f"{run.run} goes on." if run.state is RunState.HELD else f"{run.run}: what was set aside goes on."
        case "cancel":
            await broadcaster.cancel(run)
            news = f"{run.run} is cancelled."
        case "approve":
            approved = await broadcaster.approve(run.run, by=turn.person.id, seen=seen)
            beside = counted(approved.people, "person", "people")
            has_grown = approved.state is RunState.PROPOSED
            news = f"{run.run} has grown and waits for an approval." if has_grown else f"Sending {run.run}."
        case "resend":
            people = counted(await broadcaster.resend(run), "person", "people")
            beside, news = people, f"Sending {run.run} again to {people} who did not get it, or may not have."
        case _:
            await broadcaster.recall(run, is_deleting=is_deleting)
            beside, news = "deleting" if is_deleting else "", f"Taking back the cards of {run.run}."
    now = await find_run(turn.store, run.run)
    after = f"{now.state.value}, {beside}" if beside else now.state.value
    await turn.record(name, run.run, before=run.state.value, after=after)
    return await shown(turn, now, news=news)


async def shown(turn: Turn, run: Run, *, news: str = "", notice: str = "") -> Reply:
    """Return the card with where a run stands, which is kept up to date for a while."""
    standing = await turn.parts.broadcaster.standing(run)
    details = await _asked_for(turn, run) if run.state is RunState.PROPOSED else []
    card = status_card(standing, viewer=turn.person.id, notice=notice, is_moving=True, details=details)
    return Reply(news or f"Status of {run.run}.", card, watches="" if standing.is_over else run.run)


async def _asked_for(turn: Turn, run: Run) -> list[Element]:
    """Return whom a proposed run would reach by now, by reason."""
    try:
        found = await turn.parts.broadcaster.foretell(run.audience, by=run.created_by)
    except Refusal as refused:
        return [text(refusal_sentence(refused))]
    return asked_for(run, found, turn.now)


async def people_in(
    turn: Turn, run: Run, state: DeliveryState, *, words: str = "", after: str = "", before: int = 0
) -> Reply:
    """Return a page of the people in a state."""
    page = await page_of(turn.store, run, state, words=words, after=after)
    return Reply(f"People in {run.run}.", list_card(page, before))


async def states_of(turn: Turn, run: Run) -> Reply:
    """Return the states that people of a run are in."""
    return Reply(f"People in {run.run}.", states_card(await where_it_stands(turn.store, run)))


async def file_of(turn: Turn, run: Run, form: str = "csv") -> Reply:
    """Return a link to the file with everybody in a run, `csv` or `xlsx`. Raises `Refusal`."""
    link, until = turn.parts.links.make(people_path(run.run, form), turn.person.id, turn.now)
    return Reply(f"Everybody in {run.run}.", link_card(run, link, until, form))
