"""Writing a survey step by step: what each step takes, what it refuses with a sentence, and where it leads."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.survey import survey_fits
from feedback.surveys.questions import CHOOSING, Choice, Comparison, Condition, Kind
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import MAX_QUESTIONS, Survey
from feedback.surveys.templates import NAMES
from feedback.writing.sketch_edits import NotTaken
from feedback.writing.sketch_reading import KIND_WORDS, find_kind
from feedback.writing.sketch_words import SAYINGS, TOO_LARGE
from feedback.writing.sketch_words import take as take_words
from feedback.writing.sketches import Sketch, Step, new_sketch
from feedback.writing.sketching import Taken, Wish

PICTURES = "Light | https://pictures.example/light.png | A light page\nDark | https://pictures.example/dark.png | Dark"
THREE = ("Check-in", "skip", "nps", "How likely?", "add choices", "Where?", "Phone\nLaptop", "add text", "Why?")


def everything_fits(_survey: Survey) -> bool:
    return True


def take(sketch: Sketch, words: str) -> Taken:
    return take_words(sketch, words, fits=everything_fits)


def talk(*words: str, sketch: Sketch | None = None) -> Sketch:
    found = sketch or new_sketch("t:me")
    for one in words:
        found = take(found, one).sketch
    return found


def refused(sketch: Sketch, words: str) -> str:
    with pytest.raises(NotTaken) as caught:
        take(sketch, words)
    return str(caught.value)


def texts(sketch: Sketch) -> list[str]:
    return [one.text for one in sketch.survey.questions]


def test_three_questions_make_a_survey_that_can_be_imported() -> None:
    sketch = talk(*THREE)
    assert (sketch.step, sketch.survey.title, texts(sketch)) == (
        Step.SURVEY,
        "Check-in",
        ["How likely?", "Where?", "Why?"],
    )
    assert [one.id for one in sketch.survey.questions] == ["how-likely", "where", "why"]
    assert sketch.survey.questions[1].choices == (Choice("phone", "Phone"), Choice("laptop", "Laptop"))
    assert read_survey(write_survey(sketch.survey)) == sketch.survey


WHAT_IS_ASKED = {
    **dict.fromkeys(Kind, ()),
    **dict.fromkeys([Kind.CHOICE, Kind.CHOICES, Kind.RANKING], ("One\nTwo\n\nThree",)),
    Kind.MATRIX: ("Speed\nPrice", "- Bad\n- Good"),
    Kind.IMAGE_CHOICE: (PICTURES,),
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_asked_for_what_it_needs(kind: Kind) -> None:
    sketch = talk("T", "skip", kind.value, "What?", *WHAT_IS_ASKED[kind])
    (one,) = sketch.survey.questions
    assert (sketch.step, one.kind, one.text) == (Step.SURVEY, kind, "What?")
    assert bool(one.choices) == (kind in CHOOSING)
    assert bool(one.rows) == (kind is Kind.MATRIX)
    assert read_survey(write_survey(sketch.survey)) == sketch.survey


def test_a_picture_has_a_text_an_address_and_words() -> None:
    (one,) = talk("T", "skip", "image_choice", "Which?", PICTURES).survey.questions
    assert one.choices[1] == Choice("dark", "Dark", "https://pictures.example/dark.png", "Dark")


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_is_chosen_by_word_number_or_what_the_list_says(kind: Kind) -> None:
    number = str(list(KIND_WORDS).index(kind) + 1)
    said = [kind.value, kind.value.upper(), kind.value.replace("_", " "), number, KIND_WORDS[kind], f" {kind.value} "]
    assert {find_kind(one) for one in said} == {kind}


@pytest.mark.parametrize("words", ["slider", "0", "14", "-1", "nps nps", "1.0", "٣"])
def test_what_is_no_kind_is_refused_and_nothing_changes(words: str) -> None:
    assert "is not a kind of question" in refused(talk("T", "skip"), words)


@pytest.mark.parametrize(
    ("before", "words", "sentence"),
    [
        ((), "", "Please give it a title"),
        ((), "x" * 121, "121 characters; up to 120"),
        (("T",), "x" * 2001, "2,001 characters; up to 2,000"),
        (("T", "skip"), "", "Please choose what people shall answer with"),
        (("T", "skip", "text"), " \n ", "Please write the question"),
        (("T", "skip", "text"), "x" * 501, "501 characters; up to 500"),
        (("T", "skip", "choice", "Q?"), "", "There are no choices in this"),
        (("T", "skip", "choice", "Q?"), "One", "There is 1 choice in this"),
        (("T", "skip", "choice", "Q?"), "One\n\n - one", "“one” is there twice"),
        (("T", "skip", "choice", "Q?"), "\n".join(map(str, range(21))), "There are 21 choices; up to 20 fit"),
        (("T", "skip", "ranking", "Q?"), "\n".join(map(str, range(11))), "There are 11 choices; up to 10 fit"),
        (("T", "skip", "choice", "Q?"), "One\n" + "x" * 121, "121 characters; up to 120"),
        (("T", "skip", "matrix", "Q?"), "", "There are no rows in this"),
        (("T", "skip", "matrix", "Q?"), "\n".join(map(str, range(11))), "There are 11 rows; up to 10 fit"),
        (("T", "skip", "image_choice", "Q?"), "One\nTwo", "“One” lacks something"),
        (("T", "skip", "image_choice", "Q?"), PICTURES.replace("https", "http"), "address of a picture"),
        (THREE, "what", "I don't know what “what” means here"),
        (THREE, "", "Please choose something"),
        (THREE, "change 4", "There is no question 4; they go from 1 to 3"),
        (THREE, "delete 0", "There is no question 0"),
        (THREE, "required", "Say which question as well, such as “required 3”"),
        (THREE, "move 1 to 9", "There is no question 9"),
        (THREE, "up 1", "Question 1 is first already"),
        (THREE, "down 3", "Question 3 is last already"),
        (THREE, "choices 1", "Question 1 has no choices"),
        (THREE, "rows 2", "Question 2 has no rows"),
        (THREE, "page 2", "There is no page 2"),
        (THREE, "new page 1", "Question 1 begins a page already"),
        (THREE, "same page 2", "on the first page already"),
        (THREE, "add slider", "is not a kind of question"),
        (THREE, "only 1 if 2 is yes", "Question 2 does not come before question 1"),
        (THREE, "only 3 if 3 is yes", "does not come before question 3"),
        (THREE, "only 3 if 1 includes 6", "of kind nps; for that use at_most or at_least or is"),
        (THREE, "only 3 if 1 at most 11", "never an answer"),
        (THREE, "only 3 if 2 includes Tablet", "Use one of: phone, laptop"),
        (THREE, "only 3 if 9 at most 6", "There is no question 9"),
        ((*THREE, "only if 3"), "whenever", "I can't read this as a condition"),
        ((*THREE, "only 3 if 1 at most 6"), "delete 1", "Nothing was changed."),
        ((*THREE, "only 3 if 1 at most 6"), "same page 3", "Conditions look at earlier pages"),
        ((*THREE, "only 3 if 1 at most 6"), "move 1 to 3", "Conditions look at earlier pages"),
        ((*THREE, "only 3 if 2 includes Laptop", "choices 2"), "Phone\nTablet", "never an answer"),
        ((*THREE, "only 3 if 1 at most 6", "kind 1"), "text", "which conditions cannot look at"),
        ((*THREE, "save"), "9 lives", "Use 1–40 letters"),
        ((*THREE, "save"), "", "Use 1–40 letters"),
        ((*THREE, "help 1"), "x" * 501, "501 characters; up to 500"),
        ((*THREE, "new page 2", "page title 2"), "x" * 121, "121 characters; up to 120"),
        (("T", "skip", "back"), "test", "There are no questions yet"),
        (("T", "skip", "back"), "save", "There are no questions yet"),
        (("T", "skip", "back"), "delete 1", "There are no questions yet"),
    ],
)
def test_what_a_step_cannot_take_gets_a_sentence(before: tuple[str, ...], words: str, sentence: str) -> None:
    assert sentence in refused(talk(*before), words)


def test_the_question_goes_on_from_where_a_wrong_answer_was_given() -> None:
    sketch = talk("T", "skip", "choice", "Q?")
    refused(sketch, "One")
    assert texts(talk("One\nTwo", sketch=sketch)) == ["Q?"]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (("move 3 to 1",), ["Why?", "How likely?", "Where?"]),
        (("move 1 to 3",), ["Where?", "Why?", "How likely?"]),
        (("3", "up", "up"), ["Why?", "How likely?", "Where?"]),
        (("change 1", "down", "down"), ["Where?", "Why?", "How likely?"]),
        (("delete 2",), ["How likely?", "Why?"]),
        (("delete 1", "delete 1", "delete 1"), []),
        (("text 2", "Where to?"), ["How likely?", "Where to?", "Why?"]),
        (("2", "text", "back"), ["How likely?", "Where?", "Why?"]),
    ],
)
def test_questions_are_moved_deleted_and_reworded(words: tuple[str, ...], order: list[str]) -> None:
    assert texts(talk(*THREE, *words)) == order


def test_reworded_questions_and_choices_that_stay_keep_their_ids() -> None:
    saved = Sketch("t:me", talk(*THREE).survey, Step.SURVEY, over=1, is_named=True)
    one = talk("text 2", "On which device?", "choices 2", "Tablet\nLaptop", sketch=saved).survey.questions[1]
    assert (one.id, one.text) == ("where", "On which device?")
    assert one.choices == (Choice("tablet", "Tablet"), Choice("laptop", "Laptop"))


def test_a_question_that_nobody_can_have_answered_is_called_by_its_new_words() -> None:
    assert talk(*THREE, "text 2", "On which device?").survey.questions[1].id == "on-which-device"
    looked_at = talk(*THREE, "only 3 if 2 includes Phone", "text 2", "On which device?")
    assert looked_at.survey.questions[1].id == "where"


def test_two_questions_with_the_same_words_get_ids_of_their_own() -> None:
    sketch = talk("T", "skip", "text", "Why?", "add text", "Why?", "add text", "¿?", "add text", "42 – why?")
    assert [one.id for one in sketch.survey.questions] == ["why", "q2", "q3", "q4"]
    assert [one.id for one in talk("T", "skip", "text", "42 reasons").survey.questions] == ["reasons"]


def test_required_help_and_kind_are_changed() -> None:
    sketch = talk(*THREE, "required 3", "help 3", "One reason\nis enough.", "kind 1", "rating")
    first, _, last = sketch.survey.questions
    assert (first.kind, last.required, last.help) == (Kind.RATING, True, "One reason\nis enough.")
    again = talk("optional 3", "help 3", "skip", sketch=sketch).survey.questions[2]
    assert (again.required, again.help) == (False, "")


def test_another_kind_keeps_the_choices_it_can_use_and_asks_for_those_it_lacks() -> None:
    as_ranking = talk(*THREE, "kind 2", "ranking").survey.questions[1]
    assert [one.text for one in as_ranking.choices] == ["Phone", "Laptop"]
    assert talk(*THREE, "kind 2", "yes_no").survey.questions[1].choices == ()
    assert talk(*THREE, "kind 3", "choice").step is Step.CHOICES
    assert talk(*THREE, "kind 2", "matrix").step is Step.ROWS
    assert talk(*THREE, "kind 2", "image_choice").step is Step.CHOICES
    pictured = talk("T", "skip", "image_choice", "Which?", PICTURES, "kind 1", "choice").survey.questions[0]
    assert pictured.choices == (Choice("light", "Light"), Choice("dark", "Dark"))


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("only 3 if 1 at most 6", Condition("how-likely", Comparison.AT_MOST, 6)),
        ("ONLY 3 IF 1 AT LEAST 9", Condition("how-likely", Comparison.AT_LEAST, 9)),
        ("only 3 if 1 is 10", Condition("how-likely", Comparison.IS, 10)),
        ("only 3 if 2 includes Laptop", Condition("where", Comparison.INCLUDES, "laptop")),
        ("only 3 if 2 includes laptop", Condition("where", Comparison.INCLUDES, "laptop")),
    ],
)
def test_a_simple_condition_begins_a_page_where_there_is_none(words: str, condition: Condition) -> None:
    taken = take(talk(*THREE), words)
    assert taken.sketch.survey.questions[2].ask_if == condition
    assert [page.size for page in taken.sketch.survey.pages] == [2, 1]
    assert "It begins a page now" in taken.news
    by_step = talk(*THREE, "only if 3", words.lower().removeprefix("only 3 if ").replace("laptop", "Laptop"))
    assert by_step.survey == taken.sketch.survey
    assert talk("always 3", sketch=taken.sketch).survey.questions[2].ask_if is None


def test_pages_begin_are_named_joined_and_vanish_with_their_questions() -> None:
    sketch = talk(*THREE, "new page 2", "page title 2", "Your work", "new page 3")
    assert [(page.size, page.title) for page in sketch.survey.pages] == [(1, ""), (1, "Your work"), (1, "")]
    assert [page.size for page in talk("same page 3", sketch=sketch).survey.pages] == [1, 2]
    assert [page.size for page in talk("delete 2", sketch=sketch).survey.pages] == [1, 1]
    assert talk("delete 2", "delete 2", sketch=sketch).survey.pages == ()
    assert talk("page 3", sketch=sketch).here == 2


def test_leaving_what_is_asked_changes_nothing_of_the_survey() -> None:
    sketch = talk(*THREE)
    for words in (
        "add",
        "add choice",
        "text 1",
        "choices 2",
        "help 1",
        "only if 3",
        "title",
        "intro",
        "save",
        "kind 1",
    ):
        left = talk(words, "back", sketch=sketch)
        assert (left.survey, left.made) == (sketch.survey, None)
        assert left.step in {Step.SURVEY, Step.QUESTION}


def test_saving_asks_for_a_name_once_and_throwing_away_asks_whether_one_is_sure() -> None:
    assert talk(*THREE, "save").step is Step.NAME
    named = take(talk(*THREE, "save"), "Check-2")
    assert (named.wish, named.sketch.survey.id, named.sketch.is_named) == (Wish.SAVE, "check-2", True)
    assert take(named.sketch, "save").wish is Wish.SAVE
    assert take(talk(*THREE, "throw away"), "yes").wish is Wish.THROW_AWAY
    kept = take(talk(*THREE, "throw away"), "no")
    assert (kept.wish, kept.sketch.step) == (Wish.NOTHING, Step.SURVEY)


def test_another_name_is_another_survey() -> None:
    opened = Sketch("t:me", talk(*THREE).survey, Step.SURVEY, over=4, is_named=True)
    assert take(talk("name", sketch=opened), "check-in").sketch.over == 4
    assert take(talk("name", sketch=opened), "other").sketch.over == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_template_can_be_begun_with_instead_of_a_title(name: str) -> None:
    sketch = talk(f"from {name}")
    assert (sketch.step, sketch.survey.id, "(sample)" in sketch.survey.title) == (Step.SURVEY, name, False)
    assert sketch.survey.questions


def test_from_nowhere_is_a_title_like_any_other() -> None:
    assert talk("From here to there").survey.title == "From here to there"


def test_no_more_questions_than_fit() -> None:
    sketch = talk("T", "skip", "text", "Why?")
    for number in range(2, MAX_QUESTIONS + 1):
        sketch = talk("add text", f"Why {number}?", sketch=sketch)
    assert "no more fit" in refused(sketch, "add")


def test_what_would_make_a_card_too_large_is_refused() -> None:
    sketch = talk("T", "skip")
    words = "\n".join(f"{number} " + "x" * 115 for number in range(20))
    with pytest.raises(NotTaken, match=TOO_LARGE):
        fill(sketch, ["choices", "y" * 500, words, "add"] * MAX_QUESTIONS)


def fill(sketch: Sketch, words: list[str]) -> None:
    """Say all the words; what came before those that are refused fits on cards."""
    for one in words:
        sketch = take_words(sketch, one, fits=survey_fits).sketch
        assert not sketch.survey.questions or survey_fits(sketch.survey)


WORDS = st.sampled_from(
    [
        *("add", "save", "test", "title", "intro", "done", "back", "throw away", "no", "skip", "always", "name"),
        *(
            f"{word} {n}"
            for n in range(4)
            for word in ("text", "choices", "rows", "help", "required", "delete", "kind")
        ),
        *(f"{word} {n}" for n in range(4) for word in ("up", "down", "new page", "same page", "page title", "page")),
        *(f"only {n} if 1 {what}" for n in range(4) for what in ("at most 6", "is yes", "includes One", "at least 3")),
        *(
            "move 1 to 2",
            "move 3 to 1",
            "move 2 to 3",
            "1 at most 3",
            "One\nTwo",
            "A: “b” #c\n- d",
            "from pulse",
            PICTURES,
        ),
        *(kind.value for kind in Kind),
        *(f"add {kind.value}" for kind in Kind),
    ]
)


@settings(max_examples=200)
@given(st.lists(WORDS | st.text(max_size=30), max_size=40))
def test_whatever_is_said_the_survey_can_be_exported_and_imported_again(words: list[str]) -> None:
    sketch = new_sketch("t:me")
    for one in words:
        try:
            taken = take(sketch, one)
        except NotTaken:
            continue
        if taken.wish in {Wish.NOTHING, Wish.TEST, Wish.SAVE}:
            sketch = taken.sketch
        if sketch.survey.questions:
            assert read_survey(write_survey(sketch.survey)) == sketch.survey
        assert 0 <= sketch.here < max(1, len(sketch.survey.questions))


def test_every_saying_is_reached() -> None:
    """Two patterns that fit the same words would leave the second without effect."""
    samples = ["add", "2", "text 1", "kind 1", "choices 1", "rows 1", "help 1", "required 1", "optional 1"]
    samples += ["only 3 if 1 at most 6", "only if 3", "always 1", "up 2", "down 1", "move 1 to 2", "delete 1"]
    samples += ["new page 2", "same page 2", "page title 1", "page 1", "title", "intro", "name", "designs"]
    samples += ["anonymous 7", "not anonymous", "done", "test", "save", "throw away"]
    first = [next(n for n, one in enumerate(SAYINGS) if re.fullmatch(one.pattern, words)) for words in samples]
    assert first == list(range(len(SAYINGS)))
