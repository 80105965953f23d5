"""People of several languages at once over HTTP: each reads their own, from the welcome to the closed card."""

import asyncio

import pytest

from feedback.language import LANGUAGES
from simulator import Json, Person, action_titles, card_text
from simulator.cards import card_of
from tests.e2e.conftest import ELSEWHERE, STORES, Service

SURVEY = """\
id: tongues
title: Sample in languages
locales: {de: {title: Beispiel in Sprachen}, ja: {title: 言語のサンプル}}
questions:
- id: tools
  kind: choice
  text: What do you use?
  required: true
  choices: [Phone, Laptop]
  locales:
    de: {text: "Was nutzen Sie?", choices: [Telefon, Rechner]}
    ja: {text: "何を使いますか？", choices: [スマートフォン, パソコン]}
- {id: often, kind: number, text: "How often?", locales: {de: {text: "Wie oft?"}, ja: {text: "頻度は？"}}}
"""


def said(person: Person) -> str:
    return card_text(person.card())


async def met(service: Service, name: str, locale: str) -> Person:
    person = service.teams.person(name, tenant=ELSEWHERE, locale=locale)
    await person.install()
    return person


async def import_and_send(admin: Person, to: str = "customers") -> None:
    await admin.say(f"survey import\n```\n{SURVEY}```")
    assert "Survey imported" in said(admin)
    await admin.say(f"send tongues to {to}")


def titled(words: str) -> object:
    return lambda message: words in card_text(card_of(message)) if message.get("attachments") else False


async def held(service: Service, person: Person) -> Json:
    doc = await service.store.get("runs", "tongues-1", f"{ELSEWHERE}:{person.who.object_id}")
    assert doc is not None
    return doc


async def test_everybody_is_welcomed_in_the_language_of_their_teams(service: Service) -> None:
    german, japanese, arab, dutch = await asyncio.gather(
        *(met(service, f"Sample {one}", one) for one in ("de-AT", "ja-JP", "ar-SA", "nl-NL"))
    )
    assert "Ich bin Hearback." in said(german)
    assert "Hearback です。" in said(japanese)
    assert arab.card()["rtl"] is True
    assert "I am Hearback." in said(dutch)
    assert "rtl" not in dutch.card()


@STORES
async def test_a_run_reaches_people_of_two_languages_who_answer_at_once(service: Service, admin: Person) -> None:
    german, japanese = await met(service, "Sample G", "de-DE"), await met(service, "Sample J", "ja-JP")
    await import_and_send(admin)
    await german.received(titled("Beispiel in Sprachen"))  # type: ignore[arg-type]
    await japanese.received(titled("言語のサンプル"))  # type: ignore[arg-type]
    assert "Was nutzen Sie?" in said(german)
    assert "Meine Antworten senden" in action_titles(german.card())
    assert "回答を送信" in action_titles(japanese.card())
    for _ in range(3):
        await asyncio.gather(*(one.press("answer", validate=False) for one in (german, japanese)))
        assert "bitte beantworten Sie diese Frage" in said(german)
        assert "この質問に回答してください" in said(japanese)
    await asyncio.gather(german.press("answer", {"q_tools": "phone"}), japanese.press("answer", {"q_tools": "laptop"}))
    assert "Danke – Ihre Antworten sind gespeichert" in said(german)
    assert "Telefon" in said(german)
    assert "パソコン" in said(japanese)
    assert [(await held(service, one))["answers"] for one in (german, japanese)] == [
        {"tools": "phone"},
        {"tools": "laptop"},
    ]
    await admin.say("results tongues")
    assert "Phone" in said(admin)
    assert "Telefon" not in said(admin)
    await admin.say("survey close tongues")
    await german.received(titled("Diese Umfrage ist geschlossen"))  # type: ignore[arg-type]
    await japanese.received(titled("このアンケートは終了しました"))  # type: ignore[arg-type]


async def test_a_language_that_was_asked_for_holds_for_messages_buttons_and_what_is_sent(
    service: Service, admin: Person, customer: Person
) -> None:
    await customer.say("language DE")
    assert customer.texts[-1] == "Ab jetzt schreibe ich Ihnen auf Deutsch."
    await import_and_send(admin)
    await customer.received(titled("Beispiel in Sprachen"))  # type: ignore[arg-type]
    await service.restart()
    await customer.press("answer", validate=False)
    assert "bitte beantworten Sie diese Frage" in said(customer)
    await customer.say("language ja")
    await customer.press("later")
    assert "いつもう一度お尋ねしましょうか？" in said(customer)
    await customer.say("language auto")
    assert customer.texts[-1] == "From now on I write to you in English. That is the language of your Teams."
    await customer.press("open")
    assert "What do you use?" in said(customer)


async def test_the_reply_to_a_change_runs_in_the_direction_of_the_new_language(customer: Person) -> None:
    await customer.say("language ar")
    assert customer.texts[-1].startswith("\u2067")
    await customer.say("language ja")
    assert customer.texts[-1] == "これからは日本語でお送りします。"


async def test_language_alone_tells_which_there_are(customer: Person) -> None:
    await customer.say("language")
    assert customer.texts[-1].startswith(
        "I write to you in English. To change that, type **language** and one of: **en**"
    )
    for tag, name in LANGUAGES.items():
        assert f"**{tag}** ({name})" in customer.texts[-1]


@pytest.mark.parametrize("word", ["日本語", "ja", "JA-jp", "**ja**", "“ja”"])
async def test_a_language_is_named_by_its_tag_or_as_its_readers_call_it(customer: Person, word: str) -> None:
    await customer.say(f"language {word.strip('*')}")
    assert customer.texts[-1] == "これからは日本語でお送りします。"


@pytest.mark.parametrize("word", ["klingon", "zh-TW", "de; drop", "<b>de</b>", "x" * 500])
async def test_a_language_that_there_is_not_is_refused_with_those_there_are(customer: Person, word: str) -> None:
    await customer.say("language ja")
    await customer.say(f"language {word}")
    assert "という言語はわかりません" in said(customer)
    assert "pt-BR (Português (Brasil))" in said(customer)
    assert "<b>" not in said(customer)


async def test_a_survey_is_answered_by_typing_in_ones_own_language(service: Service, admin: Person) -> None:
    german = await met(service, "Sample G", "de-DE")
    await import_and_send(admin)
    await german.received(titled("Beispiel in Sprachen"))  # type: ignore[arg-type]
    await german.say("answer")
    assert "**Frage 1 von 2, erforderlich**" in german.texts[-1]
    await german.say("zwölf")
    assert "bitte wählen Sie aus den gezeigten Möglichkeiten" in german.texts[-1]
    await german.say("Rechner")
    assert "zum Beispiel 12 oder 3,5" in german.texts[-1]
    await german.say("2,5")
    assert "Danke – Ihre Antworten sind gespeichert." in german.texts[-1]
    assert "Wie oft? **2,5**" in german.texts[-1]
    assert (await held(service, german))["answers"] == {"tools": "laptop", "often": 2.5}


async def test_digits_of_other_scripts_can_be_typed(service: Service, admin: Person) -> None:
    arab = await met(service, "Sample A", "ar-EG")
    await import_and_send(admin)
    await arab.received(titled("Sample in languages"))  # type: ignore[arg-type]
    await arab.say("answer")
    await arab.say("٢")
    await arab.say("٣٫٥")
    assert (await held(service, arab))["answers"] == {"tools": "laptop", "often": 3.5}


async def test_admins_read_english_and_see_a_survey_in_any_language(service: Service) -> None:
    admin = service.teams.person(
        "Sample Admin",
        tenant="11111111-1111-1111-1111-111111111111",
        object_id="aaaaaaaa-0000-0000-0000-000000000001",
        locale="ja-JP",
    )
    await admin.install()
    await import_and_send(admin, "me")
    await admin.received(titled("言語のサンプル"))  # type: ignore[arg-type]
    await admin.say("survey show tongues de")
    assert "Preview — this is what people will see" in said(admin)
    assert "Was nutzen Sie?" in said(admin)
    await admin.say("survey show tongues")
    assert "What do you use?" in said(admin)
    await admin.say("survey show tongues klingon")
    assert "I don't know the language “klingon”" in said(admin)
    await admin.say("status tongues-1")
    assert "Received it, not answered yet" in said(admin) or "Being sent" in said(admin)
