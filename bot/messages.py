"""What people are sent: each message as a card and the line that notifications show for it, in the language spoken.

Pure: sending them is the business of broadcast/.
"""

from broadcast.assembly import Messages
from broadcast.sender import Message
from broadcast.telling import Come
from cards.elements import Card
from cards.status import status_card
from cards.survey import Position, survey_card
from cards.thanks import closed_card, moved_card, withdrawn_card
from cards.wishes import come_card, come_news
from feedback.answers.drafts import where_they_are
from feedback.language import current, say
from feedback.people.people import Person
from feedback.runs.runs import Delivery, Run
from feedback.runs.translated_runs import run_in
from feedback.standing import Standing


def survey_message(run: Run, arm: str) -> Message:
    """Return what everybody in a run who reads the language spoken is sent; of a concept test, those who see an arm."""
    run = run_in(run, current())
    return Message(card=survey_card(run, at=Position(arm=arm)), summary=run.survey.title)


def reminder_message(run: Run, delivery: Delivery) -> Message:
    """Return what somebody in a run who has not answered is sent again: the survey where they are in it."""
    run = run_in(run, current())
    summary = say("Reminder: {title}", title=run.survey.title)
    return Message(card=_where_they_are(run, delivery, is_reminder=True), summary=summary)


def closed_message(run: Run, delivery: Delivery) -> Message:
    """Return what takes the place of a person's card when the run is closed."""
    return Message(card=closed_card(run_in(run, current()), delivery), summary=say("This survey is closed."))


def withdrawn_message(run: Run, delivery: Delivery) -> Message:
    """Return what takes the place of a person's card when the run is taken back."""
    return Message(card=withdrawn_card(run_in(run, current()), delivery), summary=say("This survey was withdrawn."))


def status_message(standing: Standing, person: Person, is_moving: bool) -> Message:  # noqa: FBT001 - as it is called
    """Return the card about a run for somebody who watches it."""
    card = status_card(standing, viewer=person.id, is_moving=is_moving)
    return Message(card=card, summary=f"Status of {standing.run.run}.")


def come_message(come: Come) -> Message:
    """Return the news for somebody who waited for a run's answers."""
    run, wanted = come.run, come.wish.answers
    return Message(card=come_card(run, wanted, come.answered), summary=come_news(run, wanted, come.answered))


def again_message(run: Run, delivery: Delivery) -> Message:
    """Return what somebody is sent who wanted to be asked again."""
    run = run_in(run, current())
    return Message(card=_where_they_are(run, delivery), summary=run.survey.title)


def moved_message(run: Run, _delivery: Delivery) -> Message:
    """Return what takes the place of a card that a reminder has replaced."""
    run = run_in(run, current())
    return Message(card=moved_card(run), summary=run.survey.title)


def _where_they_are(run: Run, delivery: Delivery, *, is_reminder: bool = False) -> Card:
    at = Position(where_they_are(run, delivery), delivery.step, delivery.filled_in, delivery.arm)
    return survey_card(run, answers=delivery.filled_in, revision=delivery.revision, is_reminder=is_reminder, at=at)


MESSAGES = Messages(
    survey=survey_message,
    reminder=reminder_message,
    again=again_message,
    moved=moved_message,
    closed=closed_message,
    withdrawn=withdrawn_message,
    status=status_message,
    come=come_message,
)
"""All that broadcast/ sends, by its occasion."""
