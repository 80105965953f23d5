"""One question as the elements that ask it. Knows nothing of the rest of the card, or of whom it is sent to.

A label carries the question, because screen readers announce it and clients hang the required mark on it. Labels and
titles of choices are plain text on some clients and Markdown on others, so they are made harmless without any escaping.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date

from cards.elements import Color, Element, hint, plain, stretch, verbatim
from feedback.questions import Kind, Question, without_controls
from feedback.wording import SCALE_WORDS

INPUT_PREFIX = "q_"  # an input's id is this and the question's id: never equal to a key of the action's own data
MANY_CHOICES = 6  # above this a list becomes a drop-down
STARS = 5
KEPT = "Your earlier answer is too long to show here, and it is kept. Write here only to replace it."

_EXACT = 2**53  # above this a whole number is not what was typed anyway


def asked(question: Question, *, answer: object = None, problem: str = "", is_kept: bool = False) -> list[Element]:
    """Return a question's input with what belongs beside it: what is wrong with the answer, and the help.

    `answer` is what was typed or what is stored. `is_kept` leaves a long answer out and lets the input be empty.
    """
    required = {"isRequired": True, "errorMessage": _missing(question)} if question.required and not is_kept else {}
    common: Element = {"id": INPUT_PREFIX + question.id, "label": plain(question.text), **required, "spacing": "medium"}
    shown = None if is_kept else answer
    beside = [hint(KEPT)] if is_kept else []
    if problem:
        beside.append(verbatim(stretch(problem, color=Color.ATTENTION, is_bold=True), is_close=True))
    if question.help:
        beside.append(verbatim(stretch(question.help, is_subtle=True, is_small=True), is_close=True))
    return [_BUILDERS[question.kind](question, common, shown), *beside]


def _missing(question: Question) -> str:
    return "Please write an answer." if question.kind is Kind.TEXT else "Please choose or enter an answer."


def _nps(_: Question, common: Element, answer: object) -> Element:
    choices = SCALE_WORDS[Kind.NPS]
    placeholder = "Choose from 0 to 10"
    return {**_choice_set(common, choices, _known(answer, choices), is_compact=True), "placeholder": placeholder}


def _rating(_: Question, common: Element, answer: object) -> Element:
    choices = SCALE_WORDS[Kind.RATING]
    value = _known(answer, choices)
    fallback = _choice_set(common, choices, value, is_compact=False)
    stars: Element = {"type": "Input.Rating", **common, "max": STARS, "fallback": fallback}
    return {**stars, "value": int(value)} if value else stars


def _csat(_: Question, common: Element, answer: object) -> Element:
    choices = SCALE_WORDS[Kind.CSAT]
    return _choice_set(common, choices, _known(answer, choices), is_compact=False)


def _choice(question: Question, common: Element, answer: object) -> Element:
    choices = _choices(question)
    value = _known(answer, choices)
    is_compact = len(choices) > MANY_CHOICES
    element = _choice_set(common, choices, value, is_compact=is_compact)
    return {**element, "placeholder": "Choose one"} if is_compact else element


def _some(question: Question, common: Element, answer: object) -> Element:
    choices = _choices(question)
    return {**_choice_set(common, choices, _known(answer, choices), is_compact=False), "isMultiSelect": True}


def _yes_no(_: Question, common: Element, answer: object) -> Element:
    choices = {"true": "Yes", "false": "No"}
    return _choice_set(common, choices, _known(answer, choices), is_compact=False)


def _text(_: Question, common: Element, answer: object) -> Element:
    field: Element = {"type": "Input.Text", **common, "isMultiline": True}  # no maxLength: it cuts without a word
    value = raw(answer)
    return {**field, "value": value} if value else field


def _number(_: Question, common: Element, answer: object) -> Element:
    field: Element = {"type": "Input.Number", **common}
    try:
        value = float(raw(answer))
    except ValueError:
        return field
    if not math.isfinite(value):
        return field
    return {**field, "value": int(value) if value.is_integer() and abs(value) < _EXACT else value}


def _date(_: Question, common: Element, answer: object) -> Element:
    field: Element = {"type": "Input.Date", **common}
    try:
        return {**field, "value": date.fromisoformat(raw(answer)).isoformat()}
    except ValueError:
        return field


def _choices(question: Question) -> dict[str, str]:
    return {choice.id: plain(choice.text) for choice in question.choices}


def _choice_set(common: Element, choices: Mapping[str, str], value: str, *, is_compact: bool) -> Element:
    element: Element = {
        "type": "Input.ChoiceSet",
        **common,
        "style": "compact" if is_compact else "expanded",
        "wrap": True,
        "choices": [{"title": title, "value": key} for key, title in choices.items()],
    }
    return {**element, "value": value} if value else element


def _known(answer: object, choices: Mapping[str, str]) -> str:
    """Return what of the answer can be chosen; a client would show anything else as chosen nothing."""
    return ",".join(one for one in raw(answer).split(",") if one in choices)


def raw(answer: object) -> str:
    """Return an answer as an input would send it: what was typed stays, a stored answer is written out."""
    match answer:
        case None:
            return ""
        case bool():
            return "true" if answer else "false"
        case list() | tuple():
            return ",".join(str(one) for one in answer)
        case float() if answer.is_integer():
            return str(int(answer))
        case _:
            return without_controls(str(answer))


_BUILDERS: dict[Kind, Callable[[Question, Element, object], Element]] = {
    Kind.NPS: _nps,
    Kind.RATING: _rating,
    Kind.CSAT: _csat,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _some,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
}
