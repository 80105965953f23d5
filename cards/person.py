"""The card that sums up everything held about a person. It is for that person alone; the full data goes beside it."""

from collections.abc import Sequence

from cards.elements import (
    Card,
    Element,
    card,
    escape,
    excerpt,
    facts,
    heading,
    hint,
    moment,
    section,
    text,
    verbatim,
)
from cards.size import fewer, fitted, left_out
from feedback.language import LANGUAGES, say, say_number
from feedback.notes import Note
from feedback.people.people import Person, Role
from feedback.runs.runs import Delivery, Run
from feedback.wording import STATE_WORDS

_WORD = 80  # characters of a name or an attribute
_ATTRIBUTES = 20
_NOTE = 160


def my_data_card(person: Person, role: Role, deliveries: Sequence[tuple[Delivery, Run]], notes: Sequence[Note]) -> Card:
    """Return a summary of what is held about a person. A long one says how much it leaves out."""
    surveys = say_number("{n} survey for you", "{n} surveys for you", len(deliveries))
    said = say_number("{n} note by you", "{n} notes by you", len(notes))

    def build(shown: int) -> Card:
        body = [
            heading(say("What I hold about you")),
            facts(_person(person, role)),
            *_listed(surveys, [_survey(*one) for one in deliveries], shown),
            *_listed(said, [_note(note) for note in notes], shown),
            hint(say("The complete data is in the message beside this card.")),
        ]
        return card(body, fallback=say("What I hold about you"))

    return fitted(build, fewer(max(len(deliveries), len(notes))))


def _person(person: Person, role: Role) -> dict[str, str]:
    rows = {
        say("Name"): escape(excerpt(person.name, _WORD)) or say("not known"),
        say("Language"): escape(LANGUAGES.get(person.language, person.locale)),
        say("Role"): role.value,
        say("Surveys"): say("stopped") if person.has_opted_out else say("welcome"),
    }
    if person.given_role and person.role_change:
        rows[say("Role since")] = moment(person.role_change.at)
    if person.first_seen_at:
        rows[say("First met")] = moment(person.first_seen_at)
    some = list(person.attributes.items())[:_ATTRIBUTES]
    return {**rows, **{escape(excerpt(name, _WORD)): escape(excerpt(value, _WORD)) for name, value in some}}


def _listed(title: str, rows: Sequence[list[Element]], shown: int) -> list[Element]:
    some = [element for row in rows[:shown] for element in row]
    more = [hint(one) for one in left_out(len(rows), shown)]
    return [section([text(title, is_bold=True), *some, *more])]


def _survey(delivery: Delivery, run: Run) -> list[Element]:
    answers = f", {say_number('{n} answer', '{n} answers', len(delivery.answers))}" if delivery.answers else ""
    when = delivery.answered_at or delivery.sent_at
    at = f", {moment(when)}" if when else ""
    return [text(escape(excerpt(run.survey.title, _NOTE))), hint(f"{say(STATE_WORDS[delivery.state])}{answers}{at}")]


def _note(note: Note) -> list[Element]:
    return [verbatim(f"“{excerpt(note.text, _NOTE)}”"), hint(moment(note.at))]
