"""Everything that is held about one person, as it is stored: what `my data` shows."""

import msgspec

from feedback.answers.anonymous import own_ballot
from feedback.answers.answers import MARK
from feedback.answers.snoozes import snooze_of
from feedback.notes import Note, notes_by
from feedback.people.panels import panels_of
from feedback.people.people import Person
from feedback.people.people_lists import lists_of
from feedback.runs.runs import Delivery, Run, deliveries_of, runs_by
from feedback.texts.remarks import remarks_of
from feedback.wishes import wishes_of
from feedback.writing.sketches import BOOK as SKETCHES
from store.contract import Doc, Store


class Held(msgspec.Struct, frozen=True):
    """What is held. `documents` has all of it in full; the rest is for showing it in short."""

    person: Person
    deliveries: list[tuple[Delivery, Run]]
    notes: list[Note]
    runs_started: list[str]
    panels: list[str]
    lists: list[str]
    documents: list[Doc]


async def everything_about(store: Store, person: Person) -> Held:
    """Return everything that is held about a person, apart from a guided conversation under way."""
    answered = await deliveries_of(store, person.id)
    notes = await notes_by(store, person.id)
    started = [run.run for run in await runs_by(store, person.id)]
    found = [
        await store.get("people", person.id, person.id),
        *[await store.get("runs", run.run, delivery.id) for delivery, run in answered],
        *[await own_ballot(store, run, delivery.id) for delivery, run in answered],
        *[await store.get("ledger", "notes", note.id) for note in notes],
        await store.get("ledger", SKETCHES, person.id),
        *[await snooze_of(store, run.run, delivery.id) for delivery, run in answered],
        *await wishes_of(store, person.id),
    ]
    documents = [_shown(doc) for doc in found if doc]
    for delivery, run in answered:
        documents += await _remarks(store, run, delivery)
    return Held(
        person=person,
        deliveries=answered,
        notes=notes,
        runs_started=started,
        panels=await panels_of(store, person.id),
        lists=await lists_of(store, person.id),
        documents=documents,
    )


async def _remarks(store: Store, run: Run, delivery: Delivery) -> list[Doc]:
    """Return what readers have remarked about what somebody wrote; of an anonymous run nobody knows whose texts are."""
    if run.survey.is_anonymous or not delivery.answers:
        return []
    on = (await remarks_of(store, run)).on(delivery.id, delivery.answers)
    return [{"run": run.run, "question": question, **msgspec.to_builtins(one)} for question, one in on.items()]


def _shown(doc: Doc) -> Doc:
    """Leave out what only the store and the recognition of repeated answers need: etags and fingerprints."""
    return {key: value for key, value in doc.items() if not key.startswith(("_", MARK))}
