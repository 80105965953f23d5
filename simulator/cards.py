"""What a Teams client does with an Adaptive Card: shows it, checks the inputs, makes the data to send.

Knows cards as plain JSON, whoever built them. It is a client without charts: it shows what stands in for them.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from simulator.payload import Json, dig, listing, mapping, text

ADAPTIVE = "application/vnd.microsoft.card.adaptive"
EXECUTE = "Action.Execute"
SUBMIT = "Action.Submit"
CHART = "Chart."  # what the types of all charts begin with

_CLOSED = ("data", "fallback", "refresh", "authentication", "card", "choices")  # no elements of this level in there
_SHOWN = ("text", "label", "placeholder", "altText", "title")


class InputRefused(Exception):
    """The client would not send this; `messages` are what the person reads beside the inputs."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class NoSuchAction(LookupError):
    """There is nothing like that to press."""


class Pressable(msgspec.Struct, frozen=True):
    """An action, the names it goes by, and the inputs that travel with it."""

    action: Json
    names: frozenset[str]
    inputs: list[Json]


def card_of(activity: Json) -> Json:
    """Return the newest Adaptive Card in a message, or an empty object."""
    for attachment in reversed(listing(activity.get("attachments"))):
        if text(attachment, "contentType") == ADAPTIVE:
            return mapping(dig(attachment, "content"))
    return {}


def with_card(activity: Json, card: Json) -> Json:
    """Return the message showing this card instead of its own."""
    return {**activity, "attachments": [{"contentType": ADAPTIVE, "content": card}]}


def card_text(card: Json) -> str:
    """Return the words a person can read on the card, in order, each on its line."""
    return "\n".join(words for part in _parts(card, only_visible=True) for words in _words(part) if words)


def action_titles(card: Json) -> list[str]:
    """Return the titles of everything that can be pressed, in order."""
    parts = (part for level, _ in _levels(card, []) for part in _parts(level))
    return [text(part, "title") for part in parts if text(part, "type").startswith("Action.")]


def find_action(card: Json, wanted: str, kind: str = EXECUTE) -> Pressable:
    """Return the action with this title, verb or id. For Action.Submit, fallbacks count as well."""
    found = [each for each in _pressables(card, kind) if wanted in each.names]
    if not found:
        message = f"no {kind} called {wanted!r}; the card offers {action_titles(card)}"
        raise NoSuchAction(message)
    return found[0]


def form(card: Json) -> Pressable | None:
    """Return the first Action.Execute that something can be entered for, if there is one."""
    return next((each for each in _pressables(card, EXECUTE) if each.inputs), None)


def filled(pressable: Pressable, answers: Mapping[str, object], *, validate: bool = True) -> Json:
    """Return the data to send: the action's own, and every input as text, as clients send it.

    With `validate`, raises `InputRefused` where a client would show an error. Without, unknown inputs pass.
    """
    if text(pressable.action, "associatedInputs").lower() == "none":
        return dict(mapping(pressable.action.get("data")))
    known = {text(element, "id"): element for element in pressable.inputs}
    written = {key: _written(known.get(key, {}), answers.get(key, _default(known.get(key, {})))) for key in known}
    if validate:
        _check(known, written, answers)
    else:
        written |= {key: _written({}, value) for key, value in answers.items() if key not in known}
    return {**mapping(pressable.action.get("data")), **{key: value for key, value in written.items() if value}}


def _check(known: Mapping[str, Json], written: Mapping[str, str], answers: Mapping[str, object]) -> None:
    problems = [f"the card has no input {key!r}" for key in answers if key not in known]
    for key, element in known.items():
        if not _is_acceptable(element, written[key]):
            problems.append(text(element, "errorMessage") or f"{text(element, 'label') or key} is not valid")
    if problems:
        raise InputRefused(problems)


def _is_acceptable(element: Json, value: str) -> bool:
    if not value or (text(element, "type") == "Input.Toggle" and value != _toggle(element, on=True)):
        return element.get("isRequired") is not True
    match text(element, "type"):
        case "Input.Number" | "Input.Rating":
            return _is_in_range(element, value)
        case "Input.ChoiceSet":
            return _is_on_offer(element, value)
        case "Input.Text":
            limit = element.get("maxLength")
            fits = not isinstance(limit, int) or len(value) <= limit
            return fits and re.search(text(element, "regex"), value) is not None
        case _:
            return True


def _is_in_range(element: Json, value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    is_rating = text(element, "type") == "Input.Rating"
    low = 0 if is_rating else element.get("min")
    high = element.get("max", 5 if is_rating else None)
    above = not isinstance(low, int | float) or number >= low
    return above and (not isinstance(high, int | float) or number <= high)


def _is_on_offer(element: Json, value: str) -> bool:
    if "choices.data" in element:  # looked up while typing, so any value may be on offer
        return True
    offered = {text(choice, "value") for choice in listing(element.get("choices"))}
    picked = value.split(",") if element.get("isMultiSelect") is True else [value]
    return offered.issuperset(picked)


def _written(element: Json, value: object) -> str:
    if isinstance(value, bool):
        return _toggle(element, on=value)
    if isinstance(value, list | tuple):
        return ",".join(str(each) for each in value)
    return "" if value is None else str(value)


def _default(element: Json) -> object:
    is_toggle = text(element, "type") == "Input.Toggle"
    return element.get("value", _toggle(element, on=False) if is_toggle else None)


def _toggle(element: Json, *, on: bool) -> str:
    return text(element, "valueOn") or "true" if on else text(element, "valueOff") or "false"


def _words(part: Json) -> Iterator[str]:
    yield from (text(part, key) for key in _SHOWN)
    if not text(part, "type"):  # one line of a FactSet
        yield text(part, "value")
    yield from (text(choice, "title") for choice in listing(part.get("choices")))


def _parts(node: object, *, only_visible: bool = False) -> Iterator[Json]:
    """Yield everything on a card, outermost first; not what hides behind an Action.ShowCard."""
    children = listing(node)
    if isinstance(node, dict):
        if only_visible and node.get("isVisible") is False:
            return
        yield node
        children = [node[key] for key in node if key not in _CLOSED]
        if text(node, "type").startswith(CHART):
            children = [node.get("fallback")]
    for child in children:
        yield from _parts(child, only_visible=only_visible)


def _levels(card: Json, outer: list[Json]) -> Iterator[tuple[Json, list[Json]]]:
    """Yield the card and each card inside an Action.ShowCard, with the inputs their actions submit."""
    parts = list(_parts(card))
    inputs = outer + [part for part in parts if text(part, "type").startswith("Input.")]
    yield card, inputs
    for part in parts:
        if text(part, "type") == "Action.ShowCard":
            yield from _levels(mapping(part.get("card")), inputs)


def _pressables(card: Json, kind: str) -> Iterator[Pressable]:
    for level, inputs in _levels(card, []):
        for part in _parts(level):
            fallback = mapping(part.get("fallback"))
            if text(part, "type") == kind:
                yield Pressable(part, _names(part), inputs)
            elif text(part, "type") == EXECUTE and text(fallback, "type") == kind:
                yield Pressable(fallback, _names(part) | _names(fallback), inputs)


def _names(action: Json) -> frozenset[str]:
    return frozenset({text(action, key) for key in ("title", "verb", "id")} - {""})
