"""Every kind of question as text: what it says may be typed is what it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.typed import ask, read
from feedback.surveys.checking import check_some
from feedback.surveys.questions import CHOOSING, Answer, Choice, Kind, Question

CHOICES = (Choice("files", "In files"), Choice("chat", "In *chats*"), Choice("c3", "2"))
ROWS = (Choice("speed", "Speed"), Choice("price", "Price"))


def question(kind: Kind) -> Question:
    return Question(
        "q", kind, "How *was* it?", "Be honest.", required=True, choices=CHOICES if kind in CHOOSING else (), rows=ROWS
    )


def typed(kind: Kind, text: str) -> Answer | None:
    one = question(kind)
    return check_some([one], {"q": read(one, text)})[0].get("q")


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        (Kind.NPS, " 10 ", 10),
        (Kind.RATING, "4", 4),
        (Kind.RATING, "4 stars", 4),
        (Kind.RATING, "1 star", 1),
        (Kind.CSAT, "2", 2),
        (Kind.CSAT, "very satisfied", 5),
        (Kind.CES, "Strongly Disagree", 1),
        (Kind.CHOICE, "1", "files"),
        (Kind.CHOICE, "in files", "files"),
        (Kind.CHOICE, "2", "chat"),  # the number of a choice comes before its text
        (Kind.IMAGE_CHOICE, "chat", "chat"),
        (Kind.CHOICES, "1, 3", ["files", "c3"]),
        (Kind.CHOICES, "3 1", ["files", "c3"]),
        (Kind.CHOICES, "in files", ["files"]),
        (Kind.RANKING, "3, 1, 2", ["c3", "files", "chat"]),
        (Kind.RANKING, "3 1 2.", ["c3", "files", "chat"]),
        (Kind.MATRIX, "1, 2", {"speed": "files", "price": "chat"}),
        (Kind.MATRIX, "- 3", {"price": "c3"}),
        (Kind.TEXT, "  Fine,\nthanks  ", "Fine,\nthanks"),
        (Kind.YES_NO, "Yes", True),
        (Kind.YES_NO, "n", False),
        (Kind.NUMBER, "3.5", 3.5),
        (Kind.DATE, "2026-03-01", "2026-03-01"),
    ],
)
def test_what_is_typed_becomes_the_answer(kind: Kind, text: str, kept: Answer) -> None:
    assert typed(kind, text) == kept


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.NPS, "11"),
        (Kind.NPS, "ten"),
        (Kind.RATING, "6 stars"),
        (Kind.CSAT, "0"),
        (Kind.CES, "8"),
        (Kind.CHOICE, "4"),
        (Kind.CHOICE, "0"),
        (Kind.CHOICE, "9" * 5000),
        (Kind.CHOICES, "1, 4"),
        (Kind.RANKING, "1, 2"),
        (Kind.RANKING, "1, 1, 2"),
        (Kind.MATRIX, "1"),
        (Kind.MATRIX, "1, 2, 3"),
        (Kind.MATRIX, "1, 9"),
        (Kind.YES_NO, "perhaps"),
        (Kind.NUMBER, "many"),
        (Kind.DATE, "tomorrow"),
        *[
            (kind, text)
            for kind in Kind
            if kind is not Kind.TEXT
            for text in ("**b** [x](javascript:1)", "<b>1</b>", "🎉", "\u202e1", "x" * 100_000)
        ],
        (Kind.TEXT, "x" * 100_000),
    ],
)
def test_what_is_no_answer_is_refused(kind: Kind, text: str) -> None:
    one = question(kind)
    given, problems = check_some([one], {"q": read(one, text)})
    assert not given
    assert [problem.question for problem in problems] == ["q"]


@pytest.mark.parametrize("kind", Kind)
def test_the_question_says_where_it_is_and_what_may_be_typed(kind: Kind) -> None:
    said = ask(question(kind), 2, "at most 4")
    assert said.startswith("**Question 2 of at most 4, required**\n\nHow \\*was\\* it?\n\nBe honest.")
    assert "_Type" in said


@pytest.mark.parametrize("kind", sorted(CHOOSING))
def test_every_choice_is_listed_with_its_number(kind: Kind) -> None:
    said = ask(question(kind), 1, "1")
    assert "- 1 – In files\n- 2 – In \\*chats\\*\n- 3 – 2" in said


def test_pictures_are_told_in_words() -> None:
    picture = Choice("a", "Light", "https://example.com/a.png", "A bright page")
    said = ask(Question("q", Kind.IMAGE_CHOICE, "Which?", choices=(picture, picture)), 1, "1")
    assert "1 – Light (picture: A bright page)" in said


def test_the_answer_so_far_is_read_out() -> None:
    assert "Your answer so far: 1\\. 2, 2. In files, 3. In \\*chats\\*." in ask(
        question(Kind.RANKING), 1, "1", ["c3", "files", "chat"]
    )


@given(st.sampled_from(Kind), st.text())
def test_anything_can_be_typed_without_a_fault(kind: Kind, text: str) -> None:
    one = question(kind)
    given, problems = check_some([one], {"q": read(one, text)})
    assert len(given) + len(problems) <= 1
