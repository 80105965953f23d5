"""The cards that say no, or sorry: what happened, what to do, and whether anything was lost.

A reference is what the person reads out and the operator finds in the log; it means nothing else.
"""

from cards.elements import Card, Color, banner, card, escape, hint, text
from cards.surveys import refused_audience_card
from feedback.errors import AudienceFileRefused, Refusal
from feedback.language import say


def refusal_card(refusal: Refusal) -> Card:
    """Return a refusal's sentence. Its marks are ours and stay; the facts in it are other people's and are escaped.

    Of an audience's file it lists every line that is wrong.
    """
    if isinstance(refusal, AudienceFileRefused):
        return refused_audience_card(refusal)
    sentence = refusal_sentence(refusal)
    return card([text(sentence)], fallback=sentence)


def refusal_sentence(refusal: Refusal) -> str:
    """Return a refusal's sentence as Markdown, for a card or a message."""
    return refusal.worded({name: escape(str(fact)) for name, fact in refusal.facts.items()})


def not_saved_card(what: str, reference: str) -> Card:
    """Return the news that something could not be kept. `what` names it in our words: “Your answer”."""
    title = say("Not saved — please try again")
    body = [
        banner(title, color=Color.ATTENTION),
        text(say("{what} could not be saved just now. Please try again in a minute.", what=escape(what))),
        _reference(reference),
    ]
    return card(body, fallback=f"{title}. {_sentence(reference)}")


def went_wrong_card(reference: str) -> Card:
    """Return the apology for a fault of ours."""
    sentence = say("Something went wrong on our side. Please try again in a minute.")
    body = [
        text(sentence),
        hint(say("If it keeps happening, tell the person who runs this bot.")),
        _reference(reference),
    ]
    return card(body, fallback=f"{sentence} {_sentence(reference)}")


def _reference(reference: str) -> dict[str, object]:
    return hint(say("Reference **{reference}**", reference=escape(reference)))


def _sentence(reference: str) -> str:
    return say("Reference {reference}", reference=escape(reference))
