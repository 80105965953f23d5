"""Every kind of question × valid, empty, out of range, wrong type, hostile: through the server, as a card sends it."""

import json
from collections.abc import Iterator

import pytest

from feedback.runs.runs import find_delivery
from feedback.surveys.questions import Answer, Answers, Kind
from simulator import Json, Person, card_text
from simulator.cards import card_of
from tests.e2e.conftest import ELSEWHERE, Service

SURVEY = """\
id: kinds
title: Sample of every kind
questions:
  - {id: nps, kind: nps, text: "How likely?"}
  - {id: rating, kind: rating, text: "How many stars?"}
  - {id: csat, kind: csat, text: "How satisfied?"}
  - {id: ces, kind: ces, text: "It was easy."}
  - {id: choice, kind: choice, text: "Which one?", choices: [Slow, Dear, Hard]}
  - {id: choices, kind: choices, text: "Which?", choices: [Slow, Dear, Hard]}
  - id: image_choice
    kind: image_choice
    text: Which picture?
    choices:
    - {text: Slow, image: "https://pictures.example/slow.png", alt: A snail}
    - {text: Dear, image: "https://pictures.example/dear.png", alt: A coin}
  - {id: ranking, kind: ranking, text: "In which order?", choices: [Slow, Dear, Hard]}
  - {id: matrix, kind: matrix, text: "How good?", rows: [Speed, Price], choices: [Bad, Good]}
  - {id: text, kind: text, text: "Why?"}
  - {id: yes_no, kind: yes_no, text: "Yes or no?"}
  - {id: number, kind: number, text: "How many?"}
  - {id: date, kind: date, text: "Since when?"}
"""
MARKDOWN = "**bold** [x](javascript:alert(1)) `code`"
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"
EMOJI = "🎉👩‍👩‍👧"
BACKWARDS = "\u202eevil\u200f שלום"
LARGE = "😀" * 25_000  # 100 KB
HOSTILE = (MARKDOWN, HTML, EMOJI, BACKWARDS, "=1+1", LARGE)
NOTHING: tuple[object, ...] = ([], {})
STRANGE: tuple[object, ...] = (*NOTHING, [1], {"a": 1}, [["slow"]], {"1": {"2": "3"}})

SCALES = {Kind.NPS: (0, 10), Kind.RATING: (1, 5), Kind.CSAT: (1, 5), Kind.CES: (1, 7)}
VALID: dict[Kind, tuple[tuple[object, Answer], ...]] = {
    **{kind: ((str(low), low), (high, high), (f" {high} ", high)) for kind, (low, high) in SCALES.items()},
    Kind.CHOICE: (("dear", "dear"), (" slow ", "slow")),
    Kind.CHOICES: (("hard,slow", ["slow", "hard"]), ("dear", ["dear"])),
    Kind.IMAGE_CHOICE: (("dear", "dear"),),
    Kind.RANKING: (("hard,slow,dear", ["hard", "slow", "dear"]),),
    Kind.MATRIX: (),  # has inputs of its own, below
    Kind.TEXT: (
        (" It is fine. ", "It is fine."),
        *((one, one) for one in (MARKDOWN, HTML, EMOJI, "=1+1")),
        (BACKWARDS, BACKWARDS),
        ("x" * 4000, "x" * 4000),
    ),
    Kind.YES_NO: (("true", True), ("false", False), (True, True)),
    Kind.NUMBER: (("12", 12), ("-3.5", -3.5), (0, 0), ("1000000000000", 10**12)),
    Kind.DATE: (("2024-02-29", "2024-02-29"), ("1900-01-01", "1900-01-01")),
}
OUT_OF_RANGE: dict[Kind, tuple[object, ...]] = {
    **{kind: (str(low - 1), str(high + 1), high + 0.5, "1e1", "٣") for kind, (low, high) in SCALES.items()},
    Kind.CHOICE: ("cheap", "slow,dear", "Slow"),
    Kind.CHOICES: ("cheap", "slow,cheap"),
    Kind.IMAGE_CHOICE: ("hard",),
    Kind.RANKING: ("slow", "slow,slow,dear", "slow,dear,hard,slow"),
    Kind.MATRIX: (),
    Kind.TEXT: ("x" * 4001, LARGE),
    Kind.YES_NO: ("maybe", "2"),
    Kind.NUMBER: ("1000000000001", "-1000000000001", "1e3", "NaN", "Infinity", "1,5", "0x10"),
    Kind.DATE: ("1899-12-31", "2201-01-01", "2023-02-29", "29.02.2024", "2024-2-9"),
}


@pytest.fixture
async def asked(admin: Person, customer: Person) -> Person:
    """The customer, who has the card with every kind."""
    await admin.say(f"survey import\n```\n{SURVEY}```")
    await admin.say("send kinds to customers")
    await customer.received(lambda one: "Sample of every kind" in card_text(card_of(one)))
    return customer


async def stored(service: Service, person: Person) -> tuple[int, Answers]:
    """Return how often the person's answers were written, and what they are now."""
    found = await find_delivery(service.store, "kinds-1", f"{ELSEWHERE}:{person.who.object_id}")
    assert found is not None
    return found.revision, found.answers


async def send(person: Person, service: Service, inputs: Json) -> str:
    """Send inputs as a card does, whatever a client would say to them; return what the card then says."""
    revision, _ = await stored(service, person)
    answer = await person.forge({"act": "answer", "run": "kinds-1", "rev": revision, **inputs})
    assert answer.status == 200
    return card_text(answer.card) if "adaptive" in str(answer.body) else str(answer.body)


@pytest.mark.parametrize("kind", [one for one in Kind if VALID[one]])
async def test_valid_answers_are_kept_in_their_type_and_shown(kind: Kind, asked: Person, service: Service) -> None:
    for given, kept in VALID[kind]:
        assert "saved" in await send(asked, service, {f"q_{kind}": given})
        assert (await stored(service, asked))[1] == {kind.value: kept}


@pytest.mark.parametrize("kind", Kind)
async def test_an_empty_answer_is_no_answer(kind: Kind, asked: Person, service: Service) -> None:
    for empty in ("", "  \n", None):
        assert "saved" in await send(asked, service, {f"q_{kind}": empty})
        assert (await stored(service, asked))[1] == {}


@pytest.mark.parametrize("kind", [one for one in Kind if OUT_OF_RANGE[one]])
async def test_what_is_out_of_range_is_refused_beside_its_question(kind: Kind, asked: Person, service: Service) -> None:
    before = await stored(service, asked)
    for given in OUT_OF_RANGE[kind]:
        said = await send(asked, service, {f"q_{kind}": given, "q_yes_no" if kind != Kind.YES_NO else "q_nps": "1"})
        assert "please" in said, given
        assert "saved" not in said.replace("Not saved", "").replace("Nothing was saved", "")
    assert await stored(service, asked) == before


@pytest.mark.parametrize("kind", Kind)
async def test_a_value_of_no_sensible_type_is_refused_or_is_nothing(
    kind: Kind, asked: Person, service: Service
) -> None:
    for given in STRANGE:
        said = await send(asked, service, {f"q_{kind}": given})
        assert "please" in said or given in NOTHING, given
        assert (await stored(service, asked))[1] == {}


@pytest.mark.parametrize("kind", [one for one in Kind if one is not Kind.TEXT])
async def test_hostile_values_are_refused_and_come_back_harmless(kind: Kind, asked: Person, service: Service) -> None:
    before = await stored(service, asked)
    for hostile in HOSTILE:
        said = await send(asked, service, {f"q_{kind}": hostile})
        assert "please" in said
        assert hostile not in said
    assert await stored(service, asked) == before


@pytest.mark.parametrize("part", ["q_matrix.speed", "q_ranking.1", "q_matrix.nope", "q_nps.1", "q_nope", "q_"])
async def test_hostile_parts_are_refused_or_are_nothing(part: str, asked: Person, service: Service) -> None:
    for hostile in (*HOSTILE, *STRANGE, "slow"):
        said = await send(asked, service, {part: hostile})
        assert "please" in said or "unknown question" in said or hostile in NOTHING
        assert (await stored(service, asked))[1] == {}


async def test_a_ranking_and_a_matrix_are_sent_part_by_part(asked: Person, service: Service) -> None:
    places = {"q_ranking.1": "hard", "q_ranking.2": "slow", "q_ranking.3": "dear"}
    assert "saved" in await send(asked, service, {**places, "q_matrix.price": "good", "q_matrix.speed": ""})
    assert (await stored(service, asked))[1] == {"ranking": ["hard", "slow", "dear"], "matrix": {"price": "good"}}


async def test_hostile_texts_are_shown_as_they_were_written_and_nowhere_as_markup(asked: Person, admin: Person) -> None:
    for hostile in (MARKDOWN, HTML, EMOJI, BACKWARDS, f"{MARKDOWN} {HTML}"):
        await asked.press("answer", {"q_text": hostile})
        await admin.say("results kinds")
        for card in (asked.card(), admin.card()):
            seen = hostile.replace("\u202e", "")  # left open, it would turn around what stands after it
            assert any(seen in words for words in _said_in(card, "TextRun")), "without Markdown it is as it was written"
            for markup in _said_in(card, "TextBlock"):
                assert "**bold**" not in markup
                assert "](javascript" not in markup
            assert "\u202e" not in json.dumps(card, ensure_ascii=False)
        await asked.press("Edit my answer")


def _said_in(part: object, kind: str) -> Iterator[str]:
    """Give what the elements of one kind say, wherever they stand in a card."""
    if isinstance(part, dict):
        if part.get("type") == kind:
            yield str(part.get("text"))
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _said_in(one, kind)
