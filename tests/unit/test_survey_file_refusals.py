"""Survey files that are refused: every mistake at once, each with its line and what to do about it."""

import pytest

from feedback.errors import FileProblem, SurveyFileRefused
from feedback.surveys.survey_files import read_survey

SMALL = """\
id: pulse
title: Pulse
questions:
- id: likely
  kind: nps
  text: How likely?
"""


def problems_of(text: str) -> tuple[FileProblem, ...]:
    with pytest.raises(SurveyFileRefused) as caught:
        read_survey(text)
    assert all(str(one) in str(caught.value) for one in caught.value.problems[:50])
    return caught.value.problems


def only_problem(text: str) -> str:
    (problem,) = problems_of(text)
    return str(problem)


def with_question(*lines: str) -> str:
    """Return a file whose only question, from line 4, has these fields."""
    return "id: s\ntitle: T\nquestions:\n- " + "\n  ".join(lines) + "\n"


def with_choices(*entries: str) -> str:
    """Return a file with one question whose choices start in line 8."""
    return with_question("id: q", "kind: choice", "text: Which?", "choices:", *(f"- {one}" for one in entries))


KINDS = "nps, rating, csat, ces, choice, choices, image_choice, ranking, matrix, text, yes_no, number, date"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL.replace("id: pulse\n", ""), "Line 1, id: the id is missing."),
        (SMALL.replace("title: Pulse", "title:"), "Line 2, title: the title is missing."),
        (SMALL.replace("Pulse", "null"), "Line 2, title: the title is missing."),
        ("id: s\ntitle: T\n", "Line 1, questions: there are no questions."),
        ("id: s\ntitle: T\nquestions: []\n", "Line 3, questions: there are no questions."),
        ("id: s\ntitle: T\nquestions:\n", "Line 3, questions: there are no questions."),
        ("id: s\ntitle: T\nquestions: q\n", "Line 3, questions: this should be a list"),
        ("id: s\ntitle: T\nquestions: {a: b}\n", "Line 3, questions: this should be a list"),
        ("id: s\ntitle: T\nquestions:\n- Why?\n", "Line 4, questions[1]: there is a text here, where fields"),
        ("id: s\ntitle: T\nquestions:\n-\n", "Line 4, questions[1]: there is nothing here, where fields"),
        ("", "Line 1: there is nothing here"),
        ("# only\n", "Line 1: there is nothing here"),
        ("hello", "Line 1: there is a text here"),
        ("- a", "Line 1: there is a list here"),
        (SMALL.replace("id: pulse", "id: My Survey"), "Line 1, id: “My Survey” cannot be an id. Use 1–40 lowercase"),
        (SMALL.replace("id: pulse", "id: My Survey"), "such as “my-survey”."),
        (SMALL.replace("id: pulse", "id: 1st"), "Line 1, id: “1st” cannot be an id."),
        (SMALL.replace("id: pulse", f"id: {'a' * 41}"), "Line 1, id: “aaa"),
        (SMALL.replace("id: pulse", "id: größe"), "Line 1, id: “größe” cannot be an id."),
        (SMALL.replace("id: pulse", "id: [a]"), "Line 1, id: this should be a text, not a list."),
        (SMALL.replace("title:", "titel:"), "Line 2: “titel” is not a field here. Did you mean “title”?"),
        (
            SMALL + "colour: red\n",
            "Line 7: “colour” is not a field here. Use one of: id, title, intro, anonymous, threshold, arms, locales,",
        ),
        (SMALL + "version: 2\n", "Line 7: “version” is not a field here."),
        (SMALL + "id: again\n", "Line 7, id: this field was already given in line 1. Keep one of the two."),
        (SMALL + "<<: x\n", "Line 7: “<<” is not a field here."),
        (SMALL + "[a, b]: x\n", "Line 7: brackets cannot be the name of a field."),
        (SMALL.replace("Pulse", "x" * 121), "Line 2, title: this has 121 characters; up to 120 fit."),
        (SMALL + f"intro: {'x' * 2001}\n", "Line 7, intro: this has 2,001 characters; up to 2,000 fit."),
        (SMALL.replace("How likely?", "x" * 501), "Line 6, questions[1].text: this has 501 characters; up to 500 fit."),
        (SMALL + f"  help: {'x' * 501}\n", "Line 7, questions[1].help: this has 501 characters; up to 500 fit."),
        (SMALL.replace("  text: How likely?\n", ""), "Line 4, questions[1].text: the text is missing."),
        (SMALL.replace("How likely?", "''"), "Line 6, questions[1].text: the text is missing."),
        (SMALL.replace("How likely?", "{a: b}"), "Line 6, questions[1].text: this should be a text, not a group"),
        (SMALL.replace("  kind: nps\n", ""), "Line 4, questions[1].kind: the kind is missing."),
        (
            SMALL.replace("nps", "stars"),
            f"Line 5, questions[1].kind: “stars” is not a kind of question. Use one of: {KINDS}",
        ),
        (SMALL.replace("nps", "NPS"), f"“NPS” is not a kind of question. Did you mean “nps”? Use one of: {KINDS}."),
        (SMALL.replace("nps", "yesno"), "Did you mean “yes_no”?"),
        (SMALL.replace("nps", "choice"), "Line 4, questions[1].choices: the choices are missing."),
        (SMALL + "  choices: [a, b]\n", "Line 7, questions[1].choices: a question of kind nps has no choices."),
        (SMALL + "  choices:\n", "Line 7, questions[1].choices: a question of kind nps has no choices."),
        (SMALL + "  required: maybe\n", "Line 7, questions[1].required: write true or false here."),
        (SMALL + "  required:\n", "Line 7, questions[1].required: write true or false here."),
        (SMALL + "  required: [true]\n", "Line 7, questions[1].required: write true or false here."),
        (
            SMALL + "- {id: likely, kind: text, text: Why}\n",
            "Line 7, questions[2].id: “likely” is already the id in line 4",
        ),
        (with_choices("a"), "Line 7, questions[1].choices: there is only one choice."),
        (with_choices("a", "b", "A"), "Line 10, questions[1].choices: “A” is already the text of the choice in line 8"),
        (with_choices("a", ""), "Line 9, questions[1].choices[2]: this choice is empty."),
        (with_choices("a", "x" * 121), "Line 9, questions[1].choices[2]: this has 121 characters; up to 120 fit."),
        (with_choices("a", "[b]"), "Line 9, questions[1].choices[2]: this should be a text, not a list."),
        (with_choices("a", "Yes: of course"), "Line 9, questions[1].choices[2]: a choice is a text, or has"),
        (with_choices("a", "{id: B C, text: b}"), "Line 9, questions[1].choices[2].id: “B C” cannot be an id."),
        (with_choices("a", "{id: 'b,c', text: b}"), "questions[1].choices[2].id: “b,c” cannot be an id."),
        (with_choices("a", "{id: b}"), "Line 9, questions[1].choices[2].text: the text is missing."),
        (with_choices("a", "{id: b, texts: c}"), "choices[2]: “texts” is not a field here. Did you mean “text”?"),
        (
            with_choices("{id: x, text: a}", "{id: x, text: b}"),
            "Line 9, questions[1].choices: “x” is already the id of the choice in line 8.",
        ),
        (with_choices(*(f"c{n}" for n in range(21))), "Line 28, questions[1].choices: there are 21 choices; up to 20"),
        (
            '{"id": "s", "title": "T",\n "questions": [{"id": "q", "kind": "nps", "text": 5, "x": 1}]}',
            "Line 2, questions[1]: “x” is",
        ),
        (
            '{"id": "s", "title": "T", "id": "t",\n "questions": [{"id": "q", "kind": "nps", "text": "?"}]}',
            "already given in line 1",
        ),
    ],
)
def test_each_mistake_is_named_once_with_its_line_and_advice(text: str, said: str) -> None:
    assert said in only_problem(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: s\ntitle: a: b\n", "Line 2: there is one “:” too many."),
        ("id: s\ntitle: 'a\nquestions: b\n", "Line 2: the quotation mark that opens here is never closed."),
        ("id: s\ntitle: @you\n", "Line 2: a text that starts with a special character needs quotes"),
        ("id: s\n title: T\n", "Line 2: there is one “:” too many."),
        ("questions:\n  - a\n b: c\n", "Line 3: this line is indented differently"),
        ("id: s\ntitle\nquestions: []\n", "Line 3: "),
        ('{"id": "s"\n "title": "T"}', "Line 2: a comma or a closing bracket is missing"),
        ('title: "a\\qb"', "Line 1: a “\\” means something special inside double quotes."),
        ('title: "\\UFFFFFFFF"', "Line 1: this cannot be read."),
        ("title: [", "cannot be read"),
        ("%YAML 9.9\n---\nid: s", "cannot be read"),
        ("id: s\n\ttitle: T\n\tintro: I\n", "Line 2: the line is indented with a tab (and 1 more lines). Use spaces."),
        (SMALL + "---\n" + SMALL, "Line 7: a second document starts here."),
        ("```\n" + SMALL + "```\nThanks!", "Line 7: something follows the code block."),
        ("[" * 100_000, "Line 1: there are too many levels inside each other here."),
        ('{"a":' * 30_000, "too many levels"),
        ("- " * 60_000, "too many levels"),
        ("x" * 204_801, "Line 1: the file is too large: up to 200 KB can be read."),
        ("é" * 102_401, "too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained_without_jargon(text: str, said: str) -> None:
    found = only_problem(text)
    assert said in found
    assert not any(word in found for word in ("token", "scalar", "mapping", "node", "block end", "context"))


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("assumptions: x", "Line 7, assumptions: “assumptions” is not supported yet."),
        ("  assumptions: {a: b}", "Line 7, questions[1].assumptions: “assumptions” is not supp"),
        ("  arms: {a: b}", "Line 7, questions[1]: “arms” is not a field here."),
    ],
)
def test_fields_to_come_are_refused_rather_than_ignored(field: str, said: str) -> None:
    assert said in only_problem(f"{SMALL}{field}\n")


TWO_ARMS = "arms: [{id: a, text: A}, {id: b, text: B}]"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("anonymous: maybe", "Line 7, anonymous: write true or false here."),
        ("threshold: 5", "Line 7, threshold: a threshold belongs to an anonymous survey."),
        ("anonymous: true\nthreshold: 2", "Line 8, threshold: write a whole number of people from 3 to 1000 here"),
        ("anonymous: true\nthreshold: 1001", "Line 8, threshold: write a whole number"),
        ("anonymous: true\nthreshold: many", "found “many”"),
        ("anonymous: true\nthreshold: -5", "found “-5”"),
        ("arms: []", "Line 7, arms: a concept test compares at least two arms."),
        ("arms:\n- {id: a, text: A}", "Line 7, arms: a concept test compares at least two arms."),
        ("arms: A", "Line 7, arms: this should be a list"),
        (f"arms: [{', '.join(f'{{id: a{n}, text: A}}' for n in range(7))}]", "there are 7 arms; up to 6 fit"),
        (TWO_ARMS.replace("id: b", "id: a"), "“a” is already the id of the arm in line 7."),
        (TWO_ARMS.replace("id: b", "id: B/2"), "“B/2” cannot be an id."),
        (TWO_ARMS.replace("id: b, ", ""), "Line 7, arms[2].id: the id is missing."),
        (TWO_ARMS.replace(", text: B", ""), "Line 7, arms[2]: an arm shows a text, a picture, or both."),
        (TWO_ARMS.replace("text: B", "image: 'http://x.example/b.png', alt: B"), "the address of a picture"),
        (TWO_ARMS.replace("text: B", "image: 'https://x.example/b.png'"), "Line 7, arms[2].alt: the alt is missing."),
        (TWO_ARMS.replace("text: B", "text: B, alt: B"), "this says what a picture shows, and there is none."),
        (TWO_ARMS.replace("text: B", "text: B, weight: '2'"), "“weight” is not a field here."),
    ],
)
def test_a_false_promise_or_arm_is_refused(field: str, said: str) -> None:
    assert said in only_problem(f"{SMALL}{field}\n")


@pytest.mark.parametrize(
    ("value", "word"), [("&a T", "anchors"), ("!!python/object:os.system T", "tags"), ("!x T", "tags")]
)
def test_yaml_machinery_is_refused(value: str, word: str) -> None:
    assert f"Line 2: {word} (" in only_problem(SMALL.replace("Pulse", value))


def test_an_anchor_and_its_reference_are_two_problems() -> None:
    found = problems_of(SMALL.replace("Pulse", "&t T").replace("How likely?", "*t"))
    assert [(one.line, one.message.split()[0]) for one in found] == [(2, "anchors"), (6, "references")]


def test_too_many_questions_are_counted_where_the_first_is_too_many() -> None:
    entries = "".join(f"- {{id: q{n}, kind: nps, text: T}}\n" for n in range(31))
    found = only_problem(f"id: s\ntitle: T\nquestions:\n{entries}")
    assert found.startswith("Line 34, questions: there are 31 questions; up to 30 fit.")
    assert len(read_survey(f"id: s\ntitle: T\nquestions:\n{entries[: entries.rindex('- ')]}").questions) == 30


def test_ten_mistakes_give_ten_messages_in_the_order_of_their_lines() -> None:
    text = """\
id: Bad Id
titel: T
questions:
- id: a
  kind: stars
  text: One?
  required: maybe
- id: a
  kind: choice
  text: [x]
  choices:
  - Yes
  - Yes
- kind: nps
  text: &anchor Two?
  ask_if: {question: a}
intro: Hello
intro: Hello
"""
    found = problems_of(text)
    assert [one.line for one in found] == [1, 2, 5, 7, 8, 10, 13, 14, 15, 16, 18]
    assert len(set(map(str, found))) == 11


def test_a_message_lists_fifty_problems_and_counts_the_rest() -> None:
    with pytest.raises(SurveyFileRefused) as caught:
        read_survey("id: s\ntitle: T\nquestions:\n" + "- {id: a, kind: nps}\n" * 30)
    assert len(caught.value.problems) == 59
    assert str(caught.value).count("\n- Line") == 50
    assert str(caught.value).endswith("\n- … and 9 more.")


def test_lines_inside_a_code_block_count_from_its_content() -> None:
    assert only_problem(f"```yaml\n{SMALL.replace('nps', 'stars')}```").startswith("Line 5, ")


@pytest.mark.parametrize("text", ["Rate us #1", "Why #audio matters"])
def test_a_text_is_not_cut_at_a_hash_without_a_word(text: str) -> None:
    file = "id: s\ntitle: T\nquestions:\n  - id: q\n    kind: text\n    text: {}\n"
    with pytest.raises(SurveyFileRefused) as refused:
        read_survey(file.format(text))
    assert [(one.line, one.field) for one in refused.value.problems] == [(6, "questions[1].text")]
    assert "Put quotes" in refused.value.problems[0].message
    assert read_survey(file.format(f'"{text}"')).questions[0].text == text
    assert read_survey(file.format("Why?  # a remark of the author")).questions[0].text == "Why?"


def test_a_survey_whose_lines_the_chat_has_joined_says_so() -> None:
    lines = "id: s\ntitle: T\nquestions:\n  - id: q\n    kind: text\n    text: Why\n"
    with pytest.raises(SurveyFileRefused, match="arrived in one line"):
        read_survey(lines.replace("\n", " "))
    with pytest.raises(SurveyFileRefused, match="arrived in one line"):
        read_survey(f"```yaml {lines.replace(chr(10), ' ')}```")
    assert read_survey('{"id": "s", "title": "T", "questions": [{"id": "q", "kind": "text", "text": "Why"}]}').id == "s"
