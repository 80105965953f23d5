"""The cards that lead from a finished survey to its first run: saved, whom it would reach, and what was sent of it."""

from collections.abc import Sequence
from datetime import datetime

from cards.elements import Card, Element, Style, card, counted, escape, excerpt, execute, heading, hint, text
from cards.panels import dry_run_card
from cards.size import fewer, fitted
from cards.surveys import advised
from feedback.runs.dry_run import DryRun
from feedback.runs.runs import Run
from feedback.surveys.survey_advice import Advice
from feedback.surveys.surveys import Imported, Survey

AUDIENCE_INPUT = "to"
_TITLE = 160  # characters
_MOST_RUNS = 10  # that a card names for a version


def saved_card(imported: Imported, advice: Sequence[Advice] = ()) -> Card:
    """Return the news that a survey is saved, and the way to send it."""
    survey = imported.survey
    name, title = escape(survey.id), "Saved" if imported.has_changed else "Saved already, and nothing has changed"
    body = [
        heading(f"{title}: {escape(excerpt(survey.title, _TITLE))}"),
        text(f"**{name}**, version {survey.version}, {counted(len(survey.questions), 'question')}"),
        text("Nothing is sent by saving. Send it to yourself first, then to others."),
        hint(f"You can also type **send {name} to me**, or **survey show {name}**."),
    ]

    def build(shown: int) -> Card:
        return card([*body, *advised(survey, advice, shown), _whom()], sending(survey), fallback=f"Saved: {name}")

    return fitted(build, fewer(len(advice)))


def sending(survey: Survey) -> list[Element]:
    """Return the buttons that show whom a survey would reach, and lead on to sending it."""
    data: dict[str, object] = {"survey": survey.id, "version": survey.version}
    return [
        execute("Send it to me…", "foretell", {**data, AUDIENCE_INPUT + "_": "me"}),
        execute("Whom would it reach?", "foretell", data, style=Style.POSITIVE),
    ]


def ready_card(
    found: DryRun, survey: Survey, audience: str, token: str, now: datetime, *, needs_approval: bool = False
) -> Card:
    """Return whom a survey would reach, and the button that sends it. `token` makes that happen once."""
    shown = dry_run_card(found, survey, audience, now, needs_approval=needs_approval)
    body = shown["body"]
    data: dict[str, object] = {"survey": survey.id, "version": survey.version, "audience": audience, "token": token}
    typed = hint(f"Or type **send {escape(survey.id)} to {escape(excerpt(audience, _TITLE))}**.")
    buttons = [
        execute("Ask for approval" if needs_approval else "Send it now", "send", data, style=Style.POSITIVE),
        execute("Somebody else", "saved", {"survey": survey.id}),
    ]
    return card([*(body if isinstance(body, list) else []), typed], buttons, fallback=f"Ready to send {survey.id}")


def choose_card(survey: Survey, *, notice: str = "") -> Card:
    """Return the question to whom a survey shall go, with what was wrong with the last answer."""
    body = [
        heading(f"Send: {escape(excerpt(survey.title, _TITLE))}"),
        *([text(notice)] if notice else []),
        _whom(),
    ]
    return card(body, sending(survey), fallback=f"Send {survey.id}")


def versions_of(survey: Survey, runs: Sequence[Run]) -> list[Element]:
    """Return in which version a survey is, and which runs used which. A run keeps the version that it was sent in."""
    by_version: dict[int, list[str]] = {}
    for run in runs:
        by_version.setdefault(run.survey.version, []).append(run.run)
    lines = [hint(_used(version, by_version[version])) for version in sorted(by_version, reverse=True)]
    if survey.version not in by_version:
        lines.insert(0, hint(f"Version {survey.version} has not been sent yet."))
    return lines


def version_card(survey: Survey, runs: Sequence[Run]) -> Card:
    """Return what there is to know about a survey beside its preview."""
    title = f"{escape(excerpt(survey.title, _TITLE))}"
    closed = ", closed" if survey.is_closed else ""
    body = [
        heading(title),
        text(
            f"**{escape(survey.id)}**, version {survey.version}, {counted(len(survey.questions), 'question')}{closed}"
        ),
        *versions_of(survey, runs),
        hint(
            f"**survey edit {escape(survey.id)}** changes it, as its next version; what was sent stays as it was sent."
        ),
    ]
    return card(body, fallback=title)


def _used(version: int, names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_RUNS} earlier ones" if len(names) > _MOST_RUNS else ""
    return f"Version {version} was sent as {', '.join(map(escape, names[-_MOST_RUNS:]))}{more}."


def _whom() -> Element:
    return {
        "type": "Input.Text",
        "id": AUDIENCE_INPUT,
        "label": "To whom shall it go?",
        "placeholder": "me, customers, engineers, panel …",
    }
