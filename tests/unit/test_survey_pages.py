"""Pages, conditions, rows and pictures in survey files: what is read, and each mistake with its line."""

import pytest

from feedback.errors import SurveyFileRefused
from feedback.surveys.questions import Choice, Comparison, Condition, Kind
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import MAX_PAGES, Page

PAGED = """\
id: s
title: T
pages:
- questions:
  - {id: score, kind: nps, text: "How likely?"}
  - {id: where, kind: choices, text: "Where?", choices: [In files, Chat]}
  - {id: done, kind: yes_no, text: "Done?"}
  - {id: since, kind: date, text: "Since?"}
  - {id: many, kind: number, text: "How many?"}
  - {id: why, kind: text, text: "Why?"}
- title: More
  questions:
  - id: more
    kind: text
    text: More?
    ask_if: CONDITION
  - {id: last, kind: csat, text: "Last?"}
"""


def asking_if(condition: str) -> str:
    return PAGED.replace("CONDITION", condition)


def condition_in(condition: str) -> Condition | None:
    return read_survey(asking_if(condition)).questions[6].ask_if


def problem_of(text: str) -> str:
    with pytest.raises(SurveyFileRefused) as caught:
        read_survey(text)
    (problem,) = caught.value.problems
    return str(problem)


def test_pages_hold_their_questions_in_order() -> None:
    survey = read_survey(asking_if("{question: score, at_most: 6}"))
    assert survey.pages == (Page(6), Page(2, "More"))
    assert [[one.id for one in page] for page in survey.paged][1] == ["more", "last"]
    assert read_survey(write_survey(survey)) == survey
    assert read_survey(write_survey(survey, as_json=True)) == survey


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("{question: score, at_most: 6}", Condition("score", Comparison.AT_MOST, 6)),
        ("{question: score, is: 0}", Condition("score", Comparison.IS, 0)),
        ("{question: where, includes: in-files}", Condition("where", Comparison.INCLUDES, "in-files")),
        ("{question: where, includes: In files}", Condition("where", Comparison.INCLUDES, "in-files")),
        ("{question: done, is: no}", Condition("done", Comparison.IS, value=False)),
        ("{question: since, at_least: 2026-01-01}", Condition("since", Comparison.AT_LEAST, "2026-01-01")),
        ("{question: many, at_least: 2.5}", Condition("many", Comparison.AT_LEAST, 2.5)),
        ("{question: many, at_least: 0.0000001}", Condition("many", Comparison.AT_LEAST, 1e-7)),
        (
            "{any: [{question: score, at_most: 6}, {all: [{question: done, is: yes}]}]}",
            Condition(
                any=(
                    Condition("score", Comparison.AT_MOST, 6),
                    Condition(all=(Condition("done", Comparison.IS, value=True),)),
                )
            ),
        ),
    ],
)
def test_conditions_are_read_as_data_and_written_again(text: str, condition: Condition) -> None:
    assert condition_in(text) == condition
    survey = read_survey(asking_if(text))
    assert read_survey(write_survey(survey)) == survey


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("score", "Line 16, pages[2].questions[1].ask_if: A condition has the fields question and one of"),
        ("[]", "Line 16, pages[2].questions[1].ask_if: A condition has"),
        ("{question: score}", "Line 16, pages[2].questions[1].ask_if: A condition has"),
        ("{at_most: 6}", "ask_if: A condition has"),
        ("{question: score, at_most: 6, at_least: 1}", "ask_if: A condition has"),
        ("{question: score, all: []}", "ask_if: A condition has"),
        ("{question: score, at_mots: 6}", "ask_if: “at_mots” is not a field here. Did you mean “at_most”?"),
        ("{all: []}", "ask_if.all: there are no conditions."),
        ("{all: [{question: score}]}", "ask_if.all[1]: A condition has"),
        ("{question: nobody, is: 1}", "ask_if.question: there is no question with the id “nobody”."),
        ("{question: scroe, is: 1}", "there is no question with the id “scroe”. Did you mean “score”?"),
        ("{question: last, is: 1}", "“last” is on this page. Conditions look at earlier pages"),
        ("{question: more, is: x}", "“more” is on this page."),
        ("{question: score, at_most: 11}", "ask_if.at_most: “11” is never an answer to “score”. Use a whole number"),
        ("{question: done, is: maybe}", "“maybe” is never an answer to “done”. Use yes or no."),
        (
            "{question: where, includes: nowhere}",
            "“nowhere” is never an answer to “where”. Use one of: in-files, chat.",
        ),
        ("{question: since, is: 2026-13-01}", "Use a day such as 2026-03-01."),
        ("{question: many, is: much}", "Use a number such as 12 or 3.5."),
        ("{question: score, includes: 3}", "“score” is of kind nps; for that use at_most or at_least or is"),
        ("{question: where, is: chat}", "“where” is of kind choices; for that use includes, not is."),
        ("{question: why, is: x}", "“why” is of kind text, which conditions cannot look at."),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused_with_its_place(condition: str, said: str) -> None:
    assert said in problem_of(asking_if(condition))


def test_too_many_conditions_and_levels_are_refused() -> None:
    many = ", ".join(["{question: score, is: 1}"] * 21)
    assert "there are 21 conditions; up to 20 can be read." in problem_of(asking_if(f"{{all: [{many}]}}"))
    deep = "{question: score, is: 1}"
    for _ in range(4):
        deep = f"{{all: [{deep}]}}"
    assert "levels" in problem_of(asking_if(deep)) or "at most" in problem_of(asking_if(deep))


def test_a_survey_without_pages_has_no_earlier_page_to_look_at() -> None:
    text = 'id: s\ntitle: T\nquestions:\n- {id: a, kind: nps, text: "A?"}\n'
    text += '- {id: b, kind: text, text: "B?", ask_if: {question: a, is: 1}}\n'
    assert "Line 5, questions[2].ask_if.question: “a” is on this page." in problem_of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: s\ntitle: T\npages: []\n", "Line 3, pages: there are no pages."),
        ("id: s\ntitle: T\npages: x\n", "Line 3, pages: this should be a list"),
        ("id: s\ntitle: T\npages:\n- title: A\n", "Line 4, pages[1].questions: there are no questions on this page."),
        ("id: s\ntitle: T\npages:\n- {titel: A, questions: [{id: a, kind: nps, text: T}]}\n", "Did you mean “title”?"),
        (
            "id: s\ntitle: T\nquestions: []\npages:\n- questions: [{id: a, kind: nps, text: T}]\n",
            "Line 3, questions: with “pages:”, every question belongs to a page.",
        ),
        (
            "id: s\ntitle: T\npages:\n"
            + "".join(f"- questions: [{{id: q{n}, kind: nps, text: T}}]\n" for n in range(MAX_PAGES + 1)),
            "Line 24, pages: there are 21 pages; up to 20 fit.",
        ),
        (
            "id: s\ntitle: T\npages:\n" + "- questions: [{id: a, kind: nps, text: T}]\n" * 2,
            "Line 5, pages[2].questions[1].id: “a” is already the id in line 4.",
        ),
    ],
)
def test_pages_that_cannot_be_meant_are_refused_with_their_place(text: str, said: str) -> None:
    assert said in problem_of(text)


def question(*lines: str) -> str:
    return "id: s\ntitle: T\nquestions:\n- id: q\n  text: Which?\n  " + "\n  ".join(lines) + "\n"


def test_rows_and_pictures_are_read() -> None:
    matrix = read_survey(question("kind: matrix", "rows: [Speed, Price]", "choices: [Bad, Good]")).questions[0]
    assert matrix.rows == (Choice("speed", "Speed"), Choice("price", "Price"))
    picture = "{text: A, image: https://example.com/a.png, alt: A red A}"
    other = "{id: second, text: B, image: https://example.com/b.png, alt: A blue B}"
    found = read_survey(question("kind: image_choice", f"choices: [{picture}, {other}]")).questions[0]
    assert found.kind is Kind.IMAGE_CHOICE
    assert found.choices[0] == Choice("a", "A", "https://example.com/a.png", "A red A")


PICTURE = "{text: B, image: https://example.com/b.png, alt: B}"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["kind: matrix", "choices: [a, b]"], "Line 4, questions[1].rows: the rows are missing."),
        (["kind: matrix", "rows: [a]"], "Line 4, questions[1].choices: the choices are missing."),
        (["kind: matrix", "rows: [a, A]", "choices: [a, b]"], "rows: “A” is already the text of the row"),
        (["kind: nps", "rows: [a]"], "Line 7, questions[1].rows: a question of kind nps has no rows."),
        (["kind: ranking"], "questions[1].choices: the choices are missing."),
        (
            ["kind: ranking", f"choices: [{', '.join(f'c{n}' for n in range(11))}]"],
            "there are 11 choices; up to 10 fit.",
        ),
        (
            ["kind: matrix", "choices: [a, b]", f"rows: [{', '.join(f'r{n}' for n in range(11))}]"],
            "there are 11 rows; up to 10 fit.",
        ),
        (["kind: image_choice", f"choices: [A, {PICTURE}]"], "choices[1]: a choice with a picture has the fields"),
        (
            ["kind: image_choice", f"choices: [{{text: A, alt: A}}, {PICTURE}]"],
            "choices[1].image: the image is missing.",
        ),
        (
            ["kind: image_choice", f"choices: [{{text: A, image: https://example.com/a.png}}, {PICTURE}]"],
            "choices[1].alt: the alt is missing.",
        ),
        *[
            (
                ["kind: image_choice", f"choices: [{{text: A, image: '{address}', alt: A}}, {PICTURE}]"],
                "choices[1].image: this should be the address of a picture",
            )
            for address in (
                "http://example.com/a.png",
                "javascript:alert(1)",
                "https://",
                "https://user:pass@example.com/a.png",
                "https://example.com:x/",
                "data:image/png;base64,AA",
            )
        ],
        (["kind: choice", f"choices: [A, {PICTURE}]"], "“image” is not a field here."),
    ],
)
def test_rows_and_pictures_that_cannot_be_shown_are_refused(lines: list[str], said: str) -> None:
    with pytest.raises(SurveyFileRefused) as caught:
        read_survey(question(*lines))
    assert said in str(caught.value)
