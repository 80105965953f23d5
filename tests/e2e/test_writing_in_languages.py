"""Writing a survey that has translations, and by an admin who reads another language than English."""

import pytest
from msgspec.structs import replace

from settings import Settings
from simulator import Person, Teams, card_text
from simulator.cards import card_of
from tests.e2e.conftest import Service
from tests.e2e.writing import THREE, press, said, survey_of, talk

pytestmark = pytest.mark.usefixtures("hurried")

TONGUES = """\
id: tongues
title: Sample search
locales:
  de: {title: Beispielsuche}
questions:
- id: where
  kind: choices
  text: Where?
  choices: [Chat, Files]
  locales: {de: {text: "Wo?", choices: [Im Chat, In Dateien]}}
- {id: why, kind: text, text: "Why?", locales: {de: {text: "Warum?"}}}
"""


async def test_an_edit_carries_translations_to_the_customer_and_says_which_one_it_cost(
    admin: Person, customer: Person, service: Service
) -> None:
    await talk(admin, f"survey import\n```\n{TONGUES}```", "survey edit tongues", "required 2", "text 2", "What for?")
    assert "translated of question 2 (Deutsch) had other words" in said(admin)
    await talk(admin, "move 2 to 1")
    assert "dropped" not in said(admin)
    await customer.say("language de")
    await talk(admin, "save", "send tongues to customers")
    kept = await survey_of(service, "tongues")
    assert kept is not None
    assert kept["version"] == 2
    (sent,) = await customer.received(lambda one: "Beispielsuche" in card_text(card_of(one)))
    shown = card_text(card_of(sent))
    assert shown.index("What for?") < shown.index("Wo?") < shown.index("Im Chat")
    assert "Warum?" not in shown


async def test_versions_and_languages_are_shown_together(admin: Person) -> None:
    await talk(admin, f"survey import\n```\n{TONGUES}```", "send tongues to me")
    await talk(admin, "survey edit tongues", "text 1", "Where, mostly?", "save")
    for asked in ("1 de", "de 1", "version 1 de"):
        assert "Wo?" in await talk(admin, f"survey show tongues {asked}")
    assert "Where, mostly?" in await talk(admin, "survey show tongues de"), "no translation stands for other words"
    assert "Where?" in await talk(admin, "survey show tongues 1")
    assert "is not kept" in await talk(admin, "survey show tongues 7 de")
    assert "I don't know the language" in await talk(admin, "survey show tongues 1 klingon")
    assert "Please write it like this" in await talk(admin, "survey show tongues 1 2")


async def test_an_author_who_reads_german_writes_on_cards_of_one_language(admin: Person) -> None:
    await talk(admin, "language de", *THREE)
    assert "What do you ask?" in said(admin)
    assert "extremely likely" in await talk(admin, "Why?")
    shown = card_text((await press(admin, "Test on myself")).card)
    assert "extremely likely" in shown
    assert "wahrscheinlich" not in shown
    await talk(admin, "cancel")
    assert admin.texts[-1].startswith("Beendet. Die Umfrage, an der Sie schreiben")


async def test_whoever_is_no_admin_any_more_is_told_in_their_language(
    admin: Person, service: Service, settings: Settings, teams: Teams
) -> None:
    await talk(admin, "language de", *THREE)
    await service.stop()
    demoted = Service(teams, replace(settings, admins=frozenset()))
    await demoted.start()
    try:
        await talk(admin, "Why?")
        assert admin.texts[-1].startswith("Umfragen schreiben nur Administratoren")
    finally:
        await demoted.stop()
