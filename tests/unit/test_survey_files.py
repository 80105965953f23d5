"""Survey files: what is read, what is refused and how it is said, and that written files read back the same."""

import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import TypeVar

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feedback.errors import SurveyFileRefused
from feedback.surveys.arm_files import MAX_ARMS, MAX_THRESHOLD, MIN_ARMS, MIN_THRESHOLD
from feedback.surveys.checking import FIRST_DAY, LAST_DAY
from feedback.surveys.choice_files import choice_ids
from feedback.surveys.condition_files import SUITABLE
from feedback.surveys.file_fields import clean_block, clean_line
from feedback.surveys.questions import CHOOSING, SCALES, Choice, Condition, Kind, Question
from feedback.surveys.sample import SAMPLE
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Arm, Page, Survey
from feedback.surveys.templates import FOLDER

T = TypeVar("T")
SMALL = """\
id: pulse
title: Pulse
questions:
- id: likely
  kind: nps
  text: How likely?
"""
TRAPS = ["Yes", "No", "on", "1", "1.0", "2026-01-01", "0x1F", "1_000", "12:30", "True", "1e3", ".inf"]


def with_question(*lines: str) -> str:
    """Return a file whose only question, from line 4, has these fields."""
    return "id: s\ntitle: T\nquestions:\n- " + "\n  ".join(lines) + "\n"


def with_choices(*entries: str) -> str:
    """Return a file with one question whose choices start in line 8."""
    return with_question("id: q", "kind: choice", "text: Which?", "choices:", *(f"- {one}" for one in entries))


def choices_in(text: str) -> list[tuple[str, str]]:
    return [(one.id, one.text) for one in read_survey(text).questions[0].choices]


# --- what is read


def test_a_small_file_is_read_with_the_usual_defaults() -> None:
    assert read_survey(SMALL) == Survey("pulse", "Pulse", (Question("likely", Kind.NPS, "How likely?"),))


def test_every_field_is_read() -> None:
    text = """
id: all
title: "Everything: a sample"
intro: |
  First line

  Third line
questions:
  - {id: a, kind: choices, text: 'It''s?', help: Some help, required: TRUE, choices: [One, {id: x_1, text: Two}]}
  - id: b
    kind: yes_no
    text: >
      folded
      text
    required: no
    help:
"""
    first = Question(
        "a",
        Kind.CHOICES,
        "It's?",
        help="Some help",
        required=True,
        choices=(Choice("one", "One"), Choice("x_1", "Two")),
    )
    second = Question("b", Kind.YES_NO, "folded text")
    expected = Survey("all", "Everything: a sample", (first, second), intro="First line\n\nThird line")
    assert read_survey(text) == expected


def test_choices_that_yaml_would_take_for_something_else_stay_texts() -> None:
    assert [text for _, text in choices_in(with_choices(*TRAPS))] == TRAPS


def test_titles_and_ids_that_look_like_numbers_or_truths_stay_texts() -> None:
    survey = read_survey(SMALL.replace("Pulse", "2026").replace("id: likely", "id: yes"))
    assert (survey.title, survey.questions[0].id) == ("2026", "yes")


@pytest.mark.parametrize("indent", ["\t", 2, None])
def test_json_is_read_with_any_indentation_and_escaped_characters(indent: str | int | None) -> None:
    entry = {"id": "q", "kind": "choice", "text": 'Wie, "so"?\n\\ 🎉/', "choices": ["😀", "b"], "required": True}
    body = {"id": "s", "title": "T 😀", "questions": [entry], "intro": None}
    text = json.dumps(body, indent=indent).replace("/", "\\/")
    assert "\\ud83d\\ude00" in text
    survey = read_survey(text)
    assert (survey.title, survey.intro) == ("T 😀", "")
    assert survey.questions[0].text == 'Wie, "so"?\n\\ 🎉/'
    assert survey.questions[0].choices == (Choice("c1", "😀"), Choice("b", "b"))


@pytest.mark.parametrize(
    "pasted",
    [
        "\ufeff" + SMALL,
        SMALL.replace("\n", "\r\n"),
        SMALL.replace("\n", "\r"),
        SMALL.replace(" ", "\xa0"),
        f"```yaml\n{SMALL}```",
        f"\n ```\n{SMALL}\n```\n\n",
        f"```\r\n{SMALL}```\r\n".replace("\n", "\r\n").replace("\r\r", "\r"),
        f"~~~~ yml\n{SMALL}~~~~\n",
        f"```{SMALL}```",
        f"```yaml\n{SMALL}",
        f"---\n{SMALL}...\n",
        SMALL.replace(": ", ":\t"),
        "\x00\x1b" + SMALL,
        "# a comment\n\n" + SMALL,
    ],
)
def test_what_chats_and_editors_do_to_a_file_does_no_harm(pasted: str) -> None:
    assert read_survey(pasted) == read_survey(SMALL)


def test_texts_lose_outer_blanks_and_control_characters_only() -> None:
    text = with_question("id: q", "kind: text", 'text: " \\0a\\u202e <b>**x**</b> \\x1b \\ud800 "').replace(
        "T\n", "' T  t '\n"
    )
    survey = read_survey(text)
    assert (survey.title, survey.questions[0].text) == ("T t", "a\u202e <b>**x**</b>")


def test_blanks_at_the_ends_of_lines_are_dropped_and_blank_lines_kept() -> None:
    text = with_question("id: q", "kind: text", 'text: "one  \\n\\n  two\\u2028three "')
    assert read_survey(text).questions[0].text == "one\n\n  two\nthree"


@pytest.mark.parametrize(
    ("entries", "ids"),
    [
        (["Very often", "Never!"], ["very-often", "never"]),
        (["Größe", "Café  – au lait"], ["groe", "cafe-au-lait"]),
        (["はい", "いいえ", "🎉"], ["c1", "c2", "c3"]),
        (["A b", "A-b", "C2"], ["a-b", "c2", "c3"]),
        (["x" * 100, "x" * 101], ["x" * 40, "c2"]),
        (["{id: often, text: A}", "Often"], ["often", "c2"]),
        (["Often", "{id: often, text: A}"], ["c1", "often"]),
    ],
)
def test_choices_get_ids_from_their_texts_or_their_place(entries: list[str], ids: list[str]) -> None:
    assert [one for one, _ in choices_in(with_choices(*entries))] == ids


# --- what is written

texts = st.text(max_size=60)
lines = texts.map(lambda text: clean_line(text)[:60].strip()).filter(bool)
blocks = texts.map(lambda text: clean_block(text)[:60].strip()).filter(bool)
ids = st.from_regex(r"[a-z][a-z0-9_-]{0,39}", fullmatch=True)
traps = st.sampled_from(
    [*TRAPS, "null", "~", "- a", "# a", "a: b", "*x", "&x", "!x", "'", '"', "|", "a\n\n b", "---", "c2"]
)


one_line = lines | traps.filter(lambda text: "\n" not in text)
addresses = st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9/_.-]{0,20}", fullmatch=True)


@st.composite
def some_choices(draw: st.DrawFn, most: int, *, has_images: bool = False) -> tuple[Choice, ...]:
    said = draw(st.lists(one_line, min_size=2, max_size=most, unique_by=str.casefold))
    given = draw(st.lists(st.just("") | ids, min_size=len(said), max_size=len(said)))
    made = choice_ids([(one if given.count(one) == 1 else "", text) for one, text in zip(given, said, strict=True)])
    images = [(draw(addresses), draw(one_line)) if has_images else ("", "") for _ in said]
    return tuple(Choice(one, text, *image) for one, text, image in zip(made, said, images, strict=True))


@st.composite
def questions(draw: st.DrawFn, question_id: str) -> Question:
    kind = draw(st.sampled_from(Kind))
    most = 20 if kind in {Kind.CHOICE, Kind.CHOICES} else 10
    has_images = kind is Kind.IMAGE_CHOICE
    choices = draw(some_choices(most, has_images=has_images)) if kind in CHOOSING else ()
    rows = draw(some_choices(10)) if kind is Kind.MATRIX else ()
    text, help_text = draw(blocks | traps), draw(st.just("") | blocks | traps)
    return Question(question_id, kind, text, help_text, draw(st.booleans()), choices, rows)


def comparisons(question: Question) -> list[st.SearchStrategy[Condition]]:
    """Return what a condition may say about a question."""
    days = st.dates(FIRST_DAY, LAST_DAY).map(date.isoformat)
    numbers = st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12).map(lambda one: round(one, 9) + 0.0)
    values: dict[Kind, st.SearchStrategy[float | str | bool]] = {
        Kind.YES_NO: st.booleans(),
        Kind.NUMBER: numbers,
        Kind.DATE: days,
        **{kind: st.integers(low, high) for kind, (low, high) in SCALES.items()},
        **{kind: st.sampled_from([one.id for one in question.choices] or [""]) for kind in CHOOSING},
    }
    suitable = [compare for compare, kinds in SUITABLE.items() if question.kind in kinds]
    return [st.builds(Condition, st.just(question.id), st.just(one), values[question.kind]) for one in suitable]


@st.composite
def conditions(draw: st.DrawFn, earlier: list[Question]) -> Condition | None:
    possible = [one for question in earlier for one in comparisons(question)]
    if not possible or draw(st.booleans()):
        return None
    one = st.one_of(possible)
    some = st.lists(one, min_size=1, max_size=3).map(tuple)
    groups = st.builds(Condition, all=some) | st.builds(Condition, any=some)
    return draw(one | groups | st.builds(Condition, all=st.lists(groups | one, min_size=1, max_size=2).map(tuple)))


@st.composite
def arms(draw: st.DrawFn) -> tuple[Arm, ...]:
    """Draw the designs of a concept test: texts, pictures, or both; or none."""
    text, picture = blocks | traps, st.tuples(addresses, one_line)
    shown = st.tuples(text, st.just(("", ""))) | st.tuples(st.just("") | text, picture)
    names = draw(st.just([]) | st.lists(ids, min_size=MIN_ARMS, max_size=MAX_ARMS, unique=True))
    return tuple(
        Arm(name, words, *image) for name, (words, image) in zip(names, draw(_many(shown, names)), strict=True)
    )


def _many(one: st.SearchStrategy[T], names: Sequence[str]) -> st.SearchStrategy[list[T]]:
    return st.lists(one, min_size=len(names), max_size=len(names))


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    asked = [draw(questions(one)) for one in draw(st.lists(ids, min_size=1, max_size=5, unique=True))]
    pages: list[Page] = []
    if draw(st.booleans()):
        ends = sorted(draw(st.sets(st.integers(1, len(asked)), max_size=3)) | {len(asked)})
        pages = [Page(end - start, draw(st.just("") | one_line)) for start, end in pairwise([0, *ends])]
        for start, end in pairwise([0, *ends]):
            asked[start:end] = [replace(one, ask_if=draw(conditions(asked[:start]))) for one in asked[start:end]]
    intro = draw(st.just("") | blocks | traps)
    is_anonymous = draw(st.booleans())
    threshold = draw(st.integers(MIN_THRESHOLD, MAX_THRESHOLD)) if is_anonymous else 0
    return Survey(
        draw(ids),
        draw(one_line),
        tuple(asked),
        intro=intro,
        pages=tuple(pages),
        is_anonymous=is_anonymous,
        threshold=threshold,
        arms=draw(arms()),
    )


@given(surveys(), st.booleans())
def test_a_written_survey_reads_back_the_same(survey: Survey, as_json: bool) -> None:  # noqa: FBT001 — drawn, not passed
    text = write_survey(survey, as_json=as_json)
    assert read_survey(text) == survey
    assert read_survey(f"```\r\n{text}\r\n```") == survey
    loaded = json.loads(text) if as_json else yaml.safe_load(text)
    assert loaded["title"] == survey.title


@given(st.text())
def test_cleaning_a_text_twice_changes_nothing_more(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_block(clean_block(text)) == clean_block(text)


@given(st.text() | st.text(alphabet="-:[]{}!&*'\"|>%@`#?, \n\tab\\uU0", max_size=40))
def test_no_text_at_all_brings_the_reader_down(text: str) -> None:
    with pytest.raises(SurveyFileRefused):
        read_survey(text)


def test_a_written_file_is_pleasant_to_read() -> None:
    choices = (Choice("very-often", "Very often"), Choice("rare", "Seldom"), Choice("c3", "いいえ"))
    asked = Question("q", Kind.CHOICE, "Wie oft – “wirklich”?", help="Eins\nZwei", required=True, choices=choices)
    assert (
        write_survey(Survey("s", "Überblick 🎉", (asked,), version=3, is_closed=True))
        == """\
id: s
title: Überblick 🎉
questions:
- id: q
  kind: choice
  text: Wie oft – “wirklich”?
  help: |-
    Eins
    Zwei
  required: true
  choices:
  - Very often
  - id: rare
    text: Seldom
  - いいえ
"""
    )


def test_an_id_written_out_may_make_the_next_one_need_writing_out_too() -> None:
    choices = (Choice("x", "B"), Choice("c2", "B!"), Choice("c", "C"))
    survey = Survey("s", "T", (Question("q", Kind.CHOICE, "Which?", choices=choices),))
    assert read_survey(write_survey(survey)) == survey


def test_version_and_closing_are_no_part_of_the_file() -> None:
    survey = read_survey(SMALL)
    later = msgspec.structs.replace(survey, version=4, is_closed=True)
    assert write_survey(later) == write_survey(survey) == SMALL


def test_every_sample_is_marked_as_one_and_reads_back_the_same() -> None:
    samples = sorted(FOLDER.glob("*.yaml"))
    assert "pulse.yaml" in [one.name for one in samples]
    for sample in samples:
        survey = read_survey(sample.read_text(encoding="utf-8"))
        assert (survey.id, "(sample)" in survey.title) == (sample.stem, True)
        assert read_survey(write_survey(survey)) == survey


def test_the_pulse_sample_opens_with_the_one_question_that_must_be_answered() -> None:
    survey = read_survey(SAMPLE.read_text(encoding="utf-8"))
    assert [one.required for one in survey.questions] == [True, False, False, False, False, False]
    kinds = [one.kind for one in survey.questions]
    assert kinds == [Kind.NPS, Kind.CHOICE, Kind.CHOICES, Kind.YES_NO, Kind.RATING, Kind.TEXT]
