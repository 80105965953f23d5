"""What counts as an answer to each kind of question, and how it reads."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import AnswersRefused
from feedback.surveys.checking import MAX_TEXT, check_answers
from feedback.surveys.questions import CHOOSING, SCALES, Answer, Choice, Kind, Question, describe
from feedback.surveys.surveys import Survey

CHOICES = (Choice("slow", "Too slow"), Choice("dear", "Too dear"), Choice("hard", "Too hard"))
ROWS = (Choice("speed", "Speed"), Choice("price", "Price"))
HOSTILE = (
    "**bold** [x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "🎉👩‍👩‍👧",
    "\u202eevil\u200f",
    "=1+1",
    "a" * 50_000,
    "😀" * 25_000,  # 100 KB
)


def question(kind: Kind, *, required: bool = False) -> Question:
    return Question(
        "q",
        kind,
        "How was it?",
        required=required,
        choices=CHOICES if kind in CHOOSING else (),
        rows=ROWS if kind is Kind.MATRIX else (),
    )


def survey(*questions: Question) -> Survey:
    return Survey("s", "Sample", questions)


def refusal(one: Question, value: object) -> str:
    with pytest.raises(AnswersRefused) as caught:
        check_answers(survey(one), {"q": value})
    (problem,) = caught.value.problems
    assert problem.question == "q"
    return problem.sentence


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (Kind.NPS, "9", 9),
        (Kind.NPS, 0, 0),
        (Kind.NPS, 10.0, 10),
        (Kind.NPS, " 07 ", 7),
        (Kind.RATING, "5", 5),
        (Kind.RATING, 1, 1),
        (Kind.CSAT, "1", 1),
        (Kind.CHOICE, "dear", "dear"),
        (Kind.CHOICES, "hard,slow", ["slow", "hard"]),
        (Kind.CHOICES, ["hard", "dear"], ["dear", "hard"]),
        (Kind.CHOICES, "slow, slow,", ["slow"]),
        (Kind.CES, "7", 7),
        (Kind.IMAGE_CHOICE, " dear ", "dear"),
        (Kind.RANKING, "hard,slow,dear", ["hard", "slow", "dear"]),
        (Kind.RANKING, ["dear", "hard", "slow"], ["dear", "hard", "slow"]),
        (Kind.RANKING, {"1": "hard", "3": "dear", "2": "slow"}, ["hard", "slow", "dear"]),
        (Kind.MATRIX, {"price": "dear", "speed": "slow"}, {"speed": "slow", "price": "dear"}),
        (Kind.MATRIX, {"price": "dear", "speed": " "}, {"price": "dear"}),
        (Kind.TEXT, "  fine \n", "fine"),
        (Kind.TEXT, "one\r\ntwo\tthree", "one\ntwo\tthree"),
        (Kind.TEXT, "a\x00b\x1b[31m\x9f\ud800c", "ab[31mc"),
        (Kind.TEXT, "x" * MAX_TEXT, "x" * MAX_TEXT),
        (Kind.TEXT, "👩‍👩‍👧 \u202eשלום", "👩‍👩‍👧 \u202eשלום"),
        (Kind.TEXT, "<b>**hi**</b> =1+1", "<b>**hi**</b> =1+1"),
        (Kind.YES_NO, "true", True),
        (Kind.YES_NO, "False", False),
        (Kind.YES_NO, "no", False),
        (Kind.YES_NO, True, True),
        (Kind.NUMBER, "12", 12),
        (Kind.NUMBER, "-3.50", -3.5),
        (Kind.NUMBER, ".5", 0.5),
        (Kind.NUMBER, 10**12, 10**12),
        (Kind.NUMBER, 0, 0),
        (Kind.DATE, "2026-03-01", "2026-03-01"),
        (Kind.DATE, "2024-02-29", "2024-02-29"),
        (Kind.DATE, "1900-01-01", "1900-01-01"),
        (Kind.DATE, "2200-12-31", "2200-12-31"),
    ],
)
def test_a_valid_answer_is_kept_in_the_type_of_its_kind(kind: Kind, value: object, kept: Answer) -> None:
    answers = check_answers(survey(question(kind)), {"q": value})
    assert answers == {"q": kept}
    assert type(answers["q"]) is type(kept)


OUT_OF_RANGE: list[tuple[Kind, object]] = [
    *[(Kind.NPS, one) for one in ("11", -1, "9.5", 9.5)],
    *[(Kind.RATING, one) for one in ("0", 6)],
    *[(Kind.CSAT, one) for one in ("6", 0)],
    *[(Kind.CHOICE, one) for one in ("cheap", "SLOW", "slow,dear")],
    *[(Kind.CHOICES, one) for one in ("slow,cheap", ["cheap"])],
    *[(Kind.CES, one) for one in ("0", 8, "4.5")],
    *[(Kind.IMAGE_CHOICE, one) for one in ("cheap", "slow,dear")],
    *[(Kind.RANKING, one) for one in ("slow,dear", "slow,dear,dear", "slow,dear,hard,hard", ["slow"], "a,b,c")],
    *[(Kind.RANKING, one) for one in ({"1": "slow"}, {"1": "slow", "2": "slow", "3": "hard"}, {"0": "slow"})],
    *[(Kind.MATRIX, one) for one in ({"speed": "cheap"}, {"style": "slow"}, {"speed": 1}, "slow", ["slow"])],
    *[(Kind.TEXT, one) for one in ("x" * (MAX_TEXT + 1), "x" * 50_000, "é" * 100_000)],
    *[(Kind.YES_NO, one) for one in ("maybe", "1", "truetrue")],
    *[(Kind.NUMBER, one) for one in ("1000000000001", 1e13, 10**400, -(10**13))],
    *[(Kind.NUMBER, one) for one in ("nan", "inf", "1e400", "1e3", "3,5", "１２", "٣", "0x10", "1_000", "--1", ".")],
    *[(Kind.NUMBER, one) for one in (math.nan, math.inf, -math.inf)],
    *[(Kind.DATE, one) for one in ("1899-12-31", "2201-01-01", "2026-02-29", "2026-13-01", "01.03.2026", "20260301")],
    *[(Kind.DATE, one) for one in ("2026-03-01T10:00", "２０２６-03-01", "2026-W09-7", "0000-00-00")],
]


@pytest.mark.parametrize(("kind", "value"), OUT_OF_RANGE)
def test_an_answer_out_of_range_is_refused_with_what_is_wanted(kind: Kind, value: object) -> None:
    assert refusal(question(kind), value).startswith("“How was it?”: please ")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("value", [{"a": 1}, object(), b"9", [["slow"]], [1], ("slow", None)])
def test_a_value_of_no_sensible_type_is_refused(kind: Kind, value: object) -> None:
    refusal(question(kind), value)


@pytest.mark.parametrize("kind", [*SCALES, *CHOOSING, Kind.NUMBER, Kind.TEXT, Kind.DATE])
def test_true_is_no_number_text_choice_or_day(kind: Kind) -> None:
    refusal(question(kind), value=True)


@pytest.mark.parametrize("kind", [*CHOOSING, Kind.YES_NO, Kind.TEXT, Kind.DATE])
def test_a_number_is_no_truth_text_choice_or_day(kind: Kind) -> None:
    refusal(question(kind), 1)


@pytest.mark.parametrize("kind", [one for one in Kind if one is not Kind.TEXT])
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_text_is_refused_without_being_repeated(kind: Kind, value: str) -> None:
    sentence = refusal(question(kind), value)
    assert value not in sentence
    assert len(sentence) < 200


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("value", [None, "", "  \n", "absent"])
def test_an_empty_answer_is_left_out_unless_required(kind: Kind, value: str | None) -> None:
    raw = {} if value == "absent" else {"q": value}
    assert check_answers(survey(question(kind)), raw) == {}
    with pytest.raises(AnswersRefused, match="“How was it\\?”: please answer this question"):
        check_answers(survey(question(kind, required=True)), raw)


@pytest.mark.parametrize(("kind", "value"), [(Kind.CHOICES, []), (Kind.CHOICES, ","), (Kind.TEXT, "\u200b\u200e\x00 ")])
def test_nothing_visible_and_nothing_chosen_are_empty_too(kind: Kind, value: object) -> None:
    assert check_answers(survey(question(kind)), {"q": value}) == {}
    assert "please answer" in refusal(question(kind, required=True), value)


@pytest.mark.parametrize(("kind", "value"), [(Kind.RANKING, {"1": "", "2": " "}), (Kind.MATRIX, {"speed": None})])
def test_inputs_that_are_all_empty_are_no_answer(kind: Kind, value: object) -> None:
    assert check_answers(survey(question(kind)), {"q": value}) == {}
    assert "please answer" in refusal(question(kind, required=True), value)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("kind", [Kind.RANKING, Kind.MATRIX])
def test_hostile_parts_are_refused_without_being_repeated(kind: Kind, value: str) -> None:
    for raw in ({value: "slow"}, {"1": value, "speed": value}):
        assert value not in refusal(question(kind), raw)


def test_a_required_matrix_needs_every_row() -> None:
    one = question(Kind.MATRIX, required=True)
    assert "please choose something in every row" in refusal(one, {"speed": "slow"})
    assert check_answers(survey(one), {"q": {"speed": "slow", "price": "dear"}})


def test_zero_and_no_are_answers_to_required_questions() -> None:
    asked = (Question("a", Kind.NPS, "A?", required=True), Question("b", Kind.YES_NO, "B?", required=True))
    assert check_answers(survey(*asked), {"a": "0", "b": "false"}) == {"a": 0, "b": False}


def test_every_problem_is_named_and_nothing_is_kept() -> None:
    asked = (
        Question("a", Kind.NPS, "A?"),
        Question("b", Kind.TEXT, "B?"),
        Question("c", Kind.DATE, "C?", required=True),
    )
    with pytest.raises(AnswersRefused) as caught:
        check_answers(survey(*asked), {"zz": "1", "a": "12", "b": "fine"})
    assert [(one.question, one.sentence) for one in caught.value.problems] == [
        ("a", "“A?”: please choose a whole number from 0 to 10."),
        ("c", "“C?”: please answer this question."),
        ("zz", "“zz”: unknown question."),
    ]
    assert all(one.sentence in str(caught.value) for one in caught.value.problems)


def test_a_text_too_long_is_told_its_length() -> None:
    assert "up to 4,000 characters (this has 4,001)" in refusal(question(Kind.TEXT), "x" * 4001)


def test_a_long_question_is_shortened_in_the_sentence() -> None:
    sentence = refusal(Question("q", Kind.NPS, "How likely " * 40), "11")
    assert "…”: please choose" in sentence
    assert len(sentence) < 120


def test_answers_come_in_the_order_of_the_questions() -> None:
    asked = (Question("a", Kind.NPS, "A?"), Question("b", Kind.NPS, "B?"))
    assert list(check_answers(survey(*asked), {"b": "1", "a": "2"})) == ["a", "b"]


@given(st.sampled_from(Kind), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text())))
def test_what_is_kept_is_accepted_again_unchanged(kind: Kind, value: object) -> None:
    try:
        kept = check_answers(survey(question(kind)), {"q": value})
    except AnswersRefused:
        return
    assert check_answers(survey(question(kind)), dict(kept)) == kept


@pytest.mark.parametrize(
    ("kind", "answer", "read"),
    [
        (Kind.NPS, 9, "9"),
        (Kind.YES_NO, True, "Yes"),
        (Kind.YES_NO, False, "No"),
        (Kind.CHOICE, "slow", "Too slow"),
        (Kind.CHOICE, "gone", "gone"),
        (Kind.CHOICES, ["slow", "hard"], "Too slow, Too hard"),
        (Kind.IMAGE_CHOICE, "slow", "Too slow"),
        (Kind.RANKING, ["hard", "slow"], "1. Too hard, 2. Too slow"),
        (Kind.MATRIX, {"speed": "slow", "price": "dear"}, "Speed: Too slow; Price: Too dear"),
        (Kind.TEXT, "2026-03-01", "2026-03-01"),
        (Kind.TEXT, "slow", "slow"),
        (Kind.NUMBER, 3.5, "3.5"),
        (Kind.NUMBER, 10**12, "1000000000000"),
        (Kind.DATE, "2026-03-01", "1 March 2026"),
        (Kind.DATE, "1900-12-31", "31 December 1900"),
    ],
)
def test_an_answer_reads_as_a_person_would_say_it(kind: Kind, answer: Answer, read: str) -> None:
    assert describe(question(kind), answer) == read
