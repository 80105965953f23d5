"""Commands for what is sent later, or again and again."""

import re

from bot.turn import Reply, Turn
from cards.schedules import planned_card, schedules_card
from feedback.audiences import check_names
from feedback.errors import NothingToSay, SurveyIsClosed
from feedback.schedules import (
    Schedule,
    latest_occurrences,
    list_schedules,
    make_schedule,
    pause_schedule,
    stop_schedule,
    upcoming,
)
from feedback.surveys import Survey, find_survey
from feedback.timing import Asked, read_schedule, read_send

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
    turn.parts.wake_ticker()
    card = planned_card("Planned", made, upcoming(made), remark=wanted.remark)
    return [Reply(f"Planned as {made.id}.", card)]


async def schedule(turn: Turn) -> list[Reply]:
    """Send a survey again and again."""
    asked = _SCHEDULE.fullmatch(turn.text)
    if asked is None:
        raise NothingToSay(usage="schedule <survey> to <audience> every <when>")
    survey = await find_survey(turn.store, asked["survey"].strip(_MARKS).lower())
    if survey.is_closed:
        raise SurveyIsClosed(survey=survey.id)
    wanted = read_schedule(asked["rest"], now=turn.now, zone=turn.person.time_zone or UTC_ZONE)
    return await plan(turn, survey, wanted)


async def schedule_list(turn: Turn) -> list[Reply]:
    """List every schedule with what comes next and what became of the latest occurrences."""
    found = await list_schedules(turn.store)
    rows = [(one, upcoming(one, 1), await latest_occurrences(turn.store, one, SHOWN)) for one in found]
    return [Reply("The schedules.", schedules_card(rows))]


async def schedule_pause(turn: Turn) -> list[Reply]:
    """Skip what comes."""
    return _changed("Paused", await pause_schedule(turn.store, _name(turn, "pause"), is_paused=True))


async def schedule_resume(turn: Turn) -> list[Reply]:
    """Go on after a pause."""
    changed = await pause_schedule(turn.store, _name(turn, "resume"), is_paused=False)
    turn.parts.wake_ticker()
    return _changed("Goes on", changed)


async def schedule_stop(turn: Turn) -> list[Reply]:
    """Start nothing more."""
    return _changed("Stopped", await stop_schedule(turn.store, _name(turn, "stop")))


def _changed(news: str, changed: Schedule) -> list[Reply]:
    return [Reply(f"{news}: {changed.id}.", planned_card(news, changed, upcoming(changed)))]


def _name(turn: Turn, command: str) -> str:
    if not turn.text:
        raise NothingToSay(usage=f"schedule {command} <schedule>")
    return turn.text.split()[0].strip(_MARKS)
