"""The cards about runs under way: how far one is, and the latest ones.

They speak of people, not of states: every person is in exactly one line, so the lines add up to the audience.
"""

from collections.abc import Sequence

from cards.controls import buttons
from cards.elements import (
    Card,
    Color,
    Element,
    banner,
    card,
    clock_time,
    counted,
    escape,
    excerpt,
    facts,
    heading,
    hint,
    meter,
    moment,
    percent,
    section,
    text,
    verbatim,
)
from cards.size import fewer, fitted, left_out
from cards.waves import waves_of
from feedback.runs.progress import Progress
from feedback.runs.recalls import TO_RECALL
from feedback.runs.runs import DeliveryState, Run, RunState
from feedback.standing import Standing
from feedback.wording import STATE_WORDS

RUN_WORDS: dict[RunState, str] = {
    RunState.PROPOSED: "Waiting for another admin to **approve**",
    RunState.PLANNING: "Getting ready: the list of people is being written",
    RunState.SENDING: "Going out now",
    RunState.HELD: "On hold: no more cards leave until **continue**",
    RunState.CANCELLED: "Cancelled: no more cards leave, answers are welcome",
    RunState.FAILED: "Failed: Teams does not take this message, so no more cards leave",
    RunState.SENT: "Sent, open for answers",
    RunState.CLOSED: "Closed",
    RunState.RECALLED: "Withdrawn: the cards are taken back, answers are refused",
}
_ASKED = (DeliveryState.ANSWERED, DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
_REASON = 160  # characters
_TITLE = 200
_MINUTE_S = 60
_MOVING = "This card keeps itself up to date for a quarter of an hour. **Refresh** goes on with it."


def status_card(
    standing: Standing,
    *,
    viewer: str = "",
    notice: str = "",
    is_moving: bool = False,
    details: Sequence[Element] = (),
) -> Card:
    """Return where everybody in a run stands, with the buttons for what its viewer (a person id) may do now.

    `is_moving` says that the card is kept up to date for a while; a `notice` says what could not be done; `details`
    are what else there is to know before it goes out.
    """
    progress = standing.progress
    title = f"Status: {escape(excerpt(progress.run.survey.title, _TITLE))}"
    top = [banner(escape(notice), color=Color.WARNING)] if notice else []
    last = [hint(_MOVING)] if is_moving and not standing.is_over else []

    def build(shown: int) -> Card:
        body = [
            *top,
            heading(title),
            _about(progress.run),
            *_bar(standing),
            *waves_of(standing),
            *details,
            *_states(progress),
        ]
        body += [*_doubt(standing), *_aside(standing, shown), *_reasons(progress, shown), *last]
        return card(body, buttons(standing, viewer), fallback=f"{title}. {_summary(progress)}")

    return fitted(build, fewer(max(len(progress.by_reason), len(standing.aside))))


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


def _about(run: Run) -> Element:
    return hint(f"Run **{escape(run.run)}** to {escape(run.audience)}, started {moment(run.created_at)}")


def _bar(standing: Standing) -> list[Element]:
    """Return how far a run is: in words, as a bar, and when it will be done."""
    progress, run = standing.progress, standing.run
    words = _outage(run) if run.is_in_outage else [text(RUN_WORDS[run.state], is_bold=True)]
    if run.reason:
        words.append(verbatim(excerpt(run.reason, _REASON)))
    if not progress.people:
        return words
    if run.state is RunState.RECALLED:
        back = progress.by_state.get(DeliveryState.RECALLED, 0)
        whole, done = back + sum(progress.by_state.get(state, 0) for state in TO_RECALL), back
        said = f"{done:,} of {whole:,} cards taken back ({percent(done, whole)})"
    else:
        whole, done = progress.people, progress.people - standing.waiting
        said = f"{done:,} of {whole:,} dealt with ({percent(done, whole)})"
    return [*words, meter(done, whole), verbatim(said, is_close=True), *_pace(standing)]


def _outage(run: Run) -> list[Element]:
    """Return that a run waits until Teams takes cards again, and what can be done about it."""
    since = f" since {moment(run.outage_at)}" if run.outage_at else ""
    tried = f"One card is tried at {clock_time(run.probe_at)}. " if run.probe_at else ""
    goes_on = "When one gets through, the run goes on by itself; **Continue** goes on now, **Hold** waits for you."
    return [
        text(f"Waiting: nobody’s card gets through{since}", is_bold=True),
        verbatim(excerpt(run.outage, _REASON)),
        hint(f"{tried}{goes_on}"),
    ]


def _pace(standing: Standing) -> list[Element]:
    """Return when those are done who may be written to now, and when the others are, who are asleep."""
    if standing.finishes_at is None:
        return [hint(_asleep(standing))] if standing.asleep else []
    left_s = (standing.waiting - standing.asleep) / standing.per_second
    left = "less than a minute" if left_s < _MINUTE_S else f"about {counted(round(left_s / _MINUTE_S), 'minute')}"
    speed = f"{standing.per_second:,.0f}" if standing.per_second >= 1 else "less than one"
    done = f"{speed} a second, {left} to go: done at {clock_time(standing.finishes_at)}."
    return [hint(f"{done} {_asleep(standing)}".strip())]


def _asleep(standing: Standing) -> str:
    """Return who waits for the end of their quiet hours, and until when."""
    if not standing.asleep or standing.last_wakes_at is None:
        return ""
    them, last = counted(standing.asleep, "person waits", "people wait"), standing.last_wakes_at
    first = standing.waits_until
    if first is not None and first < last:
        return f"{them} for their morning: the first until {moment(first)}, the last until {moment(last)}."
    return f"{them} for their morning, until {moment(last)} at the latest."


def _aside(standing: Standing, shown: int) -> list[Element]:
    """Return the pieces that nobody works on any more: their people wait until somebody looks into it."""
    if not standing.aside:
        return []
    pieces = counted(len(standing.aside), "piece")
    said = (
        f"Set aside: {pieces} of up to 100 people each, after failing again and again. The others go on. "
        f"**continue {escape(standing.run.run)}** tries these again."
    )
    rows = [verbatim(f"Piece {one.number}: {excerpt(one.reason, _REASON)}", is_close=True) for one in standing.aside]
    more = [hint(one) for one in left_out(len(rows), shown)]
    return [section([text(said, color=Color.ATTENTION), *rows[:shown], *more])]


def _states(progress: Progress) -> list[Element]:
    if not progress.people:
        return []
    rows = {
        words: f"{progress.by_state[state]:,}" for state, words in STATE_WORDS.items() if progress.by_state.get(state)
    }
    return [facts({**rows, "Everybody": f"{progress.people:,}"})]


def _doubt(standing: Standing) -> list[Element]:
    progress = standing.progress
    doubtful, again = progress.by_state.get(DeliveryState.UNCONFIRMED, 0), f"**resend {escape(progress.run.run)}**"
    told: list[Element] = []
    if doubtful:
        them = counted(doubtful, "person", "people")
        explained = (
            f"For {them} we did not hear whether the survey arrived. Nobody is written to twice unless you say so: "
            f"{again} sends it to them again, and some may then see it twice."
        )
        told.append(text(explained))
    if standing.given_up:
        them = counted(standing.given_up, "person", "people")
        told.append(
            text(f"For {them} every try failed, and nothing arrived: {again} tries again.", color=Color.WARNING)
        )
    return told


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
        hint(f"{RUN_WORDS[run.state]}. {_summary(progress) if progress.people else _proposed(run)}".strip()),
    ]


def _proposed(run: Run) -> str:
    return f"It would reach {counted(run.approval_for, 'person', 'people')}." if run.approval_for else ""


def _summary(progress: Progress) -> str:
    answered = progress.by_state.get(DeliveryState.ANSWERED, 0)
    asked = sum(progress.by_state.get(state, 0) for state in _ASKED)
    return f"{answered:,} of {asked:,} asked have answered ({percent(answered, asked)})."
