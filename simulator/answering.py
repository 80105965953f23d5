"""What somebody might enter in a card, whatever it asks. Chance comes from outside."""

import random

from simulator.cards import Pressable, form
from simulator.payload import Json, listing, text

ANSWERED = 0.8  # of the inputs that may stay empty
WORDS = (
    "Sample answer: faster search would save me an hour a week.",
    "Sample answer: it does what I need.",
    "Sample answer: I lose my place when I come back to it.",
    "Sample answer: let me share it with my team.",
)


def fill_in(card: Json, chance: random.Random) -> tuple[Pressable, Json] | None:
    """Return what to press and what to enter first, or None where there is nothing to enter."""
    found = form(card)
    if found is None:
        return None
    entered: Json = {}
    for element in found.inputs:
        if _needs_an_answer(element) or chance.random() < ANSWERED:
            entered |= _entered(element, chance)
    return found, entered


def _needs_an_answer(element: Json) -> bool:
    """Say whether the client or the words beside the input ask for an answer: people read both."""
    return element.get("isRequired") is True or text(element, "label").endswith("(required)")


def _entered(element: Json, chance: random.Random) -> Json:
    key = text(element, "id")
    match text(element, "type"):
        case "Input.ChoiceSet":
            choices = [text(one, "value") for one in listing(element.get("choices"))]
            if not choices:
                return {}
            many = element.get("isMultiSelect") is True
            picked = chance.sample(choices, chance.randint(1, len(choices)) if many else 1)
            return {key: picked if many else picked[0]}
        case "Input.Rating":
            return {key: chance.randint(1, _whole(element, "max", 5))}
        case "Input.Number":
            return {key: chance.randint(_whole(element, "min", 0), _whole(element, "max", 10))}
        case "Input.Text":
            return {key: chance.choice(WORDS)}
        case "Input.Toggle":
            return {key: True}
        case "Input.Date":
            return {key: f"2026-01-{chance.randint(1, 28):02d}"}
    return {}


def _whole(element: Json, name: str, usual: int) -> int:
    found = element.get(name)
    return int(found) if isinstance(found, int | float) else usual
