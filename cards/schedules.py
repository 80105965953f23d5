"""The cards about what is sent later: one schedule, after every change of it, and all there are.

Dates are written out in the zone of whoever planned them: it is what was asked for, and what will happen.
"""

from collections.abc import Sequence
from datetime import timedelta

from cards.elements import Card, Color, Element, card, counted, escape, excerpt, facts, heading, hint, section, text
from cards.size import fewer, fitted, left_out
from feedback.runs.schedules import Occurrence, Schedule
from feedback.runs.times import Moment, local_time
from feedback.runs.timing import Timing

_WORDS = 160  # characters of an audience or a reason
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)

Row = tuple[Schedule, Sequence[Moment], Sequence[Occurrence]]


def planned_card(news: str, schedule: Schedule, moments: Sequence[Moment], *, remark: str = "") -> Card:
    """Return what a schedule will do: whom it writes to, when next, and what follows."""
    title = f"{news}: {escape(schedule.id)}"
    audience = escape(excerpt(schedule.audience, _WORDS))
    body = [
        heading(title),
        text(f"**{escape(schedule.survey)}** to {audience}, as both are then."),
        *([text(escape(remark), color=Color.WARNING)] if remark else []),
        facts(_facts(schedule, moments)),
        *([] if schedule.is_over else [hint(f"**schedule stop {escape(schedule.id)}** ends it.")]),
    ]
    return card(body, fallback=f"{title}. Next: {_next(schedule, moments)}")


def schedules_card(rows: Sequence[Row]) -> Card:
    """Return every schedule, those with something to come first."""
    if not rows:
        nothing = f"Nothing is planned. **{escape('send <survey> to <audience> at <time>')}** plans something."
        return card([heading("Schedules"), text(nothing)], fallback="Nothing is planned.")
    ordered = sorted(rows, key=lambda row: row[0].is_over)
    title = counted(len(rows), "schedule")

    def build(shown: int) -> Card:
        body = [heading(title), *(section(_row(row)) for row in ordered[:shown])]
        return card([*body, *(hint(one) for one in left_out(len(rows), shown))], fallback=title)

    return fitted(build, fewer(len(rows)))


def _row(row: Row) -> list[Element]:
    schedule, moments, latest = row
    audience = escape(excerpt(schedule.audience, _WORDS))
    return [
        text(f"**{escape(schedule.id)}**: {escape(schedule.survey)} to {audience}"),
        hint(f"Next: {_next(schedule, moments)}"),
        *(hint(_became(one)) for one in latest),
    ]


def _became(one: Occurrence) -> str:
    when = escape(str(Moment(local_time(one.starts_at, one.timing.zone), one.timing.zone)))
    why = f" – {escape(excerpt(one.reason, _WORDS))}" if one.reason else ""
    run = f", run **{escape(one.run)}**" if one.state.value == "started" else ""
    return f"{when}: {one.state.value}{run}{why}"


def _facts(schedule: Schedule, moments: Sequence[Moment]) -> dict[str, str]:
    if schedule.is_paused or schedule.is_over:
        return {"Next": _next(schedule, moments), **_follow_ups(schedule.timing)}
    when = {name: escape(str(one)) for name, one in zip(("Next", "Then", "After that"), moments, strict=False)}
    return {**when, **_follow_ups(schedule.timing)}


def _follow_ups(timing: Timing) -> dict[str, str]:
    rows: dict[str, str] = {}
    if timing.reminders is not None:
        times = counted(timing.reminders.times, "time")
        rows["Reminder"] = f"after {_span(timing.reminders.after)}, {times}"
    if timing.closes_after is not None:
        rows["Closes"] = f"{_span(timing.closes_after)} after the start"
    return rows


def _next(schedule: Schedule, moments: Sequence[Moment]) -> str:
    if schedule.is_over or not moments:
        return "nothing more will start"
    following = escape(str(moments[0]))
    return f"{following}, but paused and skipped until **resume**" if schedule.is_paused else following


def _span(span: timedelta) -> str:
    for unit, name in ((_DAY, "day"), (_HOUR, "hour")):
        if not span % unit:
            return counted(span // unit, name)
    days, rest = divmod(span, _DAY)
    hours, rest = divmod(rest, _HOUR)
    parts = [(days, "day"), (hours, "hour"), (rest // timedelta(minutes=1), "minute")]
    return ", ".join(counted(number, name) for number, name in parts if number)
