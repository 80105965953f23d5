"""Advice on surveys: bad examples get the advice meant for them with a reason, good ones get none."""

import pytest

from feedback.surveys.questions import Choice, Kind, Question
from feedback.surveys.sample import SAMPLE
from feedback.surveys.survey_advice import RULES, Advice, advice_on
from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import Page, Survey


def rules_for(text: str, kind: Kind = Kind.NPS, *, choices: tuple[str, ...] = (), required: bool = False) -> list[str]:
    some = tuple(Choice(f"c{number}", one) for number, one in enumerate(choices))
    survey = Survey("s", "T", (Question("q", kind, text, required=required, choices=some),))
    return [one.rule for one in advice_on(survey)]


BAD: list[tuple[str, str, Kind]] = [
    ("leading", "Don't you think that the new search is better?", Kind.YES_NO),
    ("leading", "How amazing was the help you got from us?", Kind.RATING),
    ("leading", "How likely are you to recommend our award-winning product?", Kind.NPS),
    ("leading", "Do you agree that the search is what you need?", Kind.YES_NO),
    ("leading", "Most customers love the new editor. Do you?", Kind.YES_NO),
    ("double-barrelled", "How easy and fast was the setup for you?", Kind.CES),
    ("double-barrelled", "How satisfied are you with the price and the support of it?", Kind.CSAT),
    ("double-barrelled", "How fast and easy is each of these?", Kind.MATRIX),
    ("double-barrelled", "Do you use the phone and/or the laptop?", Kind.YES_NO),
    ("double-barrelled", "Do you use it? Would you pay for it?", Kind.YES_NO),
    ("jargon", "How well does it fit your use case?", Kind.RATING),
    ("jargon", "How happy are you with the ROI of it?", Kind.CSAT),
    ("jargon", "What do you leverage it for?", Kind.TEXT),
    ("negative", "Is it not unclear where to find your files?", Kind.YES_NO),
    ("absolute", "Do you always save your work in the cloud?", Kind.YES_NO),
    ("long recall", "How often did you call us in the past year?", Kind.NUMBER),
    ("long question", "How " + "very " * 30 + "likely are you to do that?", Kind.NPS),
]
GOOD: list[tuple[str, Kind]] = [
    ("How likely are you to recommend our product to a colleague?", Kind.NPS),
    ("How satisfied are you overall?", Kind.CSAT),
    ("It was easy for me to get done what I came for.", Kind.CES),
    ("What is the one thing you would change, and what would that let you do?", Kind.NUMBER),
    ("Where do you search?", Kind.CHOICE),
    ("How did you do it the last time?", Kind.TEXT),
    ("The last time you used it, did you get done what you came for?", Kind.YES_NO),
    ("How often did you use it in the past month?", Kind.NUMBER),
    ("In which country do you and your team work?", Kind.TEXT),
]


@pytest.mark.parametrize(("rule", "text", "kind"), BAD)
def test_a_bad_question_gets_the_advice_meant_for_it(rule: str, text: str, kind: Kind) -> None:
    assert rules_for(text, kind) == [rule]


@pytest.mark.parametrize(("text", "kind"), GOOD)
def test_a_good_question_gets_none(text: str, kind: Kind) -> None:
    assert rules_for(text, kind) == []


@pytest.mark.parametrize(
    ("choices", "is_minded"),
    [
        (("Excellent", "Very good", "Good", "Poor"), True),
        (("Very satisfied", "Satisfied", "Neither", "Dissatisfied", "Very dissatisfied"), False),
        (("Very good", "Good", "Bad", "Very bad"), False),
        (("Phone", "Laptop", "Tablet"), False),
        (("Good", "Phone", "Tablet", "Laptop"), False),
    ],
)
def test_a_scale_has_as_much_room_on_both_sides(choices: tuple[str, ...], *, is_minded: bool) -> None:
    assert (rules_for("How was it for you?", Kind.CHOICE, choices=choices) == ["unbalanced scale"]) is is_minded


def test_a_text_should_not_be_required() -> None:
    assert rules_for("What would you change?", Kind.TEXT, required=True) == ["required text"]
    assert rules_for("What would you change?", Kind.TEXT) == []


def test_length_is_looked_at_as_a_whole() -> None:
    questions = tuple(Question(f"q{n}", Kind.TEXT, "What would you change?") for n in range(13))
    found = advice_on(Survey("s", "T", questions, pages=(Page(6), Page(7))))
    assert [(one.question, one.rule) for one in found] == [
        ("", "too many questions"),
        ("", "full page"),
        ("", "many texts"),
    ]
    assert advice_on(Survey("s", "T", questions[:3])) == []


@pytest.mark.parametrize(
    "text",
    [
        "Wie einfach und schnell war die Einrichtung, und warum?",
        "¿Qué tan fácil y rápido fue?",
        "どのくらい簡単で速かったですか?",
        "UI KPI SLA",
        "12?",
    ],
)
def test_other_languages_are_left_alone(text: str) -> None:
    assert rules_for(text, Kind.TEXT, required=True) == []


def test_every_piece_of_advice_says_what_and_why_and_has_a_source() -> None:
    for rule in RULES:
        assert rule.source.startswith("[")
        assert rule.why.endswith(".")
        assert rule.what.endswith(".")
    (found,) = advice_on(Survey("s", "T", (Question("q", Kind.YES_NO, "Do you always save it?"),)))
    assert found == Advice(
        "q", "absolute", "“always” leaves only one honest answer. Hardly anything is always or never so: ask how often."
    )


def test_the_sample_survey_takes_its_own_advice() -> None:
    assert [one.rule for one in advice_on(read_survey(SAMPLE.read_text(encoding="utf-8")))] == []
