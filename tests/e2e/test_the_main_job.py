"""The main job over HTTP: an admin sends a survey, a customer answers in the card, the answer is kept."""

from simulator import Person, Teams, action_titles, card_text
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, STORES, Service, is_survey

pytestmark = STORES

ANSWERS = {"q_nps": "9", "q_why": "It is *fast*.", "q_tools": "phone,laptop"}


def _said(person: Person) -> str:
    return card_text(person.card())


async def test_somebody_who_installs_the_app_is_welcomed_once(customer: Person) -> None:
    assert len(customer.inbox) == 1
    assert "Hearback" in _said(customer)


async def test_a_survey_goes_out_is_answered_edited_and_counted(
    admin: Person, customer: Person, service: Service
) -> None:
    imported = await admin.say(f"survey import\n```yaml\n{PULSE}```")
    assert "Sample pulse" in _said(admin), imported.texts
    await service.restart()
    await admin.say("send pulse to customers")
    assert "pulse-1" in _said(admin)
    await customer.received(is_survey)

    await customer.press("answer", {"q_why": "no score"})
    assert "please answer this question" in _said(customer)
    thanks = await customer.press("answer", ANSWERS)
    assert "Thank you" in card_text(thanks.card)
    assert "Phone, Laptop" in card_text(thanks.card)
    assert len(customer.inbox) == 2  # the welcome, and the card that became the thanks

    await service.restart()
    again = await customer.press("edit")
    assert again.card
    changed = await customer.press("answer", {"q_nps": "3"})
    assert "changes are saved" in card_text(changed.card)

    await admin.say("status pulse-1")
    assert "1" in _said(admin)
    await admin.say("results pulse")
    assert "-100" in _said(admin).replace("−", "-")


async def test_the_fallback_button_does_the_same(asked: Person, service: Service) -> None:
    answer = await asked.submit("answer", ANSWERS)
    assert answer.status == 200
    assert "Thank you" in _said(asked)
    assert len(asked.inbox) == 2
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert doc["answers"] == {"nps": 9, "why": "It is *fast*.", "tools": ["phone", "laptop"]}


async def test_an_answer_is_kept_before_the_thanks(asked: Person, service: Service) -> None:
    await asked.press("answer", ANSWERS)
    await service.restart()
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert (doc["state"], doc["revision"]) == ("answered", 1)


async def test_engineers_and_me_are_audiences(admin: Person, engineer: Person, customer: Person) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to engineers")
    await engineer.received(is_survey)
    await admin.received(is_survey)
    await admin.say("send pulse to me")
    await admin.received(lambda message: is_survey(message) and "pulse-2" in str(message))
    assert "q_nps" not in str(customer.inbox)


async def test_whoever_opted_out_or_removed_the_app_is_left_alone(
    admin: Person, customer: Person, teams: Teams
) -> None:
    gone = teams.person("Sample Gone", tenant=ELSEWHERE)
    await gone.install()
    await gone.uninstall()
    await customer.say("stop")
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    await admin.say("status pulse-1")
    assert "q_nps" not in str(customer.inbox)
    assert "opted out" in _said(admin).lower()
    await customer.say("start")
    await admin.say("send pulse to everyone")
    await customer.received(is_survey)


async def test_somebody_who_comes_back_is_reached_again(admin: Person, customer: Person) -> None:
    await customer.uninstall()
    await customer.install()
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    await customer.received(is_survey)


async def test_help_shows_each_role_what_it_may(admin: Person, engineer: Person, customer: Person) -> None:
    for person in (admin, engineer, customer):
        await person.say("HELP")
    assert "send <survey>" not in _said(customer)
    assert "note <text>" not in _said(customer)
    assert "note <text>" in _said(engineer)
    assert "survey import" not in _said(engineer)
    assert "survey import" in _said(admin)


async def test_an_unknown_text_gets_the_nearest_command(admin: Person, customer: Person) -> None:
    await admin.say("resluts pulse")
    assert "results" in _said(admin)
    assert "resluts" in _said(admin)
    await customer.say("resluts pulse")  # not a command of theirs
    assert "Did you mean" not in _said(customer)


async def test_a_survey_can_be_listed_shown_exported_and_closed(admin: Person) -> None:
    await admin.say(f"survey import\n{PULSE}")
    await admin.say("survey list")
    assert "pulse" in _said(admin)
    await admin.say("survey show pulse")
    assert "How likely" in _said(admin)
    assert action_titles(admin.card()) == []
    exported = await admin.say("survey export pulse")
    again = await admin.say(f"survey import {exported.texts[-1]}")
    assert "version 1" in str(again.activities).lower() or "not changed" in str(again.activities).lower()
    as_json = await admin.say("survey export pulse json")
    assert '"title": "Sample pulse"' in as_json.texts[-1]
    closed = await admin.say("survey close pulse")
    assert "closed" in closed.texts[-1]
    refused = await admin.say("send pulse to everyone")
    assert "closed and cannot be sent" in card_text(admin.card()), refused


async def test_a_survey_can_be_attached_as_a_file(admin: Person, teams: Teams) -> None:
    attachment = teams.files.offer("pulse.yaml", PULSE.encode())
    await admin.say("survey import", [attachment])
    assert "Sample pulse" in _said(admin)


async def test_feedback_reaches_the_engineers(customer: Person, engineer: Person) -> None:
    await customer.say("feedback The export is *slow* on phones")
    assert "thank" in _said(customer).lower()
    await engineer.say("notes phones EXPORT")
    assert "The export is *slow* on phones" in _said(engineer)


async def test_my_data_gives_everything_back(asked: Person) -> None:
    await asked.press("answer", ANSWERS)
    await asked.say("feedback Something else")
    everything = await asked.say("my data")
    text = "".join(everything.texts)
    for piece in ("It is *fast*.", "Something else", asked.who.object_id, "pulse-1"):
        assert piece in text


async def test_my_data_holds_what_a_conversation_has_heard_so_far(engineer: Person) -> None:
    await engineer.say("note")
    await engineer.say("Contoso")
    await engineer.say("cancel")
    before = await engineer.say("my data")
    assert "Contoso" not in "".join(before.texts)


async def test_an_admin_of_another_tenant_is_a_customer(teams: Teams, admin: Person) -> None:
    impostor = teams.person("Sample Impostor", tenant=ELSEWHERE, object_id=ADMIN)
    await impostor.install()
    await impostor.say("survey list")
    assert "for admins" in _said(impostor)
    assert HOME != ELSEWHERE
    assert admin.who.object_id == impostor.who.object_id
