"""What stands above the questions of an anonymous survey and of a concept test: the promise, and the design to look at.

The same words go into the card and into the chat, for those who answer by typing.
"""

from cards.elements import Element, clean, escape, hint, verbatim
from feedback.language import say
from feedback.surveys.surveys import Arm, Survey


def promise(survey: Survey) -> str:
    """Return what an anonymous survey promises; an empty text for other surveys."""
    if not survey.is_anonymous:
        return ""
    return say(
        "Anonymous: your answers are kept without your name. The team sees results after the survey has closed, "
        "and never of fewer than {threshold} people. It can see whether you answered, not what. "
        "Do not name yourself in a text.",
        threshold=survey.threshold,
    )


def promised(survey: Survey) -> list[Element]:
    """Return the promise as a card shows it."""
    words = promise(survey)
    return [hint(words)] if words else []


def concept(survey: Survey, arm_id: str) -> list[Element]:
    """Return the design that somebody is to look at; nothing where the survey has no such arm."""
    arm = survey.arm(arm_id)
    if arm is None:
        return []
    words = [verbatim(arm.text)] if arm.text else []
    picture: list[Element] = [{"type": "Image", "url": arm.image, "altText": clean(arm.alt)}] if arm.image else []
    return [*words, *picture]


def concept_in_words(survey: Survey, arm_id: str) -> str:
    """Return the design as a message of the chat has it: its text, and its picture with what the picture shows."""
    arm = survey.arm(arm_id)
    if arm is None:
        return ""
    picture = say("{shows}: {address}", shows=escape(arm.alt), address=arm.image) if arm.image else ""
    return "\n\n".join(part for part in (escape(arm.text), picture) if part)


def arm_title(arm: Arm | None) -> str:
    """Return what an arm is called where results and previews name it: its id."""
    return f"Arm {arm.id}" if arm else ""
