"""The demo's parts: what people enter in a card, how they behave, and figures put side by side."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web

from simulator import Json, Teams
from simulator.answering import fill_in
from simulator.cards import ADAPTIVE, filled
from simulator.connector import Call
from simulator.crowd import Crowd, Habits, Seen, key_of, named
from simulator.faults import Fault
from simulator.summary import compare

FORM: Json = {
    "type": "AdaptiveCard",
    "body": [
        {"type": "Input.ChoiceSet", "id": "one", "isRequired": True, "choices": [{"title": "A", "value": "a"}]},
        {
            "type": "Input.ChoiceSet",
            "id": "many",
            "isMultiSelect": True,
            "choices": [{"title": text, "value": text} for text in "abc"],
        },
        {"type": "Input.Rating", "id": "stars", "max": 4},
        {"type": "Input.Number", "id": "number", "min": 3, "max": 5},
        {"type": "Input.Text", "id": "text"},
        {"type": "Input.Date", "id": "date"},
        {"type": "Input.Toggle", "id": "toggle"},
    ],
    "actions": [{"type": "Action.Execute", "title": "Send", "verb": "answer", "data": {"act": "answer"}}],
}
THANKS: Json = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "Thanks"}]}
AT_ONCE = {"median_s": 0.0, "longest_s": 0.0}


@pytest.mark.parametrize("seed", range(30))
def test_what_people_enter_is_what_a_client_would_send(seed: int) -> None:
    found = fill_in(FORM, random.Random(seed))
    assert found is not None
    pressed, entered = found
    data = filled(pressed, entered)  # raises where it would not
    assert data["one"] == "a"


def test_some_inputs_stay_empty_and_a_required_one_never() -> None:
    entered = [fill_in(FORM, random.Random(seed)) for seed in range(50)]
    answers = [found[1] for found in entered if found is not None]
    assert all("one" in one for one in answers)
    assert 0 < sum("text" in one for one in answers) < 50


def test_there_is_nothing_to_enter_in_a_card_without_questions() -> None:
    assert fill_in(THANKS, random.Random(1)) is None


class Bot:
    """Answers presses with thanks, or not at all."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.status = 200

    async def take(self, request: web.Request) -> web.Response:
        activity = await request.json()
        self.heard.append(activity.get("text") or activity["type"])
        card = {"statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": THANKS}
        return web.json_response(card, status=self.status)


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
async def teams(bot: Bot) -> AsyncIterator[Teams]:
    application = web.Application()
    application.router.add_post("/", bot.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Teams(checks_tokens=False) as running:
        host, port = runner.addresses[0][:2]
        running.bot_url = f"http://{host}:{port}/"
        yield running
    await runner.cleanup()


async def _shown(teams: Teams, habits: Habits, count: int = 1) -> Seen:
    """Show the form to one person, so many times, and return what came of it."""
    person = teams.person("Sample Person", has_bot=True)
    crowd = Crowd([person], habits, faults=0.0, chance=random.Random(1))
    crowd.join(teams)
    for number in range(count):
        shown: list[Json] = [{"contentType": ADAPTIVE, "content": FORM}]
        message: Json = {"id": str(number), "type": "message", "attachments": shown}
        await person.view.send(message)
        assert teams.connector.delivered is not None
        teams.connector.delivered(person, message)
    async with asyncio.timeout(60):
        await crowd.settled()
    return crowd.seen


@pytest.mark.parametrize(
    ("habits", "heard", "answered", "stopped"),
    [
        (Habits(answer=1, stop=0, feedback=0, **AT_ONCE), ["invoke"], 1, 0),
        (Habits(answer=0, stop=1, feedback=0, **AT_ONCE), ["stop"], 0, 1),
        (Habits(answer=0, stop=0, feedback=0, **AT_ONCE), [], 0, 0),
    ],
)
async def test_people_do_what_their_habits_say(
    habits: Habits, heard: list[str], answered: int, stopped: int, teams: Teams, bot: Bot
) -> None:
    seen = await _shown(teams, habits)
    assert (bot.heard, len(seen.answered), len(seen.stopped)) == (heard, answered, stopped)


async def test_who_types_feedback_answers_first(teams: Teams, bot: Bot) -> None:
    seen = await _shown(teams, Habits(answer=1, stop=0, feedback=1, **AT_ONCE))
    assert [words.split()[0] for words in bot.heard] == ["invoke", "feedback"]
    assert seen.answered == seen.spoke != set()


async def test_an_answer_that_the_bot_did_not_take_is_none(teams: Teams, bot: Bot) -> None:
    bot.status = 503
    seen = await _shown(teams, Habits(answer=1, stop=0, feedback=0, **AT_ONCE))
    assert (seen.answered, seen.refused.total()) == (set(), 1)


async def test_a_second_card_is_counted_and_not_answered_again(teams: Teams, bot: Bot) -> None:
    seen = await _shown(teams, Habits(answer=1, stop=0, feedback=0, **AT_ONCE), count=2)
    assert list(seen.cards.values()) == [2]
    assert bot.heard == ["invoke"]


def test_people_are_known_by_tenant_and_object_id() -> None:
    person = Teams(tenant="t").person("Sample", object_id="o")
    assert key_of(person) == "t:o"


STATES = {"a": "answered", "b": "sent", "c": "failed", "d": "unconfirmed", "e": "excluded"}


def _seen(**cards: int) -> Seen:
    seen = Seen(answered={"a"}, stopped={"b"})
    seen.cards.update(cards)
    return seen


def test_figures_agree_person_by_person() -> None:
    found = compare(set(STATES), _seen(a=1, b=1, d=1), states=STATES, opted_out={"b", "somebody else"}, wrote=set())
    assert found.agrees
    assert [(line.kept, line.seen) for line in found.lines] == [(5, 5), (2, 2), (2, 2), (1, 1), (1, 1), (0, 0)]
    assert (found.in_doubt, found.in_doubt_with_card) == (1, 1)
    assert "Both sides agree about everybody." in str(found)


@pytest.mark.parametrize(
    ("cards", "states"),
    [
        ({"a": 1}, STATES),  # b is sent, and has no card
        ({"a": 1, "b": 1, "c": 1}, STATES),  # c is failed, and has one
        ({"a": 1, "c": 1}, STATES),  # both at once: the sums are the same, the people are not
        ({"a": 1, "b": 2}, STATES),  # somebody has two
        ({"a": 1, "b": 1}, {**STATES, "a": "sent"}),  # somebody was thanked, and nothing is kept
        ({"a": 1, "b": 1}, {key: STATES[key] for key in "abc"}),  # somebody is lost
    ],
)
def test_whatever_is_wrong_is_said(cards: dict[str, int], states: dict[str, str]) -> None:
    found = compare(set(STATES), _seen(**cards), states=states, opted_out={"b"}, wrote=set())
    assert not found.agrees
    assert "THE SIDES DO NOT AGREE" in str(found)


class _Everything(random.Random):
    """Chance that lets every request go wrong, and keeps what could have been chosen."""

    def __init__(self) -> None:
        super().__init__(1)
        self.offered: list[Fault] = []

    def random(self) -> float:
        return 0.0

    def choices(self, population: Sequence[Fault], *_: object, **__: object) -> list[Fault]:  # type: ignore[override]
        self.offered = [*population]
        return [population[0]]


def _offered(*, hangs: bool, operation: str = "send") -> list[Fault]:
    teams, chance = Teams(tenant="t"), _Everything()
    person = teams.person("Sample")
    Crowd([person], Habits(), faults=1.0, chance=chance, hangs=hangs).join(teams)
    body: Json = {"attachments": [{"contentType": ADAPTIVE, "content": FORM}]}
    assert teams.respond is not None
    assert teams.respond(Call(operation, person, body=body)) is not None
    return chance.offered


def test_all_kinds_of_trouble_happen_to_a_card_and_refusals_to_nothing_else() -> None:
    card = {named(one) for one in _offered(hangs=True)}
    assert card >= {"slow", "hung", "connection broken"}
    assert card >= {str(status) for status in (403, 404, 412, 413, 429, 500, 502, 503, 504)}
    assert not {"403", "404", "413"} & {named(one) for one in _offered(hangs=True, operation="create")}


def test_where_nothing_hangs_every_request_is_answered() -> None:
    assert {named(one) for one in _offered(hangs=False)} == {named(one) for one in _offered(hangs=True)} - {"hung"}
