"""The cards that say no, or sorry: what happened, what to do, and whether anything was lost.

A reference is what the person reads out and the operator finds in the log; it means nothing else.
"""

import inspect

from cards.elements import Card, Color, banner, card, escape, hint, text
from feedback.errors import Refusal


def refusal_card(refusal: Refusal) -> Card:
    """Return a refusal's sentence. Its marks are ours and stay; the facts in it are other people's and are escaped."""
    sentence = refusal_sentence(refusal)
    return card([text(sentence)], fallback=sentence)


def refusal_sentence(refusal: Refusal) -> str:
    """Return a refusal's sentence as Markdown, for a card or a message."""
    ours = inspect.cleandoc(type(refusal).__doc__ or "").replace("\n", " ")
    return ours.format(**{name: escape(str(fact)) for name, fact in refusal.facts.items()})


def not_saved_card(what: str, reference: str) -> Card:
    """Return the news that something could not be kept. `what` names it in our words: “Your answer”."""
    title = "Not saved — please try again"
    body = [
        banner(title, color=Color.ATTENTION),
        text(f"{escape(what)} could not be saved just now. Please try again in a minute."),
        _reference(reference),
    ]
    return card(body, fallback=f"{title}. Reference {escape(reference)}")


def went_wrong_card(reference: str) -> Card:
    """Return the apology for a fault of ours."""
    sentence = "Something went wrong on our side. Please try again in a minute."
    body = [text(sentence), hint("If it keeps happening, tell the person who runs this bot."), _reference(reference)]
    return card(body, fallback=f"{sentence} Reference {escape(reference)}")


def _reference(reference: str) -> dict[str, object]:
    return hint(f"Reference **{escape(reference)}**")
