"""One question as the elements that ask it, and what comes back from them.

Knows nothing of the rest of the card, or of whom it is sent to. A label carries the question, because screen readers
announce it. Labels and titles of choices are plain text on some clients and Markdown on others, so they are made
harmless without any escaping.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from cards.elements import Color, Element, clean, hint, plain, stretch, verbatim
from feedback.language import mark, say
from feedback.surveys.questions import Choice, Kind, Question, without_controls
from feedback.wording import scale_words

INPUT_PREFIX = "q_"  # an input's id is this and the question's id: never equal to a key of the action's own data
MANY_CHOICES = 6  # above this a list becomes a drop-down
STARS = 5
REQUIRED = mark("(required)")
KEPT = mark("Your earlier answer is too long to show here, and it is kept. Write here only to replace it.")

_EXACT = 2**53  # above this a whole number is not what was typed anyway


def asked(question: Question, *, answer: object = None, problem: str = "", is_kept: bool = False) -> list[Element]:
    """Return a question's input with what belongs beside it: what is wrong with the answer, and the help.

    `answer` is what was typed or what is stored. `is_kept` leaves a long answer out and lets the input be empty.
    Nothing is marked as required for the client: it would also hold back the buttons that only go back or away.
    """
    common: Element = {"id": INPUT_PREFIX + question.id, "label": label(question), "spacing": "medium"}
    shown = None if is_kept else answer
    beside = [hint(say(KEPT))] if is_kept else []
    if problem:
        beside.append(_wrong(problem))
    if question.help:
        beside.append(verbatim(stretch(question.help, is_subtle=True, is_small=True), is_close=True))
    if question.kind in _SEVERAL:
        first: Element = {**verbatim(stretch(label(question), is_bold=True)), "spacing": "medium"}
        return [first, *beside, *_SEVERAL[question.kind](question, common, shown)]
    return [_BUILDERS[question.kind](question, common, shown), *beside]


def label(question: Question) -> str:
    """Return a question as its input's label; it says so where an answer is needed."""
    return plain(question.text) + (f" {say(REQUIRED)}" if question.required else "")


def _wrong(problem: str) -> Element:
    """Return what is wrong with an answer. On a ground of its own: the dark theme's red text is too faint to read."""
    words = verbatim(stretch(problem, is_bold=True))
    return {"type": "Container", "style": Color.ATTENTION.value, "spacing": "small", "items": [words]}


def entered(data: Mapping[str, object]) -> dict[str, object]:
    """Return what was entered, question id -> value; where a question has several inputs, part -> value."""
    found: dict[str, object] = {}
    parts: dict[str, dict[str, object]] = {}
    for key, value in data.items():
        if key.startswith(INPUT_PREFIX):
            name, dot, part = key.removeprefix(INPUT_PREFIX).partition(".")
            if dot:
                parts.setdefault(name, {})[part] = value
            else:
                found[name] = value
    return found | parts


def _nps(_: Question, common: Element, answer: object) -> Element:
    choices = scale_words(Kind.NPS)
    placeholder = say("Choose from 0 to 10")
    return {**_choice_set(common, choices, _known(answer, choices), is_compact=True), "placeholder": placeholder}


def _rating(_: Question, common: Element, answer: object) -> Element:
    choices = scale_words(Kind.RATING)
    value = _known(answer, choices)
    fallback = _choice_set(common, choices, value, is_compact=False)
    stars: Element = {"type": "Input.Rating", **common, "max": STARS, "fallback": fallback}
    return {**stars, "value": int(value)} if value else stars


def _csat(_: Question, common: Element, answer: object) -> Element:
    choices = scale_words(Kind.CSAT)
    return _choice_set(common, choices, _known(answer, choices), is_compact=False)


def _ces(_: Question, common: Element, answer: object) -> Element:
    choices = scale_words(Kind.CES)
    return _choice_set(common, choices, _known(answer, choices), is_compact=False)


def _choice(question: Question, common: Element, answer: object) -> Element:
    choices = _titles(question.choices)
    is_compact = len(choices) > MANY_CHOICES
    element = _choice_set(common, choices, _known(answer, choices), is_compact=is_compact)
    return {**element, "placeholder": say("Choose one")} if is_compact else element


def _pictures(question: Question, common: Element, answer: object) -> list[Element]:
    """Return the pictures, two abreast, and below them the same choices in words."""
    pairs = [question.choices[start : start + 2] for start in range(0, len(question.choices), 2)]
    rows: list[Element] = [
        {"type": "ColumnSet", "spacing": "small", "columns": [_picture(choice) for choice in pair]} for pair in pairs
    ]
    return [*rows, {**_choice(question, common, answer), "label": say("Your choice")}]


def _picture(choice: Choice) -> Element:
    image: Element = {"type": "Image", "url": choice.image, "altText": clean(choice.alt), "size": "auto"}
    words = verbatim(stretch(choice.text, is_small=True), is_close=True)
    return {"type": "Column", "width": "stretch", "items": [image, words]}


def _places(question: Question, common: Element, answer: object) -> list[Element]:
    """Return a list to choose from for each place, as not every client can drag and drop."""
    choices = _titles(question.choices)
    given = _by_part(answer)
    places = range(1, len(choices) + 1)
    return [
        _part(
            common, str(place), say("Place {place} of {n}", place=place, n=len(places)), choices, given.get(str(place))
        )
        for place in places
    ]


def _rows(question: Question, common: Element, answer: object) -> list[Element]:
    choices = _titles(question.choices)
    given = _by_part(answer)
    return [_part(common, row.id, plain(row.text), choices, given.get(row.id)) for row in question.rows]


def _part(common: Element, part: str, words: str, choices: Mapping[str, str], answer: object) -> Element:
    own: Element = {**common, "id": f"{common['id']}.{part}", "label": words, "spacing": "small"}
    return {**_choice_set(own, choices, _known(answer, choices), is_compact=True), "placeholder": say("Choose one")}


def _by_part(answer: object) -> Mapping[str, object]:
    """Return an answer as its inputs have it: a ranking is kept in order and filled in by place."""
    if isinstance(answer, list | tuple):
        return {str(place): one for place, one in enumerate(answer, 1)}
    return answer if isinstance(answer, Mapping) else {}


def _some(question: Question, common: Element, answer: object) -> Element:
    choices = _titles(question.choices)
    return {**_choice_set(common, choices, _known(answer, choices), is_compact=False), "isMultiSelect": True}


def _yes_no(_: Question, common: Element, answer: object) -> Element:
    choices = {"true": say("Yes"), "false": say("No")}
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


def _titles(choices: Sequence[Choice]) -> dict[str, str]:
    return {choice.id: plain(choice.text) for choice in choices}


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
    Kind.CES: _ces,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _some,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
}
_SEVERAL: dict[Kind, Callable[[Question, Element, object], list[Element]]] = {
    Kind.IMAGE_CHOICE: _pictures,
    Kind.RANKING: _places,
    Kind.MATRIX: _rows,
}
