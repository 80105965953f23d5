"""Sample people who were all sent the same survey: written beforehand, and looked up again afterwards.

Everybody gives answers of their own, so that one that is lost, doubled or given to somebody else is found out.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from benchmarks.load import Reply, Request
from cards.survey import survey_card
from feedback.people.people import Contact, Conversation, meet, person_id
from feedback.runs.deliveries import SLICE, write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, create_run, deliveries, move_run
from feedback.surveys.questions import Answers
from feedback.surveys.survey_files import read_survey
from simulator import Teams, card_text
from simulator.activities import Bot, Who, card_action, envelope
from simulator.cards import ADAPTIVE, Pressable, filled, find_action
from simulator.ids import bot_id
from store.contract import Store

CUSTOMERS = "22222222-2222-2222-2222-222222222222"  # their tenant
_AUTHORIZATION = re.compile(rb"Authorization: [^\r]*\r\n")
SENT_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SURVEY = """
id: sample
title: Sample survey
questions:
- {id: recommend, kind: nps, text: "How likely are you to recommend us?", required: true}
- id: often
  kind: choice
  text: How often do you use it?
  choices: [{id: daily, text: Every day}, {id: weekly, text: Every week}, {id: seldom, text: Less often}]
- id: improve
  kind: choices
  text: What should we work on?
  choices: [{id: speed, text: Speed}, {id: looks, text: Looks}, {id: words, text: Documentation}]
- {id: done, kind: yes_no, text: "Did you get done what you came for?"}
- {id: effort, kind: rating, text: "How easy was it?"}
- {id: change, kind: text, text: "What would you change?"}
"""


class Wrong(Exception):
    """The service did not do what is being measured, so there is nothing to report."""


class Panel(msgspec.Struct, frozen=True):
    """The people by key, the run they were sent, and the bot they answer to."""

    people: dict[str, Who]
    run: Run
    bot: Bot


async def write_panel(store: Store, teams: Teams, size: int) -> Panel:
    """Write a number of people, a run, and its deliveries, all sent."""
    found = [teams.person(f"Sample Person {number}", tenant=CUSTOMERS).who for number in range(size)]
    people = {person_id(one.tenant, one.object_id): one for one in found}
    bot = Bot(teams.app_id, teams.service_url)
    run = await create_run(store, read_survey(SURVEY), "customers", by=next(iter(people)), now=SENT_AT)
    for slice_, keys in enumerate(_slices(list(people))):
        await asyncio.gather(*(meet(store, _contact(people[key], bot), SENT_AT) for key in keys))
        await write_planned(store, run.run, [_sent(run, key, slice_) for key in keys])
    return Panel(people, await move_run(store, run, RunState.SENT, leaving={RunState.PLANNING}, people=size), bot)


def answers_of(number: int) -> Answers:
    """Return what the person with this number answers, as it is to be stored."""
    return {
        "recommend": number % 11,
        "often": ("daily", "weekly", "seldom")[number % 3],
        "improve": [["speed"], ["looks", "words"]][number % 2],
        "done": number % 2 == 0,
        "effort": number % 5 + 1,
        "change": f"Sample answer number {number}.",
    }


def requests_of(panel: Panel, token: str) -> list[Request]:
    """Return everybody's first answer as Teams would post it."""
    pressed = find_action(survey_card(panel.run), "answer")
    return [
        Request(key, _post(_activity(who, panel.bot, pressed, number), who, token))
        for number, (key, who) in enumerate(panel.people.items())
    ]


def with_token(request: Request, token: str) -> Request:
    """Return the request with another token in the place of its own."""
    return Request(request.key, _AUTHORIZATION.sub(_authorization(token), request.raw, count=1))


def without_token(request: Request) -> Request:
    """Return the request without its Authorization header."""
    return Request(request.key, _AUTHORIZATION.sub(b"", request.raw, count=1))


class _CardReply(msgspec.Struct, rename="camel"):
    status_code: int
    type: str
    value: dict[str, object]


def check_thanked(panel: Panel, replies: Sequence[Reply]) -> list[str]:
    """Return who got the thank-you with their own answer on it. Raises `Wrong` when anybody got something else."""
    numbers = {key: number for number, key in enumerate(panel.people)}
    for one in replies:
        if not _is_thanks(one, str(answers_of(numbers[one.key])["change"])):
            msg = f"{one.key} was answered {one.status}: {one.body[:300]!r}"
            raise Wrong(msg)
    return [one.key for one in replies]


async def check_kept(store: Store, panel: Panel, thanked: Collection[str]) -> int:
    """Return how many answers are in the store. Raises `Wrong` unless they are exactly those that were thanked for."""
    states = frozenset({DeliveryState.ANSWERED})
    kept = {one.id: one async for one in deliveries(store, panel.run.run, states=states)}
    numbers = {key: number for number, key in enumerate(panel.people)}
    lost = [key for key in thanked if key not in kept]
    extra = [key for key in kept if key not in set(thanked)]
    other = [key for key, one in kept.items() if one.answers != answers_of(numbers[key]) or one.revision != 1]
    if lost or extra or other or len(kept) != len(thanked):
        msg = (
            f"{len(thanked)} answers were thanked for, {len(kept)} are in the store: "
            f"{len(lost)} lost, {len(extra)} nobody was thanked for, {len(other)} not as given or not once"
        )
        raise Wrong(msg)
    return len(kept)


def _is_thanks(reply: Reply, words: str) -> bool:
    if reply.status != HTTPStatus.OK:
        return False
    try:
        found = msgspec.json.decode(reply.body, type=_CardReply)
    except msgspec.MsgspecError:
        return False
    seen = card_text(found.value)
    return found.status_code == HTTPStatus.OK and found.type == ADAPTIVE and "Thank you" in seen and words in seen


def _slices(keys: list[str]) -> list[list[str]]:
    return [keys[start : start + SLICE] for start in range(0, len(keys), SLICE)]


def _contact(who: Who, bot: Bot) -> Contact:
    chat = Conversation(
        id=who.conversation, service_url=bot.service_url, user_id=who.user_id, bot_id=bot_id(bot.app_id)
    )
    return Contact(who.tenant, who.object_id, who.name, who.locale, chat, time_zone=who.time_zone)


def _sent(run: Run, key: str, slice_: int) -> Delivery:
    return Delivery(
        run=run.run, id=key, state=DeliveryState.SENT, slice=slice_, activity_id=f"sample-{key}", sent_at=SENT_AT
    )


def _activity(who: Who, bot: Bot, pressed: Pressable, number: int) -> bytes:
    inputs = {f"q_{question}": answer for question, answer in answers_of(number).items()}
    base = envelope(who, bot, f"f:sample-{number}", SENT_AT)
    return msgspec.json.encode(card_action(base, pressed.action, filled(pressed, inputs), f"1:{number}"))


def _post(body: bytes, who: Who, token: str) -> bytes:
    headers = {
        "Host": "bot.example.com",
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "x-ms-conversation-id": who.conversation,
        "x-ms-tenant-id": who.tenant,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"POST /api/messages HTTP/1.1\r\n" + head.encode() + _authorization(token) + b"\r\n" + body


def _authorization(token: str) -> bytes:
    return f"Authorization: Bearer {token}\r\n".encode()
