"""The cards about whom a survey goes to: panels, and what a run would do before it is one."""

from collections.abc import Sequence
from datetime import datetime

from cards.elements import (
    Card,
    Element,
    card,
    counted,
    escape,
    excerpt,
    facts,
    heading,
    hint,
    moment,
    section,
    text,
)
from cards.size import fewer, fitted, left_out
from feedback.people.mixes import mix_words
from feedback.people.panels import Panel, PanelImport
from feedback.runs.dry_run import DryRun
from feedback.runs.runs import Run
from feedback.surveys.surveys import Survey

_NAME = 80
_SECOND = "So many people need a second admin: nothing is sent until another one has typed **approve** for it."
_MINUTE_S = 60


def panel_list_card(panels: Sequence[Panel]) -> Card:
    """Return the panels with how many people each has."""

    def build(shown: int) -> Card:
        rows = [element for one in panels[:shown] for element in _panel(one)]
        none = [text("There are none yet. **panel import** brings one in.")] if not panels else []
        more = [hint(one) for one in left_out(len(panels), shown)]
        return card([heading("Panels"), *none, *rows, *more], fallback="Panels")

    return fitted(build, fewer(len(panels)))


def panel_card(done: PanelImport, skipped: int) -> Card:
    """Return what the import of a panel led to. `skipped` is how many lines were left out."""
    name = escape(excerpt(done.panel.id, _NAME))
    title = f"Panel {'imported' if done.is_new else 'changed'}: {name}"
    rows = {"People now": f"{done.panel.people:,}", "Added": f"{done.added:,}", "Kept": f"{done.kept:,}"}
    rows |= {"Removed": f"{done.removed:,}"} if done.removed else {}
    rows |= {"Lines left out": f"{skipped:,}"} if skipped else {}
    use = text(f"Send to it with **send \\<survey\\> to panel {name}**.")
    return card([heading(title), facts(rows), use], fallback=title)


def dry_run_card(found: DryRun, survey: Survey, audience: str, now: datetime, *, needs_approval: bool = False) -> Card:
    """Return what sending would do now, and whether a second admin has to agree. Nothing has been sent."""
    title = f"Nothing sent yet: {escape(excerpt(survey.title, _NAME))}"
    to = hint(f"To {escape(excerpt(audience, _NAME))}")
    second = [text(_SECOND, is_bold=True)] if needs_approval else []
    return card([heading(title), to, *counts_of(found, now), *_too_few(found, survey), *second], fallback=title)


def proposed_card(run: Run, found: DryRun, now: datetime) -> Card:
    """Return the news that a run waits for another admin."""
    name = escape(run.run)
    title = f"Waiting for an approval: {escape(excerpt(run.survey.title, _NAME))}"
    body = [
        heading(title),
        text(f"So many people need a second admin. Another one types **approve {name}**; **cancel {name}** ends it."),
        hint(f"Run **{name}** to {escape(excerpt(run.audience, _NAME))}"),
        *_waves(run),
        *counts_of(found, now),
        *_too_few(found, run.survey),
    ]
    return card(body, fallback=title)


def asked_for(run: Run, found: DryRun, now: datetime) -> list[Element]:
    """Return what whoever approves a run has to know: whom it would reach by now, and whether that was asked for."""
    asked = f"Approval was asked for **{counted(run.approval_for, 'person', 'people')}**"
    until = f", until {moment(run.approve_until)}" if run.approve_until else ""
    grown = f"It has grown: by now it would reach **{counted(found.reachable, 'person', 'people')}**."
    more = [text(grown, is_bold=True)] if found.reachable > run.approval_for else []
    return [text(f"{asked}{until}."), *more, *_waves(run), *counts_of(found, now), *_too_few(found, run.survey)]


def _waves(run: Run) -> list[Element]:
    return [hint(escape(f"In waves, {run.waves}"))] if run.waves else []


def counts_of(found: DryRun, now: datetime) -> list[Element]:
    """Return whom a run would reach, whom not and why, and how long it would take."""
    rows = {"Will get it": f"{found.reachable:,}"}
    rows |= {"… no conversation yet, will be opened": f"{found.first_contacts:,}"} if found.first_contacts else {}
    rows |= {f"Left out: {escape(reason)}": f"{count:,}" for reason, count in found.excluded.items()}
    rows |= {"Everybody": f"{found.people:,}"}
    later = [
        hint(f"{counted(count, 'person', 'people')} will be written to from {moment(at)}, after their quiet hours.")
        for at, count in list(found.waiting.items())[:5]
    ]
    minutes = found.seconds(now) / _MINUTE_S
    time = "**less than a minute**" if minutes < 1 else f"about **{counted(round(minutes), 'minute')}**"
    return [section([facts(rows), *later, text(f"Done {time} after it starts.")])]


def _too_few(found: DryRun, survey: Survey) -> list[Element]:
    """Return the warning that an anonymous survey would reach so few people that nobody ever sees an answer."""
    if not survey.is_anonymous or found.reachable >= survey.threshold:
        return []
    few = counted(found.reachable, "person", "people")
    warning = f"It would reach {few}, and nothing is ever shown of fewer than {survey.threshold}: ask more people."
    return [text(warning, is_bold=True)]


def _panel(panel: Panel) -> list[Element]:
    attributes = f" · {', '.join(panel.attributes)}" if panel.attributes else ""
    people = counted(panel.people, "person", "people")
    changed = hint(f"Changed {moment(panel.changed_at)}{escape(attributes)}")
    target = [hint(f"Target mix: {escape(excerpt(mix_words(panel.target), 300))}")] if panel.target else []
    return [text(f"**{escape(panel.id)}**: {people}"), changed, *target]
