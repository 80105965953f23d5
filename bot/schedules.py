"""Commands for what is sent later, or again and again."""

import re

from bot.attached import asked_with_file
from bot.turn import Reply, Turn
from cards.elements import counted
from cards.schedules import planned_card, schedules_card
from feedback.errors import AudienceEmpty, NothingToSay, SurveyIsClosed
from feedback.runs.audiences import check_names
from feedback.runs.schedules import (
    NAME_FORM,
    Schedule,
    approve_schedule,
    find_schedule,
    latest_occurrences,
    list_schedules,
    make_schedule,
    pause_schedule,
    stop_schedule,
    upcoming,
)
from feedback.runs.timing import Asked, read_schedule, read_send
from feedback.surveys.surveys import Survey, find_survey

UTC_ZONE = "UTC"  # of people whose chat tells none
SHOWN = 3  # occurrences of a schedule in the list
_MARKS = " .,!?\"'“”„«»"
_SCHEDULE = re.compile(r"(?P<survey>\S+)\s+to\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)


def asked_in(turn: Turn, text: str) -> Asked:
    """Read what follows `send <survey> to`, in the person's own time zone. Raises a `Refusal`."""
    return read_send(text, now=turn.now, zone=turn.person.time_zone or UTC_ZONE)


async def plan(turn: Turn, survey: Survey, wanted: Asked) -> list[Reply]:
    """Keep what somebody wants to be sent later, and show when that will be. Raises a `Refusal`."""
    if wanted.timing is None:
        raise NothingToSay(usage="send <survey> to <audience> at <time>")
    audience = await check_names(turn.store, wanted.audience.strip(" .,!?"))
    made = await make_schedule(turn.store, survey.id, audience, wanted.timing, owner=turn.person.id, now=turn.now)
    await turn.record("schedule", made.id, after=audience)
    turn.parts.wake_ticker()
    remark = " ".join(filter(None, (wanted.remark, await _approval_needed(turn, made))))
    card = planned_card("Planned", made, upcoming(made), remark=remark)
    return [Reply(f"Planned as {made.id}.", card)]


async def schedule(turn: Turn) -> list[Reply]:
    """Send a survey again and again."""
    asked = _SCHEDULE.fullmatch(turn.text)
    if asked is None:
        raise NothingToSay(usage="schedule <survey> to <audience> every <when>")
    survey = await find_survey(turn.store, asked["survey"].strip(_MARKS).lower())
    if survey.is_closed:
        raise SurveyIsClosed(survey=survey.id)
    zone = turn.person.time_zone or UTC_ZONE
    wanted, told = await asked_with_file(
        turn, asked["rest"], lambda words: read_schedule(words, now=turn.now, zone=zone)
    )
    return [*told, *await plan(turn, survey, wanted)]


async def schedule_list(turn: Turn) -> list[Reply]:
    """List every schedule with what comes next and what became of the latest occurrences."""
    found = await list_schedules(turn.store)
    rows = [(one, upcoming(one, 1), await latest_occurrences(turn.store, one, SHOWN)) for one in found]
    return [Reply("The schedules.", schedules_card(rows))]


async def schedule_pause(turn: Turn) -> list[Reply]:
    """Skip what comes."""
    changed = await pause_schedule(turn.store, _name(turn, "pause"), is_paused=True)
    await turn.record("schedule pause", changed.id, after="paused")
    return _changed("Paused", changed)


async def schedule_resume(turn: Turn) -> list[Reply]:
    """Go on after a pause."""
    changed = await pause_schedule(turn.store, _name(turn, "resume"), is_paused=False)
    await turn.record("schedule resume", changed.id, after="goes on")
    turn.parts.wake_ticker()
    return _changed("Goes on", changed)


async def schedule_stop(turn: Turn) -> list[Reply]:
    """Start nothing more."""
    changed = await stop_schedule(turn.store, _name(turn, "stop"))
    await turn.record("schedule stop", changed.id, after="stopped")
    return _changed("Stopped", changed)


async def approve(turn: Turn) -> list[Reply]:
    """Let another admin's schedule write to as many people as it would reach now."""
    known = await find_schedule(turn.store, turn.text.split()[0].strip(_MARKS))
    found = await turn.parts.broadcaster.foretell(known.audience, by=known.owner)
    approved = await approve_schedule(turn.store, known.id, by=turn.person.id, people=found.reachable)
    people = counted(found.reachable, "person", "people")
    await turn.record("approve", approved.id, before=known.approved_by, after=people)
    remark = f"Approved for {people} and up to a tenth more. At each start it is counted again."
    card = planned_card("Approved", approved, upcoming(approved), remark=remark)
    return [Reply(f"Approved: {approved.id}.", card)]


def is_schedule(name: str) -> bool:
    """Say whether a name is one that schedules have."""
    return NAME_FORM.fullmatch(name.strip(_MARKS).lower()) is not None


async def _approval_needed(turn: Turn, made: Schedule) -> str:
    """Return the sentence that says that a second admin is needed, as far as one can tell today."""
    try:
        found = await turn.parts.broadcaster.foretell(made.audience, by=made.owner)
    except AudienceEmpty:
        return ""
    if not turn.parts.broadcaster.needs_approval(found.reachable):
        return ""
    people = counted(found.reachable, "person", "people")
    return (
        f"Today it would reach {people}, more than one admin may write to. Nothing is sent when its time comes, "
        f"unless another admin types approve {made.id} before."
    )


def _changed(news: str, changed: Schedule) -> list[Reply]:
    return [Reply(f"{news}: {changed.id}.", planned_card(news, changed, upcoming(changed)))]


def _name(turn: Turn, command: str) -> str:
    if not turn.text:
        raise NothingToSay(usage=f"schedule {command} <schedule>")
    return turn.text.split()[0].strip(_MARKS)
