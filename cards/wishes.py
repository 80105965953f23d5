"""The cards about being told when a run has so many answers: at how many, and that it has."""

from cards.elements import (
    Card,
    Color,
    Element,
    Style,
    banner,
    card,
    counted,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    text,
)
from feedback.runs.runs import Run
from feedback.wishes import MOST, Wish

ANSWERS_INPUT = "answers"
_TITLE = 200  # characters
_STEPS = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)


def wish_card(run: Run, answered: int, wish: Wish | None, *, notice: str = "") -> Card:
    """Return the question at how many answers somebody wants to be told; what they wait for already is said.

    A `notice` is a sentence of ours, as Markdown.
    """
    title = "Tell me when there are more answers"
    number: Element = {
        "type": "Input.Number",
        "id": ANSWERS_INPUT,
        "label": "At how many answers?",
        "min": 1,
        "value": suggested(run, answered),
    }
    body = [
        heading(title),
        hint(escape(excerpt(run.survey.title, _TITLE))),
        *([banner(notice, color=Color.WARNING)] if notice else []),
        text(f"**{escape(run.run)}** has {counted(answered, 'answer')} so far. If it ends before, I tell you that."),
        *([text(f"You are told at **{wish.answers:,}**. Another number takes its place.")] if wish else []),
        number,
    ]
    data = {"run": run.run}
    none = [{**_idle(execute("Do not tell me", "unwish", data))}] if wish else []
    back = _idle(execute("Back to the results", "results", data))
    ask = execute("Tell me then", "wish", {**data, "is_said": True}, style=Style.POSITIVE)
    return card(body, [ask, *none, back], fallback=title)


def kept_card(run: Run, wish: Wish, answered: int) -> Card:
    """Return the promise to tell somebody."""
    said = promise(wish)
    body = [
        heading("I will tell you"),
        hint(escape(excerpt(run.survey.title, _TITLE))),
        text(f"{said} Now it has {answered:,}."),
        hint("If it ends before, I tell you that."),
    ]
    data = {"run": run.run}
    buttons = [execute("See the results", "results", data), execute("Do not tell me", "unwish", data)]
    return card(body, buttons, fallback=said)


def come_card(run: Run, wanted: int, answered: int) -> Card:
    """Return the news that a run has as many answers as somebody waited for, or is over before that."""
    title = escape(come_news(run, wanted, answered))
    asked = f"You wanted to know when it has {wanted:,}."
    ended = f"It ended with {counted(answered, 'answer')}, and takes no more."
    body = [
        heading(title),
        hint(escape(excerpt(run.survey.title, _TITLE))),
        text(asked if answered >= wanted else f"{asked} {ended}"),
    ]
    return card(body, [execute("See the results", "results", {"run": run.run})], fallback=title)


def come_news(run: Run, wanted: int, answered: int) -> str:
    """Return the news in a line."""
    return f"{run.run} has {counted(answered, 'answer')}" if answered >= wanted else f"{run.run} is over"


def promise(wish: Wish) -> str:
    """Return what is promised, as a sentence."""
    return f"I tell you once **{escape(wish.run)}** has **{counted(wish.answers, 'answer')}**."


def suggested(run: Run, answered: int) -> int:
    """Return a number that may be worth waiting for: the next round one, or everybody."""
    most = run.people or MOST
    return min(next((one for one in _STEPS if one > answered), answered + 1), max(most, answered + 1))


def _idle(button: Element) -> Element:
    """Return a button that takes no input along, so that none has to be filled in for it."""
    fallback = button["fallback"]
    alone = {"associatedInputs": "none"}
    return {**button, **alone, "fallback": {**fallback, **alone}} if isinstance(fallback, dict) else {**button, **alone}
