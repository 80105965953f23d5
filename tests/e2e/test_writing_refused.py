"""What cannot be done while a survey is written, and what nobody may do: said in a sentence, with nothing lost."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from settings import Settings
from simulator import Json, Person, Teams, action_titles, card_text
from tests.e2e.conftest import PULSE, Service
from tests.e2e.writing import THREE, press, said, sketch_of, talk

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.mark.parametrize(
    ("audience", "sentence"),
    [
        ("", "Please say to whom"),
        ("martians", "I don't understand this audience"),
        ("panel nowhere", "There is no panel called"),
        ("**customers**", "I don't"),
        ("x" * 3000, "I don't"),
    ],
)
async def test_an_audience_that_is_none_is_asked_for_again(
    audience: str, sentence: str, admin: Person, service: Service
) -> None:
    await talk(admin, *THREE, "Why?", "save", "first-steps")
    await admin.press("Whom would it reach?", {"to": audience})
    assert sentence in said(admin)
    assert "Whom would it reach?" in action_titles(admin.card())
    assert await service.store.get("runs", "first-steps-1", "run") is None


async def test_a_card_for_a_version_that_is_no_more_sends_nothing(admin: Person, service: Service) -> None:
    await talk(admin, *THREE, "Why?", "save", "first-steps")
    await press(admin, "Send it to me…")
    ready = admin.inbox[-1]
    await talk(admin, "survey edit first-steps", "delete 3", "save")
    answer = await admin.press("Send it now", on=ready)
    assert "was changed after this card was made" in card_text(answer.card)
    assert await service.store.get("runs", "first-steps-1", "run") is None


@pytest.mark.parametrize("act", ["sketch", "trial", "saved", "foretell", "send"])
async def test_nobody_but_admins_writes_or_sends(act: str, engineer: Person, customer: Person, admin: Person) -> None:
    await talk(admin, f"survey import\n```\n{PULSE}```")
    for person in (engineer, customer):
        data: Json = {"act": act, "survey": "pulse", "version": 1, "audience": "everyone", "token": "x", "rev": 1}
        answer = await person.forge(data)
        assert "is for admins" in card_text(answer.card)
        await person.say("survey new")
        assert "is for admins" in said(person)


async def test_whoever_is_no_admin_any_more_writes_no_further(
    admin: Person, service: Service, settings: Settings, teams: Teams
) -> None:
    await talk(admin, *THREE, "Why?")
    before = await sketch_of(service)
    await service.stop()
    demoted = Service(teams, replace(settings, admins=frozenset()))
    await demoted.start()
    try:
        await talk(admin, "save")
        assert "you are none any more" in admin.texts[-1]
        answer = await press(admin, "Save")
        assert "is for admins" in card_text(answer.card)
        assert await sketch_of(demoted) == before
        await talk(admin, "help")
        assert "What you can type here" in said(admin), "and what is typed is a command again"
    finally:
        await demoted.stop()


@pytest.mark.parametrize(
    "data",
    [
        {"act": "sketch"},
        {"act": "sketch", "rev": "1", "words": ["delete 1"]},
        {"act": "sketch", "rev": True, "words": 7, "reads": "say", "say": {"a": 1}},
        {"act": "sketch", "rev": 10**30, "words": "save"},
        {"act": "trial", "rev": -1, "page": 99, "earlier": [1]},
        {"act": "trial", "rev": 4, "page": -5, "earlier": {"nope": 1}, "q_nope": "x"},
        {"act": "trial", "rev": 4, "goes": "back", "page": 10**30, "q_why": "x" * 100_000},
    ],
)
async def test_forged_presses_change_nothing(data: Json, admin: Person, service: Service) -> None:
    await talk(admin, *THREE, "Why?")
    before = await sketch_of(service)
    assert before is not None
    for forged in (data, data | {"rev": before["revision"]} if data["act"] == "trial" else data):
        answer = await admin.forge(forged)
        assert answer.status == 200
    assert await sketch_of(service) == before


async def test_a_button_of_a_sketch_that_is_gone_says_so(admin: Person) -> None:
    await talk(admin, *THREE, "Why?")
    old = admin.inbox[-1]
    await talk(admin, "throw away", "yes")
    assert "This survey was thrown away" in said(admin)
    answer = await admin.press("Add a question", on=old)
    assert "saved or thrown away" in card_text(answer.card)
    await talk(admin, "survey list")
    assert "There are none yet" in said(admin), "and what is typed is a command again"


async def test_one_sketch_at_a_time(admin: Person) -> None:
    await talk(admin, f"survey import\n```\n{PULSE}```")
    await talk(admin, *THREE, "Why?")
    await talk(admin, "cancel")
    await talk(admin, "survey edit pulse")
    assert "You are writing another survey, “First steps”" in said(admin)
    await talk(admin, "survey new from nps")
    assert "You are writing another survey" in said(admin)
    await talk(admin, "survey new", "throw away", "yes", "survey edit pulse")
    assert "Your survey: Sample pulse" in said(admin)
    await talk(admin, "cancel")
    await talk(admin, "survey edit pulse")
    assert "Your survey: Sample pulse" in said(admin)


@pytest.mark.parametrize("words", ["survey new from nowhere", "survey new from", "survey new pulse", "survey edit"])
async def test_what_cannot_be_begun_is_said(words: str, admin: Person, service: Service) -> None:
    await admin.say(words)
    assert "no template" in said(admin) or "Please write it like this" in said(admin)
    assert await sketch_of(service) is None


async def test_a_survey_that_is_not_there_cannot_be_edited(admin: Person, service: Service) -> None:
    await talk(admin, "survey edit nowhere")
    assert "There is no survey called “nowhere”" in said(admin)
    assert await sketch_of(service) is None


async def test_hostile_words_are_shown_as_they_are(admin: Person) -> None:
    hostile = "**b** [x](javascript:alert(1)) <script>1</script> 🎉 \u202eevil {{DATE(2026-01-01T00:00:00Z)}}"
    steps = ("survey new", hostile, hostile, "choice", hostile, f"{hostile}\nother {hostile}", "help 1", hostile)
    for words in (*steps, "done", f"delete {hostile}", "1", "help", "back", "test"):
        await admin.say(words)
        shown = list(_markdown(admin.card()))
        assert not [one for one in shown if "](" in one or "<script" in one or "\u202e" in one or "{{DATE" in one]
    assert "🎉" in said(admin)


def _markdown(part: object, key: str = "") -> Iterator[str]:
    """Give every string of a card that a client may take for Markdown: all but rich text and what inputs hold."""
    if isinstance(part, str) and key in {"text", "label", "title", "fallbackText", "altText"}:
        yield part
    elif isinstance(part, dict) and part.get("type") != "TextRun":
        for name, value in part.items():
            yield from _markdown(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _markdown(value)


async def test_words_of_100_kb_are_refused_at_every_step_and_nothing_is_lost(admin: Person, service: Service) -> None:
    large = "😀" * 25_000
    for words in ("survey new", "T", "skip", "choice", "Which?", "One\nTwo", "help 1", "back", "done", "only if 1"):
        await admin.say(words)
        before = await sketch_of(service)
        if words != "skip":  # after which the kind is asked
            await admin.say(large)
            assert await sketch_of(service) == before
    assert "1. Which?" in await talk(admin, "back", "done")
