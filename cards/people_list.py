"""The cards with the people of a run: which states there are, who is in one, and the link to all of them."""

from datetime import datetime

from cards.elements import (
    Card,
    Element,
    card,
    clock_time,
    counted,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    section,
    stretch,
    text,
    verbatim,
)
from feedback.runs.listed import Listed, ListPage
from feedback.runs.progress import Progress
from feedback.runs.runs import DeliveryState, Run
from feedback.wording import STATE_WORDS

_TITLE = 200
_FORMS = {"csv": "a CSV file", "xlsx": "an Excel workbook"}
_NAME = 80
_REASON = 160
_UNKNOWN = "(name not known)"


def states_card(progress: Progress) -> Card:
    """Return the states that anybody in a run is in, each a button to the people in it."""
    run = progress.run
    title = f"People: {escape(run.run)}"
    counts = {state: progress.by_state.get(state, 0) for state in STATE_WORDS}
    steps = [
        execute(f"{STATE_WORDS[state]} ({count:,})", "people", {"run": run.run, "state": state.value})
        for state, count in counts.items()
        if count
    ]
    lists: Element = {"type": "ActionSet", "actions": steps[:6]}
    more: list[Element] = [{"type": "ActionSet", "actions": steps[6:]}] if steps[6:] else []
    body = [heading(title), hint(escape(_title(run))), lists, *more]
    return card(body, [_download(run), _back(run)], fallback=title)


def list_card(page: ListPage, shown_before: int = 0) -> Card:
    """Return one page of the people in a state. `shown_before` is how many came on the pages before."""
    run = page.run
    title = f"{STATE_WORDS[page.state]}: {escape(run.run)}"
    reason = f" with “{escape(excerpt(page.words, _NAME))}” in the reason" if page.words else ""
    where = f"{shown_before + 1:,} to {shown_before + len(page.rows):,} of " if page.rows else ""
    body = [
        heading(title),
        hint(f"{where}{counted(page.total, 'person', 'people')}{reason}"),
        *(section(_row(one), has_line=False) for one in page.rows),
    ]
    data = {"run": run.run, "state": page.state.value, "words": page.words}
    following = {**data, "after": page.after, "before": shown_before + len(page.rows)}
    more = [execute("More", "people", following)] if page.after else []
    states = execute("Other people", "people", {"run": run.run})
    return card(body, [*more, states, _download(run), _back(run)], fallback=title)


def link_card(run: Run, link: str, until: datetime, form: str = "csv") -> Card:
    """Return the link to the file with everybody in a run."""
    title = f"Everybody in {escape(run.run)}"
    said = f"The link works until {clock_time(until)}, for whoever has it: keep it to yourself. Downloads are recorded."
    body = [
        heading(title),
        hint(escape(_title(run))),
        text(f"Names, states and reasons as {_FORMS[form]}."),
        hint(said),
    ]
    opening: Element = {"type": "Action.OpenUrl", "title": "Download", "url": link}
    return card(body, [opening, _back(run)], fallback=f"{title}: {link}")


def _row(one: Listed) -> list[Element]:
    name = excerpt(one.name, _NAME) or _UNKNOWN
    object_id = one.id.rpartition(":")[2]  # the tenant is in the file
    under = " · ".join(part for part in (excerpt(one.reason, _REASON), object_id) if part)
    return [verbatim(name), {**verbatim(stretch(under, is_subtle=True, is_small=True)), "spacing": "none"}]


def _title(run: Run) -> str:
    return excerpt(run.survey.title, _TITLE)


def _download(run: Run) -> Element:
    return execute("Download all", "export", {"run": run.run})


def _back(run: Run) -> Element:
    return execute("Back", "status", {"run": run.run})


def state_named(word: str) -> DeliveryState | None:
    """Return the state that somebody names, or None."""
    plain = word.strip(" .,!?").lower()
    return next((state for state in DeliveryState if state.value == plain), None)
