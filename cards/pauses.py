"""The cards of somebody who does not go on in the survey card: later, not at all, or by typing instead.

Each has a way back, and says what is kept.
"""

from datetime import datetime

from cards.elements import Card, Element, Style, card, escape, excerpt, execute, heading, hint, moment, text
from feedback.language import mark, say
from feedback.runs.runs import Delivery, Run

DAYS_INPUT = "days"
DAYS = {1: mark("Tomorrow"), 3: mark("In 3 days"), 7: mark("In a week"), 14: mark("In 2 weeks")}
_TITLE = 200  # characters


def later_card(run: Run, delivery: Delivery) -> Card:
    """Return the question when to ask again."""
    choices: Element = {
        "type": "Input.ChoiceSet",
        "id": DAYS_INPUT,
        "label": say("When shall I ask you again?"),
        "style": "expanded",
        "wrap": True,
        "value": str(next(iter(DAYS))),
        "choices": [{"title": say(title), "value": str(days)} for days, title in DAYS.items()],
    }
    body = [heading(say("Later")), _survey(run), *_kept(delivery), choices]
    remind = execute(say("Ask me then"), "snooze", {"run": run.run}, style=Style.POSITIVE)
    return card(body, [remind, _back(run, say("Back"))], fallback=say("Later"))


def snoozed_card(run: Run, delivery: Delivery, until: datetime) -> Card:
    """Return the promise to ask again, with the time in the reader's own zone."""
    body = [
        heading(say("I will ask you again")),
        _survey(run),
        text(say("You get this survey again on {when}, and nothing about it until then.", when=moment(until))),
        *_kept(delivery),
    ]
    decline = execute(say("Not for me"), "decline", {"run": run.run})
    return card(body, [_back(run, say("Answer now")), decline], fallback=say("I will ask you again."))


def declined_card(run: Run) -> Card:
    """Return the news that this survey will not be asked again."""
    body = [
        heading(say("All right — this one is not for you")),
        _survey(run),
        text(say("You get no reminders of this survey. Thank you for saying so: the team can see that you did.")),
        hint(say("To get no surveys at all, type **stop**.")),
    ]
    return card(body, [_back(run, say("Answer after all"))], fallback=say("You get no reminders of this survey."))


def typing_card(run: Run) -> Card:
    """Return what stands in for the survey while it is answered by typing."""
    body = [
        heading(say("Answering by typing")),
        _survey(run),
        text(say("The questions come one by one below. Every answer is kept as soon as you send it.")),
    ]
    return card(body, [_back(run, say("Answer in the card"))], fallback=say("The questions come one by one below."))


def _survey(run: Run) -> Element:
    return hint(escape(excerpt(run.survey.title, _TITLE)))


def _kept(delivery: Delivery) -> list[Element]:
    has_begun = delivery.draft is not None and bool(delivery.draft.answers)
    return [hint(say("What you have answered so far is kept."))] if has_begun else []


def _back(run: Run, title: str) -> Element:
    return execute(title, "open", {"run": run.run})
