"""What people may not do: each gets a plain sentence of its own, and nothing changes."""

import pytest

from bot.commands import COMMANDS, Command
from feedback.people.people import Role
from simulator import Json, Person, Teams, card_text
from store.contract import Doc
from tests.e2e.conftest import ELSEWHERE, PULSE, Service, is_survey

ABOVE_CUSTOMER = [one for one in COMMANDS if one.role is not Role.CUSTOMER]
FOR_ADMINS = [one for one in COMMANDS if one.role is Role.ADMIN]


def _said(person: Person) -> str:
    return card_text(person.card()).replace("\u200b", "")  # what keeps “<word>” from being read as a tag


async def _delivery(service: Service, person: Person) -> Doc:
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{person.who.object_id}")
    assert doc is not None
    return doc


def _answer(**inputs: object) -> Json:
    return {"act": "answer", "run": "pulse-1", "rev": 0, **inputs}


@pytest.mark.parametrize("command", ABOVE_CUSTOMER, ids=lambda one: one.word)
async def test_a_customer_runs_no_command_of_others(command: Command, customer: Person, service: Service) -> None:
    await customer.say(f"{command.word} pulse to everyone")
    assert f"is for {command.role.value}s" in _said(customer)
    for container in ("surveys", "runs", "ledger"):
        assert (await service.store.query(container)).docs == []


@pytest.mark.parametrize("command", FOR_ADMINS, ids=lambda one: one.word)
async def test_an_engineer_runs_no_command_of_admins(command: Command, engineer: Person) -> None:
    await engineer.say(f"{command.word} pulse to everyone")
    assert "is for admins" in _said(engineer)


@pytest.mark.parametrize(
    ("act", "role"), [("status", "admin"), ("results", "engineer"), ("segments", "engineer"), ("wish", "engineer")]
)
async def test_a_customer_presses_no_button_of_others(act: str, role: str, asked: Person) -> None:
    answer = await asked.forge({"act": act, "run": "pulse-1"})
    assert f"is for {role}s" in card_text(answer.card)


async def test_a_survey_that_is_not_theirs_cannot_be_answered(asked: Person, teams: Teams, service: Service) -> None:
    stranger = teams.person("Sample Stranger", tenant=ELSEWHERE)
    await stranger.install()
    answer = await stranger.forge(_answer(q_nps="9"))
    assert "was not sent to you" in card_text(answer.card)
    docs = (await service.store.query("runs", partition="pulse-1")).docs
    assert [doc["id"] for doc in docs if doc["kind"] == "delivery"] == [f"{ELSEWHERE}:{asked.who.object_id}"]
    assert (await _delivery(service, asked))["state"] == "sent"


@pytest.mark.parametrize("inputs", [{"q_nps": "99"}, {"q_unknown": "x"}, {}])
async def test_a_stranger_learns_nothing_from_wrong_answers(
    inputs: dict[str, object], asked: Person, teams: Teams
) -> None:
    assert asked.inbox
    stranger = teams.person("Sample Stranger", tenant=ELSEWHERE)
    answer = await stranger.forge(_answer(**inputs))
    assert "was not sent to you" in card_text(answer.card)
    assert "recommend" not in card_text(answer.card)


async def test_a_survey_that_does_not_exist_cannot_be_answered(customer: Person) -> None:
    answer = await customer.forge({**_answer(q_nps="9"), "run": "nothing-7"})
    assert "There is no run" in card_text(answer.card)


async def test_a_closed_survey_takes_no_answer(asked: Person, admin: Person, service: Service) -> None:
    card = asked.inbox[-1]
    await admin.say("survey close pulse")
    answer = await asked.press("answer", {"q_nps": "9"}, on=card)  # on a device that still shows it
    assert "This survey is closed" in card_text(answer.card)
    assert (await _delivery(service, asked))["state"] == "sent"


async def test_a_closed_survey_takes_no_edit(asked: Person, admin: Person, service: Service) -> None:
    await asked.press("answer", {"q_nps": "9"})
    card = asked.inbox[-1]
    await admin.say("survey close pulse")
    answer = await asked.press("edit", on=card)
    assert "This survey is closed" in card_text(answer.card)
    assert (await _delivery(service, asked))["answers"] == {"nps": 9}


async def test_a_second_answer_is_an_edit(asked: Person, service: Service) -> None:
    first = asked.inbox[-1]
    await asked.press("answer", {"q_nps": "9"})
    second = await asked.press("answer", {"q_nps": "2"}, on=first)  # from another device that still shows the survey
    assert "changes are saved" in card_text(second.card)
    doc = await _delivery(service, asked)
    assert (doc["answers"], doc["revision"]) == ({"nps": 2}, 2)


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "nothing in a required question": ({"q_why": "because"}, "please answer this question"),
    "a score out of range": ({"q_nps": "11"}, "0 to 10"),
    "a negative score": ({"q_nps": "-1"}, "0 to 10"),
    "words for a score": ({"q_nps": "nine"}, "0 to 10"),
    "truth for a score": ({"q_nps": True}, "0 to 10"),
    "an unknown choice": ({"q_nps": "9", "q_tools": "phone,abacus"}, "What do you use"),
    "an unknown question": ({"q_nps": "9", "q_salary": "lots"}, "unknown question"),
    "a list for a text": ({"q_nps": "9", "q_why": ["a"]}, "Why"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_answers_that_the_survey_does_not_allow_are_not_kept(case: str, asked: Person, service: Service) -> None:
    inputs, sentence = REFUSED[case]
    answer = await asked.forge(_answer(**inputs))
    said = card_text(answer.card)
    assert sentence in said
    assert "Not saved" in said
    assert "answers" not in await _delivery(service, asked)


async def test_fifty_thousand_characters_are_too_many(asked: Person, service: Service) -> None:
    answer = await asked.press("answer", {"q_nps": "9", "q_why": "x" * 50_000}, validate=False)
    assert answer.status == 200
    assert "4,000" in answer.notice or "4000" in answer.notice
    assert is_survey(asked.inbox[-1])  # the card stays, with what was typed
    assert "answers" not in await _delivery(service, asked)


async def test_what_was_right_stays_in_the_card_when_something_was_wrong(asked: Person) -> None:
    answer = await asked.press("answer", {"q_nps": "77", "q_why": "kept words"}, validate=False)
    assert "kept words" in str(answer.card)
    better = await asked.press("answer", {"q_nps": "7", "q_why": "kept words"})
    assert "Thank you" in card_text(better.card)


@pytest.mark.parametrize("data", [{"act": "explode"}, {"act": 7}, {"run": "pulse-1"}, {}])
async def test_an_unknown_button_says_so(data: Json, asked: Person) -> None:
    answer = await asked.forge(data)
    assert answer.status == 200
    assert "another version" in card_text(answer.card)


async def test_an_invoke_that_is_not_ours_is_not_implemented(customer: Person, teams: Teams) -> None:
    action = await customer.forge({"act": "status"})
    assert isinstance(action.sent, dict)
    assert (await teams.post({**action.sent, "name": "composeExtension/query"})).status == 501
    assert (await teams.post({**action.sent, "value": "nothing"})).status == 400


SENTENCES = {
    "help me please": "What you can type here",
    "/help": "What you can type here",
    "survey export pulse xml": "survey export <survey> [json]",
    "hold": "hold <run>",
    "hold nothing-1": "no run called",
    "continue": "continue <run>",
    "cancel nothing-1": "no run called",
    "send": "send <survey> to <audience>",
    "send pulse": "send <survey> to <audience>",
    "send nothing to everyone": "no survey called",
    "survey show": "survey show <survey>",
    "survey show nothing": "no survey called",
    "survey export nothing": "no survey called",
    "survey close nothing": "no survey called",
    "survey import": "survey import, then the survey",
    "survey": "Did you mean",
    "status nothing-1": "no run called",
    "results": "results <survey or run>",
    "results pulse at": "no run called",
    "results nothing": "no run called",
    "resend": "resend <run>",
    "resend nothing": "no run called",
    "feedback": "feedback <what you want to tell us>",
}


@pytest.mark.parametrize("text", SENTENCES)
async def test_half_a_command_says_what_is_missing(text: str, admin: Person) -> None:
    await admin.say(text)
    assert SENTENCES[text] in _said(admin)


@pytest.mark.parametrize("words", ["stop.", "Stop!", "/stop", "STOP"])
async def test_stop_is_understood_however_it_is_said(words: str, customer: Person, service: Service) -> None:
    await customer.say(words)
    doc = await service.store.get("people", *[f"{ELSEWHERE}:{customer.who.object_id}"] * 2)
    assert doc is not None
    assert doc["has_opted_out"] is True


@pytest.mark.parametrize("words", ["feedback: slow search", "Feedback, slow search", "feedback slow search"])
async def test_feedback_is_kept_however_it_is_said(words: str, customer: Person, service: Service) -> None:
    await customer.say(words)
    assert [doc["text"] for doc in (await service.store.query("ledger")).docs] == ["slow search"]


async def test_an_unknown_text_is_shown_the_way_to_say_something(customer: Person) -> None:
    await customer.say("the search is slow")
    assert "To tell us something, type **feedback**" in _said(customer)


async def test_a_message_from_nobody_known_is_answered(customer: Person, teams: Teams) -> None:
    said = await customer.say("help")
    assert isinstance(said.sent, dict)
    told: list[str] = []
    teams.respond = lambda call: told.append(str(call.body.get("text", "")))
    assert (await teams.post({**said.sent, "id": "n1", "from": {"id": "29:unknown"}})).status == 200
    assert "did not tell me who you are" in told[-1]


async def test_an_unknown_audience_is_named_with_those_that_exist(admin: Person) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to nobody special")
    assert "I don't understand this audience at character 1, at “nobody”" in _said(admin)
    assert "customers, engineers, everyone" in _said(admin)


async def test_an_audience_without_people_is_refused(admin: Person) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    assert "Nobody is in the audience" in _said(admin)


async def test_a_file_from_elsewhere_is_not_fetched(admin: Person, service: Service) -> None:
    content: Json = {"downloadUrl": "http://169.254.169.254/latest/meta-data", "fileType": "yaml"}
    attachment: Json = {
        "contentType": "application/vnd.microsoft.teams.file.download.info",
        "name": "pulse.yaml",
        "content": content,
    }
    await admin.say("survey import", [attachment])
    assert "could not read the file" in _said(admin)
    assert (await service.store.query("surveys")).docs == []


async def test_a_group_chat_is_told_to_write_in_person(customer: Person, teams: Teams, service: Service) -> None:
    before = len((await service.store.query("people")).docs)
    said = await customer.say("help")
    assert isinstance(said.sent, dict)
    group = {
        **said.sent,
        "id": "g1",
        "conversation": {"id": "19:group", "conversationType": "groupChat", "isGroup": True},
    }
    answer = await teams.post(group)
    assert answer.status == 200
    assert len((await service.store.query("people")).docs) == before


TEN_MISTAKES = """\
id: Pulse Survey
titel: Sample pulse
anonymous: perhaps
questions:
  - {id: nps, kind: nsp, text: "How likely?"}
  - {id: nps, kind: text, text: "Again?"}
  - {id: pick, kind: choice, text: "Pick one", choices: [Only]}
  - {id: why, kind: text, text: "Why?", choices: [A, B]}
  - {id: stars, kind: rating, text: ""}
  - {id: sure, kind: yes_no, text: "Sure?", required: maybe}
  - {kind: text, text: "No id"}
"""


TEN_MESSAGES = {
    "Line 1, id": "lowercase",
    "Line 2": "title",
    "Line 3, anonymous": "true or false",
    "Line 5, questions[1].kind": "nps",
    "Line 6, questions[2].id": "line 5",
    "Line 7, questions[3].choices": "only one choice",
    "Line 8, questions[4].choices": "choices",
    "Line 9, questions[5].text": "missing",
    "Line 10, questions[6].required": "true or false",
    "Line 11, questions[7].id": "missing",
}


async def test_ten_mistakes_in_a_survey_get_ten_messages(admin: Person, service: Service) -> None:
    reply = await admin.say(f"survey import\n```\n{TEN_MISTAKES}```")
    said = _said(admin).replace(": \n", ": ")
    found = dict(line.split(": ", 1) for line in said.splitlines() if line.startswith("Line "))
    assert list(found) == list(TEN_MESSAGES), reply.texts
    for place, words in TEN_MESSAGES.items():
        assert words in found[place], place
    assert (await service.store.query("surveys")).docs == []
