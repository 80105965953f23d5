"""The card that asks: every kind of question, answers and problems in their places, and surveys too large to send."""

from dataclasses import dataclass
from datetime import date
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cards.elements import Card
from cards.inputs import KEPT, entered
from cards.size import fits
from cards.survey import INPUT_PREFIX, can_show_answers, preview_card, survey_card, survey_fits
from feedback.surveys.checking import MAX_TEXT, check_answers
from feedback.surveys.questions import CHOOSING, Choice, Kind, Question
from feedback.surveys.surveys import MAX_QUESTIONS, Survey
from tests.unit.test_cards_gallery import answers_of, assert_official, nodes, run_of, shown, survey_of


def inputs(card: Card) -> dict[str, dict[str, object]]:
    """Return a card's inputs by question id, without those that are fallbacks."""
    body = cast("list[dict[str, object]]", card["body"])
    found = {str(node["id"]): node for node in body if str(node["type"]).startswith("Input.")}
    return {name.removeprefix(INPUT_PREFIX): node for name, node in found.items()}


def asking(kind: Kind, *, choices: int = 0, answer: object = None, required: bool = False) -> dict[str, object]:
    """Return the input of a survey's only question."""
    some = tuple(Choice(f"c{number}", f"Choice {number}") for number in range(choices))
    survey = Survey("s", "Title", (Question("one", kind, "What?", required=required, choices=some),))
    card = survey_card(run_of(survey), answers={} if answer is None else {"one": answer})
    assert_official(card)
    return inputs(card)["one"]


def action(card: Card) -> dict[str, object]:
    return cast("list[dict[str, object]]", card["actions"])[0]


def titles(element: dict[str, object]) -> list[str]:
    return [str(choice["title"]) for choice in nodes(element["choices"])]


def texts(number: int, *, required: bool = False) -> Survey:
    """Return a survey that asks for so many texts."""
    questions = tuple(Question(f"t{one}", Kind.TEXT, "What?", required=required) for one in range(number))
    return Survey("s", "Title", questions)


def test_the_card_says_what_it_is_and_how_long_it_takes() -> None:
    survey = Survey("s", "Exports", survey_of(required=False).questions[:3], intro="We are rebuilding exports.")
    said = shown(survey_card(run_of(survey)))
    assert "Exports\nWe are rebuilding exports.\n3 questions, less than a minute." in said


def test_a_long_survey_says_how_many_minutes() -> None:
    assert "10 questions, about 4 minutes." in shown(survey_card(run_of(texts(10))))


@pytest.mark.parametrize(("required", "is_said"), [(True, True), (False, False)])
def test_the_mark_of_required_questions_is_explained_where_there_are_any(*, required: bool, is_said: bool) -> None:
    assert ("marked (required)" in shown(survey_card(run_of(survey_of(required=required))))) is is_said


def test_the_button_says_which_run_and_which_revision_it_answers() -> None:
    assert action(survey_card(run_of(survey_of()), revision=3))["data"] == {
        "act": "answer",
        "run": "exports-1",
        "rev": 3,
    }


def test_the_button_says_whether_it_sends_or_changes() -> None:
    assert action(survey_card(run_of(survey_of())))["title"] == "Send my answers"
    assert action(survey_card(run_of(survey_of()), revision=1))["title"] == "Save my answers"


def test_every_question_is_asked_once_in_order_and_labelled() -> None:
    card = survey_card(run_of(survey_of("How was it?", required=False)))
    found = inputs(card)
    assert list(dict.fromkeys(name.partition(".")[0] for name in found)) == [kind.value for kind in Kind]
    whole = [kind.value for kind in Kind if kind not in {Kind.RANKING, Kind.MATRIX, Kind.IMAGE_CHOICE}]
    assert {found[name]["label"] for name in whole} == {"How was it?"}
    parts = [element["label"] for name, element in found.items() if name not in whole]
    assert parts == ["Your choice", "Place 1 of 2", "Place 2 of 2", "How was it?", "PDF"]
    assert shown(card).count("How was it?") >= len(Kind)


def test_nps_is_a_short_list_with_its_ends_in_words() -> None:
    element = asking(Kind.NPS)
    assert element["style"] == "compact"
    assert element["placeholder"] == "Choose from 0 to 10"
    assert titles(element) == ["0 – not at all likely", *"123456789", "10 – extremely likely"]


def test_rating_has_stars_and_a_list_where_there_are_none() -> None:
    element = asking(Kind.RATING, answer=4, required=True)
    fallback = cast("dict[str, object]", element["fallback"])
    assert (element["type"], element["max"], element["value"]) == ("Input.Rating", 5, 4)
    assert (fallback["type"], fallback["value"]) == ("Input.ChoiceSet", "4")
    assert titles(fallback) == ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    assert all(fallback[key] == element[key] for key in ("id", "label"))


def test_satisfaction_is_asked_in_words() -> None:
    assert titles(asking(Kind.CSAT))[::4] == ["Very dissatisfied", "Very satisfied"]


@pytest.mark.parametrize(("choices", "style"), [(2, "expanded"), (6, "expanded"), (7, "compact")])
def test_many_choices_become_a_drop_down(choices: int, style: str) -> None:
    assert asking(Kind.CHOICE, choices=choices)["style"] == style


def test_several_choices_may_be_chosen_however_many_there_are() -> None:
    element = asking(Kind.CHOICES, choices=20, answer=["c1", "c19"])
    assert (element["isMultiSelect"], element["style"], element["value"]) == (True, "expanded", "c1,c19")


def test_text_has_room_for_as_much_as_is_kept() -> None:
    element = asking(Kind.TEXT)
    assert element["isMultiline"] is True
    assert "maxLength" not in element, "clients cut what is pasted without a word"


def test_yes_or_no_starts_as_neither() -> None:
    assert "value" not in asking(Kind.YES_NO)
    assert titles(asking(Kind.YES_NO)) == ["Yes", "No"]


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        (Kind.NPS, 0, "0"),
        (Kind.NPS, "10", "10"),
        (Kind.CSAT, 5.0, "5"),
        (Kind.YES_NO, True, "true"),
        (Kind.YES_NO, False, "false"),
        (Kind.CHOICE, "c1", "c1"),
        (Kind.CHOICES, "c0,c1", "c0,c1"),
        (Kind.CHOICES, ["c0", "gone"], "c0"),
        (Kind.NUMBER, 12, 12),
        (Kind.NUMBER, "3.5", 3.5),
        (Kind.DATE, "2026-03-01", "2026-03-01"),
        (Kind.TEXT, "  as *typed*\n", "  as *typed*\n"),
    ],
)
def test_answers_are_filled_in_as_typed_or_as_stored(kind: Kind, answer: object, value: object) -> None:
    assert asking(kind, choices=2, answer=answer)["value"] == value


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Kind.NPS, "11"),
        (Kind.RATING, 0),
        (Kind.CHOICE, "gone"),
        (Kind.YES_NO, "maybe"),
        (Kind.NUMBER, "many"),
        (Kind.NUMBER, "nan"),
        (Kind.NUMBER, "1e999"),
        (Kind.DATE, "yesterday"),
        (Kind.DATE, "2026-02-30"),
        (Kind.TEXT, ""),
    ],
)
def test_what_an_input_cannot_hold_is_left_out(kind: Kind, answer: object) -> None:
    assert "value" not in asking(kind, choices=2, answer=answer)


def test_a_problem_stands_right_under_its_question_on_a_ground_of_its_own() -> None:
    card = survey_card(run_of(survey_of()), problems={"number": "Please give a number."})
    body = cast("list[dict[str, object]]", card["body"])
    place = next(index for index, node in enumerate(body) if node.get("id") == "q_number")
    assert body[place + 1]["style"] == "attention"
    (words,) = [str(one["text"]) for one in nodes(body[place + 1]) if one.get("type") == "TextRun"]
    assert words == "Please give a number."


def test_a_notice_stands_on_top() -> None:
    card = survey_card(run_of(survey_of()), notice="Not saved — please try again")
    first = cast("list[dict[str, object]]", card["body"])[0]
    assert [node.get("text") for node in nodes(first["items"])] == ["Not saved — please try again"]


def test_help_is_shown_under_the_question() -> None:
    survey = Survey("s", "Title", (Question("one", Kind.TEXT, "What?", help="A word or two."),))
    assert "What?\nA word or two." in shown(survey_card(run_of(survey)))


def test_a_preview_shows_the_same_questions_and_sends_nothing() -> None:
    survey = survey_of()
    preview = preview_card(survey)
    assert inputs(preview) == inputs(survey_card(run_of(survey)))
    assert shown(preview).startswith("Preview — this is what people will see")
    assert not [node for node in nodes(preview) if str(node.get("type")).startswith("Action.")]


def test_long_answers_that_do_not_fit_are_kept_and_named() -> None:
    answers = {f"t{one}": "x" * (MAX_TEXT - one) for one in range(10)} | {"t9": "short"}
    card = survey_card(run_of(texts(10, required=True)), answers=answers, revision=1)
    kept = cast("dict[str, list[str]]", action(card)["data"])["keep"]
    assert fits(card)
    assert kept == ["t0", "t1", "t2"]
    assert inputs(card)["t9"]["value"] == "short"
    assert inputs(card)["t3"]["value"] == answers["t3"]
    assert shown(card).count(KEPT) == len(kept)


def test_a_kept_answer_may_be_left_empty_though_it_is_required() -> None:
    card = survey_card(run_of(texts(10, required=True)), answers={f"t{one}": "x" * MAX_TEXT for one in range(10)})
    assert "value" not in inputs(card)["t0"]
    assert inputs(card)["t9"]["value"] == "x" * MAX_TEXT
    assert not [element for element in inputs(card).values() if "isRequired" in element]


def test_nothing_is_kept_back_where_everything_fits() -> None:
    run = run_of(survey_of())
    assert "keep" not in cast("dict[str, object]", action(survey_card(run, answers=answers_of()))["data"])
    assert can_show_answers(run, answers_of())


def test_it_can_be_known_before_that_unsaved_answers_would_not_fit() -> None:
    assert not can_show_answers(run_of(texts(10)), {f"t{one}": "x" * MAX_TEXT for one in range(10)})


def test_an_ordinary_survey_of_the_most_questions_fits() -> None:
    text = "How easy was it to export your data to Excel last month?"
    kinds = [Kind.TEXT, Kind.CSAT, Kind.YES_NO]
    questions = tuple(Question(f"q{one}", kinds[one % 3], text) for one in range(MAX_QUESTIONS))
    assert survey_fits(Survey("s", "Exports", questions))


def test_the_largest_survey_that_a_file_can_describe_does_not_fit() -> None:
    choices = tuple(Choice(f"choice-{number}", "x" * 120) for number in range(20))
    questions = tuple(Question(f"q{one}", Kind.CHOICES, "x" * 500, choices=choices) for one in range(MAX_QUESTIONS))
    assert not survey_fits(Survey("s", "Exports", questions))


@dataclass(frozen=True, slots=True)
class Filled:
    survey: Survey
    answers: dict[str, object]


WORDS = st.text(min_size=1, max_size=120).filter(str.strip)
ANSWERS: dict[Kind, st.SearchStrategy[object]] = {
    Kind.NPS: st.integers(0, 10),
    Kind.RATING: st.integers(1, 5),
    Kind.CSAT: st.integers(1, 5),
    Kind.CHOICE: st.integers(0, 19).map(lambda number: f"c{number}"),
    Kind.CHOICES: st.sets(st.integers(0, 19)).map(lambda found: [f"c{number}" for number in sorted(found)]),
    Kind.CES: st.integers(1, 7),
    Kind.IMAGE_CHOICE: st.integers(0, 9).map(lambda number: f"c{number}"),
    Kind.RANKING: st.permutations([f"c{number}" for number in range(10)]),
    Kind.MATRIX: st.dictionaries(
        st.integers(0, 9).map(lambda number: f"r{number}"), st.integers(0, 9).map(lambda number: f"c{number}")
    ),
    Kind.TEXT: st.text(max_size=40) | st.builds(lambda one: one * MAX_TEXT, st.characters(categories=["L", "So"])),
    Kind.YES_NO: st.booleans(),
    Kind.NUMBER: st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12),
    Kind.DATE: st.dates(date(1900, 1, 1), date(2200, 12, 31)).map(date.isoformat),
}


@st.composite
def filled(draw: st.DrawFn) -> Filled:
    questions = []
    answers: dict[str, object] = {}
    for number in range(draw(st.integers(1, MAX_QUESTIONS))):
        kind = draw(st.sampled_from(Kind))
        number_of = 10 if kind in {Kind.RANKING, Kind.MATRIX, Kind.IMAGE_CHOICE} else 20
        is_image = kind is Kind.IMAGE_CHOICE
        picture = ("https://example.com/one.png", "A picture") if is_image else ()
        ids = [f"c{one}" for one in range(number_of)] if kind in CHOOSING else []
        choices = tuple(Choice(one, draw(WORDS), *picture) for one in ids)
        rows = tuple(Choice(f"r{one}", draw(WORDS)) for one in range(10)) if kind is Kind.MATRIX else ()
        help_ = draw(st.sampled_from(["", "A hint."]))
        questions.append(Question(f"q{number}", kind, draw(WORDS), help_, draw(st.booleans()), choices, rows))
        answers[f"q{number}"] = draw(ANSWERS[kind])
    return Filled(Survey("s", draw(WORDS), tuple(questions), draw(WORDS)), answers)


@settings(max_examples=40)
@given(one=filled(), has_problems=st.booleans())
def test_any_survey_that_fits_makes_a_valid_card_however_it_is_answered(*, one: Filled, has_problems: bool) -> None:
    run = run_of(one.survey)
    problems = {question.id: "Please look at this again." for question in one.survey.questions} if has_problems else {}
    card = survey_card(run, answers=one.answers, problems=problems, revision=1, notice="Please look again.")
    assert_official(card)
    assert list(dict.fromkeys(name.partition(".")[0] for name in inputs(card))) == list(one.answers)
    if survey_fits(one.survey):
        assert fits(card)


@settings(max_examples=40)
@given(filled())
def test_what_a_card_is_filled_with_comes_back_as_the_same_answers(one: Filled) -> None:
    card = survey_card(run_of(one.survey), answers=one.answers)
    kept = cast("dict[str, list[str]]", action(card)["data"]).get("keep", [])
    optional = [replace(each, required=False) for each in one.survey.questions]
    survey = Survey("s", "t", tuple(optional))
    stored = check_answers(survey, one.answers)
    sent = entered({str(one["id"]): one["value"] for one in inputs(card).values() if "value" in one})
    assert check_answers(survey, sent) == {name: answer for name, answer in stored.items() if name not in kept}
