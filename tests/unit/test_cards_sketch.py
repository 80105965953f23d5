"""The cards of writing a survey: small enough at their largest, valid, and every button says what can be typed."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from cards.size import fits
from cards.sketch import sketch_card, templates_card
from cards.survey import survey_fits
from dialogs.sketch import OUTDATED
from feedback.surveys.questions import CHOOSING, Choice, Comparison, Condition, Kind, Question
from feedback.surveys.surveys import Arm, Page, Survey
from feedback.surveys.templates import templates, unmarked
from feedback.writing.sketch_edits import NotTaken
from feedback.writing.sketch_words import take
from feedback.writing.sketches import Sketch, Step, new_sketch
from simulator.cards import card_text
from tests.unit.test_cards_gallery import assert_official

CHOICES = tuple(Choice(f"choice-number-{n}", "😀" * 120) for n in range(20))
LARGEST = Survey(
    "s" * 40,
    "😀" * 120,
    tuple(
        Question(
            f"q{n}", Kind.TEXT, "😀 you " * 71, "😀" * 500, required=True, ask_if=Condition("q0", Comparison.IS, n)
        )
        for n in range(30)
    ),
    "😀" * 2000,
    pages=tuple(Page(2, "😀" * 120) for _ in range(15)),
)
LOW = (Condition("a", Comparison.AT_MOST, 6), Condition("b", Comparison.IS, "x"))
BRANCHED = Survey(
    "sample",
    "Sample",
    (
        Question("a", Kind.NPS, "How likely?", required=True),
        Question("b", Kind.CHOICE, "Which?", choices=(Choice("x", "X"), Choice("y", "Y"))),
        Question("c", Kind.TEXT, "Why?", ask_if=Condition(all=LOW)),
    ),
    pages=(Page(2, "First"), Page(1)),
)


def at(step: Step, survey: Survey) -> Sketch:
    made = Question("", Kind.CHOICE, "Which?") if step in {Step.KIND, Step.TEXT, Step.CHOICES, Step.ROWS} else None
    return Sketch("t:me", survey, step, here=len(survey.questions) - 1, made=made)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("survey", [LARGEST, BRANCHED, new_sketch("t:me").survey], ids=["largest", "branched", "empty"])
def test_every_card_is_valid_and_small_enough(step: Step, survey: Survey) -> None:
    if not survey.questions and step in {Step.QUESTION, Step.HELP, Step.ONLY_IF, Step.PAGE_TITLE}:
        return  # only reached with a question at hand
    for notice in ("", OUTDATED, "😀" * 5000):
        card = sketch_card(at(step, survey), notice=notice, is_warning=True)
        assert_official(card)
        assert fits(card)


@pytest.mark.parametrize("kind", Kind)
def test_one_question_of_each_kind_at_its_largest_fits(kind: Kind) -> None:
    count = 10 if kind in {Kind.RANKING, Kind.MATRIX, Kind.IMAGE_CHOICE} else 20
    chosen = CHOICES[:count] if kind in CHOOSING else ()
    if kind is Kind.IMAGE_CHOICE:
        chosen = tuple(Choice(one.id, one.text, f"https://pictures.example/{'x' * 470}", one.text) for one in chosen)
    rows = CHOICES[:10] if kind is Kind.MATRIX else ()
    survey = Survey("s", "S", (Question("q", kind, "😀" * 500, "😀" * 500, choices=chosen, rows=rows),))
    for step in (Step.QUESTION, Step.SURVEY, Step.CHOICES, Step.TEXT):
        sketch = Sketch("t:me", survey, step, made=survey.questions[0] if step in {Step.CHOICES, Step.TEXT} else None)
        assert fits(sketch_card(sketch)) or not survey_fits(survey)


def pressed(part: object) -> Iterator[dict[str, object]]:
    if isinstance(part, dict):
        if part.get("type") == "Action.Execute":
            yield part["data"]
        for value in part.values():
            yield from pressed(value)
    elif isinstance(part, list):
        for value in part:
            yield from pressed(value)


def picked(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if part.get("id") == "pick":
            yield from (one["value"] for one in part["choices"])
        for value in part.values():
            yield from picked(value)
    elif isinstance(part, list):
        for value in part:
            yield from picked(value)


@pytest.mark.parametrize("place", range(3))
def test_every_button_and_every_choice_says_words_that_are_understood(place: int) -> None:
    for step in (Step.SURVEY, Step.QUESTION):
        sketch = Sketch("t:me", BRANCHED, step, here=place, revision=5)
        card = sketch_card(sketch)
        words = list(picked(card))
        for data in pressed(card):
            assert (data["act"], data["rev"]) == ("sketch", 5)
            if not data.get("reads"):
                words.append(str(data["words"]))
        assert words
        assert [one for one in words if "I don't know what" in said_to(sketch, one)] == []


def said_to(sketch: Sketch, words: str) -> str:
    try:
        return take(sketch, words, fits=lambda _survey: True).news
    except NotTaken as refusal:
        return str(refusal)


def test_a_list_of_changes_offers_only_what_there_is() -> None:
    first = set(picked(sketch_card(Sketch("t:me", BRANCHED, Step.QUESTION, here=0))))
    assert "up 1" not in first
    assert "only if 1" not in first
    assert "choices 1" not in first
    last = set(picked(sketch_card(Sketch("t:me", BRANCHED, Step.QUESTION, here=2))))
    assert {"always 3", "same page 3", "page title 3", "delete 3"} <= last
    assert "down 3" not in last


def test_the_whole_shows_the_preview_the_list_and_how_to_go_on() -> None:
    shown = card_text(sketch_card(Sketch("t:me", BRANCHED, Step.SURVEY)))
    for words in (
        "Preview — this is what people will see, page 1 of 2",
        "Page 1: First",
        "1. How likely?",
        "(nps, required)",
        "(text, only if 1 at most 6 and 2 is X)",
        "**cancel** leaves this",
    ):
        assert words in shown


def test_what_can_be_typed_about_the_last_question_is_what_changes_it() -> None:
    asked = (Question("a", Kind.TEXT, "Why?"),)
    for is_required, word in ((False, "required"), (True, "optional")):
        survey = replace(BRANCHED, questions=tuple(replace(one, required=is_required) for one in asked), pages=())
        assert f"**{word} 1**, **test**" in card_text(sketch_card(Sketch("t:me", survey, Step.SURVEY)))


def test_the_preview_is_of_the_page_with_the_question_at_hand() -> None:
    shown = card_text(sketch_card(Sketch("t:me", BRANCHED, Step.SURVEY, here=2)))
    assert "page 2 of 2" in shown


def test_where_all_of_it_is_too_much_the_list_stays() -> None:
    shown = card_text(sketch_card(Sketch("t:me", LARGEST, Step.SURVEY)))
    assert "30. " in shown


def test_templates_are_listed_with_their_names() -> None:
    shown = card_text(templates_card(templates()))
    assert all(f"**{one.id}**" in shown for one in templates())
    assert all(
        "(sample)" not in card_text(sketch_card(Sketch("t:me", unmarked(one), Step.SURVEY))) for one in templates()
    )


def test_a_concept_test_that_promises_anonymity_keeps_both_while_it_is_changed() -> None:
    arms = (Arm("calm", "It opens with what you did last."), Arm("busy", "It opens with eight tiles."))
    promised = replace(BRANCHED, is_anonymous=True, threshold=7, arms=arms)
    changed = take(at(Step.SURVEY, promised), "delete 3", fits=survey_fits).sketch
    assert len(changed.survey.questions) == 2
    assert (changed.survey.is_anonymous, changed.survey.threshold, changed.survey.arms) == (True, 7, arms)
    said = card_text(sketch_card(changed)).replace("\u200b", "")
    assert "never of fewer than 7 people" in said
    assert "what you did last" in said
