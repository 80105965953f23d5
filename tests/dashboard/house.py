"""A panel, a run and its answers, all made up, as the tests of the dashboard need them."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import msgspec

from feedback.audit import Record, record_change
from feedback.notes import NoteKind, keep_note
from feedback.people.mixes import Mix, segment_of
from feedback.people.people import Contact, Conversation, Person, meet
from feedback.runs.deliveries import write_planned
from feedback.runs.runs import RUN_DOC, Delivery, DeliveryState, Run, RunState, create_run
from feedback.surveys.questions import Answer, Answers, Choice, Kind, Question
from feedback.surveys.surveys import Survey, import_survey
from store.contract import MAX_BATCH, Patch, Store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ADMIN, HOME = "00000000-0000-0000-0000-0000000000020", "00000000-0000-0000-0000-0000000000001"
BOSS = f"{HOME}:{ADMIN}"
SIZES, REGIONS = ("small", "medium", "large"), ("emea", "americas", "apac")
TOOLS = (Choice("phone", "Phone"), Choice("laptop", "Laptop"), Choice("tablet", "Tablet, or another device like that"))
PARTS = (Choice("search", "Search"), Choice("setup", "Setup"))
WORDS = (Choice("bad", "Poor"), Choice("fair", "Fair"), Choice("good", "Good"))
WHY = (
    "Setup took us an afternoon, and search finds nothing.",
    "It does what it says. The team answers within a day.",
    "=HYPERLINK(“https://example.com”) is what our spreadsheet said",
    "Für uns ist die Suche das Wichtigste – sie ist zu langsam.",
    "We would like to see what came of what we said last time.",
)
NOTES = (
    "Call with @Contoso about Search: nobody finds a file that was shared last week. #search #slow",
    'Visit at @"Fabrikam Inc": they built a list of their own, because ours shows only ten. #lists',
    "=1+2 is what @Contoso types into the box about Search, and it answers with a number. #search",
    "The setup took our whole team a morning. Why can I not do it once for everybody?",
    "Danke, dass Sie nachgefragt haben – jetzt ist die Suche schnell. #search",
)
NOTES_BY_ENGINEERS = 3  # of them; the others are feedback
SURVEY = Survey(
    "pulse",
    "Sample: how is it going?",
    (
        Question("nps", Kind.NPS, "How likely are you to recommend us to somebody you work with?"),
        Question("why", Kind.TEXT, "What is the main reason for that?"),
        Question("csat", Kind.CSAT, "How satisfied are you with the support?"),
        Question("ease", Kind.CES, "It was easy to get started."),
        Question("tools", Kind.CHOICES, "What do you work with?", choices=TOOLS),
        Question("rank", Kind.RANKING, "What matters most?", choices=TOOLS),
        Question("parts", Kind.MATRIX, "How good are these parts?", choices=WORDS, rows=PARTS),
        Question("done", Kind.YES_NO, "Did you finish the setup?"),
        Question("much", Kind.NUMBER, "How many people use it?"),
        Question("day", Kind.DATE, "When did you begin?"),
    ),
)
STATES = {
    DeliveryState.EXCLUDED: "opted out",
    DeliveryState.FAILED: "403: the app is not installed",
    DeliveryState.UNCONFIRMED: "the connection broke",
    DeliveryState.SENT: "",
}


def answers_by(chance: random.Random) -> Answers:
    """Return somebody's answers; not everybody answers everything."""
    order = list(TOOLS)
    chance.shuffle(order)
    tools = [one.id for one in TOOLS if chance.random() < 0.5]
    given: dict[str, Answer] = {
        "nps": min(10, max(0, round(chance.gauss(7.8, 2.2)))),
        "csat": chance.choice([2, 3, 4, 4, 5, 5]),
        "ease": chance.choice([3, 4, 5, 6, 6, 7]),
        "rank": [one.id for one in order],
        "parts": {row.id: chance.choice(WORDS).id for row in PARTS},
        "done": chance.random() < 0.7,
        "much": chance.choice([3, 8, 12, 40, 250, 1200]),
        "day": f"2026-{chance.randint(1, 10):02d}-{chance.randint(1, 28):02d}",
    }
    if tools:
        given["tools"] = list(tools)
    if chance.random() < 0.4:
        given["why"] = chance.choice(WHY)
    return given


async def furnish(
    store: Store,
    people: int = 420,
    *,
    name: str = "pulse-1",
    seed: int = 1,
    first: int = 0,
    mix: Mix | None = None,
) -> Run:
    """Write the panel, its people numbered from `first`, the run with its target mix and its answers, and return it."""
    chance = random.Random(seed)
    await import_survey(store, SURVEY)
    await meet(
        store, Contact(HOME, ADMIN, "Sample Admin", "en-US", Conversation("chat", "https://x", "29:1", "28:1")), NOW
    )
    run = await create_run(store, SURVEY, "panel insiders", by=BOSS, now=NOW, name=name)
    for start in range(first, first + people, MAX_BATCH):
        numbers = range(start, min(start + MAX_BATCH, first + people))
        group = [_delivery(run, number, chance) for number in numbers]
        known = [_person(one.id, number, chance) for one, number in zip(group, numbers, strict=True)]
        await asyncio.gather(*(store.create("people", msgspec.to_builtins(one)) for one in known))
        if mix is not None:
            group = [
                msgspec.structs.replace(one, segment=segment_of(mix, person.attributes))
                for one, person in zip(group, known, strict=True)
            ]
        await write_planned(store, run.run, group)
    target = {} if mix is None else {"mix": msgspec.to_builtins(mix)}
    await store.patch("runs", run.run, Patch(RUN_DOC, set={"state": RunState.SENT.value, "people": people, **target}))
    for minutes, what, after in ((0, "send", "sending"), (9, "hold", "held"), (12, "continue", "sending")):
        await record_change(store, Record(NOW + timedelta(minutes=minutes), BOSS, what, run.run, after=after))
    return run


async def write_notes(store: Store, copies: int = 1) -> None:
    """Write notes of an engineer and feedback of people of the panel, the first the oldest, a day apart."""
    for number in range(copies):
        for place, text in enumerate(NOTES):
            kind = NoteKind.NOTE if place < NOTES_BY_ENGINEERS else NoteKind.FEEDBACK
            key = f"{HOME}:engineer" if kind is NoteKind.NOTE else person_key(place)
            name = "Sample Engineer" if kind is NoteKind.NOTE else f"Sample Person {place}"
            author = Person(key, HOME, key.partition(":")[2], name)
            day = number * len(NOTES) + place
            source = f"chat|{day}"
            await keep_note(store, kind, author, text, source=source, now=NOW + timedelta(days=day - 30))


def person_key(number: int) -> str:
    """Return the key of a person of the panel."""
    return f"22222222-2222-2222-2222-222222222222:{number:08d}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"


def _person(key: str, number: int, chance: random.Random) -> Person:
    tenant, _, object_id = key.partition(":")
    attributes = {"size": SIZES[number % 7 % 3], "region": chance.choice(REGIONS)}
    name = "=cmd|' /C calc'!A0" if number == 0 else f"Sample Person {number}"
    return Person(key, tenant, object_id, name, attributes=attributes if number % 20 else {})


def _delivery(run: Run, number: int, chance: random.Random) -> Delivery:
    key, sent = person_key(number), NOW + timedelta(seconds=number / 10)
    is_small = SIZES[number % 7 % 3] == "small"
    if chance.random() < (0.25 if is_small else 0.6):
        hours = min(chance.expovariate(0.25), 40)
        at = sent + timedelta(hours=hours)
        answers = answers_by(chance)
        return Delivery(
            run.run,
            key,
            DeliveryState.ANSWERED,
            number // 100,
            sent_at=sent,
            answered_at=at,
            answers=answers,
            revision=1,
        )
    state = chance.choices(list(STATES), weights=[4, 3, 1, 20])[0]
    was_sent = state in {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    return Delivery(run.run, key, state, number // 100, STATES[state], sent_at=sent if was_sent else None)
