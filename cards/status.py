"""The cards about runs under way: how far one is, the latest ones, and one that has just started.

They speak of people, not of states: every person is in exactly one line, so the lines add up to the audience.
"""

from collections.abc import Sequence

from cards.elements import (
    Card,
    Color,
    Element,
    bar,
    card,
    counted,
    escape,
    excerpt,
    execute,
    facts,
    heading,
    hint,
    moment,
    percent,
    section,
    stretch,
    text,
    verbatim,
)
from cards.size import fewer, fitted, left_out
from feedback.runs import DeliveryState, Progress, Run, RunState

STATE_WORDS: dict[DeliveryState, str] = {
    DeliveryState.ANSWERED: "Answered",
    DeliveryState.SENT: "Received it, not answered yet",
    DeliveryState.SENDING: "Being sent right now",
    DeliveryState.PLANNED: "Waiting to be sent",
    DeliveryState.UNCONFIRMED: "May or may not have received it",
    DeliveryState.FAILED: "Could not be reached",
    DeliveryState.EXCLUDED: "Left out",
    DeliveryState.CANCELLED: "Stopped before it was sent",
    DeliveryState.RECALLED: "Taken back",
}
RUN_WORDS: dict[RunState, str] = {
    RunState.PROPOSED: "Waiting for another admin to **approve**",
    RunState.PLANNING: "Getting ready: the list of people is being written",
    RunState.SENDING: "Going out now",
    RunState.HELD: "On hold: no more cards leave until **continue**",
    RunState.CANCELLED: "Cancelled: no more cards leave, answers are welcome",
    RunState.FAILED: "Failed: Teams does not take this message, so no more cards leave",
    RunState.SENT: "Sent, open for answers",
    RunState.CLOSED: "Closed",
}
_WAITING = (DeliveryState.PLANNED, DeliveryState.SENDING)
_ASKED = (DeliveryState.ANSWERED, DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
_REASON = 160  # characters


def status_card(progress: Progress) -> Card:
    """Return where everybody in a run stands, with a button that looks again."""
    title = f"Status: {escape(progress.run.survey.title)}"

    def build(reasons: int) -> Card:
        body = [heading(title), _about(progress.run), *_bar(progress), _states(progress)]
        body += [*_doubt(progress), *_reasons(progress, reasons)]
        return card(body, [_refresh(progress.run, "Refresh")], fallback=f"{title}. {_summary(progress)}")

    return fitted(build, fewer(len(progress.by_reason)))


def runs_card(runs: Sequence[Progress]) -> Card:
    """Return the latest runs, newest first."""
    if not runs:
        nothing = f"Nothing has been sent yet. **{escape('send <survey> to me')}** sends a survey to yourself first."
        return card([heading("Latest runs"), text(nothing)], fallback="Nothing has been sent yet.")
    newest = sorted(runs, key=lambda one: one.run.created_at, reverse=True)

    def build(shown: int) -> Card:
        body = [heading("Latest runs"), *(section(_row(one)) for one in newest[:shown])]
        body += [hint(one) for one in left_out(len(newest), shown)]
        return card([*body, hint(f"**{escape('status <run>')}** shows one of them in full.")], fallback="Latest runs")

    return fitted(build, fewer(len(newest)))


def started_card(started: Progress | Run) -> Card:
    """Return the news that a run is on its way, after `send`."""
    run = started.run if isinstance(started, Progress) else started
    people = started.people
    going = (
        f"Going out to **{counted(people, 'person', 'people')}**." if people else "The list of people is being made."
    )
    body = [
        heading(f"On its way: {escape(run.survey.title)}"),
        _about(run),
        text(f"{going} You can leave this chat; sending goes on by itself."),
        hint(f"**status {escape(run.run)}** shows how far it is, **results {escape(run.run)}** what people say."),
    ]
    return card(body, [_refresh(run, "Show status")], fallback=f"On its way: {escape(run.survey.title)}. {going}")


def _refresh(run: Run, title: str) -> Element:
    return execute(title, "status", {"run": run.run})


def _about(run: Run) -> Element:
    return hint(f"Run **{escape(run.run)}** to {escape(run.audience)}, started {moment(run.created_at)}")


def _bar(progress: Progress) -> list[Element]:
    people = progress.people
    done = people - sum(progress.by_state.get(state, 0) for state in _WAITING)
    row = verbatim(
        stretch(bar(done, people), color=Color.ACCENT), f"  {done:,} of {people:,} dealt with ({percent(done, people)})"
    )
    why = [verbatim(excerpt(progress.run.reason, _REASON))] if progress.run.reason else []
    return [text(RUN_WORDS[progress.run.state], is_bold=True), *why, *([row] if people else [])]


def _states(progress: Progress) -> Element:
    rows = {
        words: f"{progress.by_state[state]:,}" for state, words in STATE_WORDS.items() if progress.by_state.get(state)
    }
    return facts({**rows, "Everybody": f"{progress.people:,}"})


def _doubt(progress: Progress) -> list[Element]:
    doubtful = progress.by_state.get(DeliveryState.UNCONFIRMED, 0)
    if not doubtful:
        return []
    them = counted(doubtful, "person", "people")
    explained = (
        f"For {them} we did not hear whether the survey arrived. Nobody is written to twice unless you say so: "
        f"**resend {escape(progress.run.run)}** sends it to them again, and some may then see it twice."
    )
    return [text(explained, color=Color.WARNING)]


def _reasons(progress: Progress, shown: int) -> list[Element]:
    if not progress.by_reason:
        return []
    most = sorted(progress.by_reason.items(), key=lambda reason: (-reason[1], reason[0]))
    rows = [verbatim(f"{count:,} – {_reason(words)}", is_close=True) for words, count in most[:shown]]
    more = [hint(one) for one in left_out(len(most), shown)]
    return [section([text("Why", is_bold=True), *rows, *more])]


def _reason(reason: str) -> str:
    state, _, why = reason.partition(": ")
    known = next((words for one, words in STATE_WORDS.items() if one.value == state and why), None)
    return excerpt(f"{known}: {why}" if known else reason, _REASON)


def _row(progress: Progress) -> list[Element]:
    run = progress.run
    return [
        text(f"**{escape(run.run)}**: {escape(excerpt(run.survey.title, _REASON))}"),
        hint(f"To {escape(excerpt(run.audience, _REASON))}, {moment(run.created_at)}"),
        hint(f"{RUN_WORDS[run.state]}. {_summary(progress)}"),
    ]


def _summary(progress: Progress) -> str:
    answered = progress.by_state.get(DeliveryState.ANSWERED, 0)
    asked = sum(progress.by_state.get(state, 0) for state in _ASKED)
    return f"{answered:,} of {asked:,} asked have answered ({percent(answered, asked)})."
