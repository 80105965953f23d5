"""Translations while a survey is written: what leaves a text alone leaves them, what rewords it drops them."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from feedback.language import LANGUAGES
from feedback.surveys.questions import Choice, Question
from feedback.surveys.survey_advice import advice_on
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Survey
from feedback.surveys.translations import languages_of, survey_in
from feedback.writing.sketch_words import take
from feedback.writing.sketches import Sketch, Step
from feedback.writing.sketching import Taken

TONGUES = """\
id: tongues
title: Search
intro: A minute of yours.
locales:
  de: {title: Suche, intro: Eine Minute.}
  fr: {title: Recherche, intro: Une minute.}
pages:
- title: Today
  locales: {de: {title: Heute}}
  questions:
  - id: where
    kind: choices
    text: Where?
    help: Choose any.
    choices: [Chat, Files, Mail]
    locales:
      de: {text: "Wo?", help: Beliebig viele., choices: [Im Chat, In Dateien, In Mails]}
      fr: {text: "Où ?", help: Au choix., choices: [Le chat, Les fichiers, Les mails]}
  - {id: likely, kind: nps, text: "How likely?", locales: {de: {text: "Wie wahrscheinlich?"}}}
- title: Details
  locales: {de: {title: Einzelheiten}}
  questions:
  - id: parts
    kind: matrix
    text: And its parts?
    rows: [Speed, Words]
    choices: [Bad, Good]
    locales: {de: {text: "Und im Einzelnen?", rows: [Tempo, Texte], choices: [Schlecht, Gut]}}
  - id: look
    kind: image_choice
    text: Which?
    choices:
    - {text: A, image: "https://pictures.example/a.png", alt: An A}
    - {text: B, image: "https://pictures.example/b.png", alt: A B}
    locales: {de: {text: "Welches?", choices: [{text: Das A, alt: Ein A}, {text: Das B, alt: Ein B}]}}
"""
SURVEY = read_survey(TONGUES)


def opened() -> Sketch:
    return Sketch(id="t:me", survey=SURVEY, step=Step.SURVEY, over=1, is_named=True)


def talk(*words: str) -> Taken:
    taken = Taken(opened())
    for one in words:
        taken = take(taken.sketch, one, fits=lambda _survey: True)
    return taken


def in_german(survey: Survey) -> Survey:
    return survey_in(survey, "de")


def left(questions: Sequence[Question]) -> dict[str, set[str]]:
    return {one.id: {own.language for own in one.locales} for one in questions}


ALL = left(SURVEY.questions)


@pytest.mark.parametrize(
    "words",
    [
        ["required 1"],
        ["move 1 to 4"],
        ["down 2"],
        ["delete 2"],
        ["new page 2"],
        ["same page 3"],
        ["only 3 if 2 at most 6"],
        ["only 3 if 1 includes chat", "always 3"],
        ["only 2 if 1 includes Chat"],
        ["add text", "Why?"],
        ["name", "other", "done"],
        ["kind 1", "choice"],
        ["choices 1", "Mail\nChat\nFiles"],
        ["text 1", "Where?"],
        ["title", "Search"],
        ["intro", "A minute of yours."],
        ["page title 3", "Details"],
        ["text 1", "back"],
    ],
)
def test_what_rewords_nothing_leaves_every_translation(words: list[str]) -> None:
    taken = talk(*words)
    survey = taken.sketch.survey
    assert "dropped" not in taken.news
    assert {one: ALL[one] for one in left(survey.questions) if one in ALL} == {
        name: own for name, own in left(survey.questions).items() if name in ALL
    }
    assert survey.locales == SURVEY.locales
    assert in_german(survey).page_title(0) == "Heute"
    assert read_survey(write_survey(survey)) == survey


@pytest.mark.parametrize(
    ("words", "lost", "what", "languages"),
    [
        (["text 1", "Where, mostly?"], "where", "question 1", "Deutsch, Français"),
        (["help 1", "As many as you like."], "where", "question 1", "Deutsch, Français"),
        (["help 2", "0 is not at all."], "likely", "question 2", "Deutsch"),
        (["choices 1", "Chat\nFiles\nPost"], "where", "question 1", "Deutsch, Français"),
        (["choices 1", "Chat\nFiles\nMail\nElsewhere"], "where", "question 1", "Deutsch, Français"),
        (["choices 1", "chat!\nFiles\nMail"], "where", "question 1", "Deutsch, Français"),
        (["rows 3", "Speed\nLook"], "parts", "question 3", "Deutsch"),
        (
            ["choices 4", "A | https://pictures.example/a.png | An A\nB | https://pictures.example/b.png | Another B"],
            "look",
            "question 4",
            "Deutsch",
        ),
        (["kind 2", "choice", "One\nTwo"], "likely", "question 2", "Deutsch"),
    ],
)
def test_a_reworded_question_drops_its_own_translations_and_says_so(
    words: list[str], lost: str, what: str, languages: str
) -> None:
    taken = talk(*words)
    survey = taken.sketch.survey
    assert left(survey.questions) == {**ALL, lost: set()}
    assert taken.news.count("dropped") == 1
    assert f"translated of {what} ({languages})" in taken.news
    assert (survey.locales, [one.locales for one in survey.pages]) == (
        SURVEY.locales,
        [one.locales for one in SURVEY.pages],
    )
    assert read_survey(write_survey(survey)) == survey
    assert lost in {one.question for one in advice_on(survey) if one.rule == "not translated"}


def test_a_title_drops_the_translations_of_title_and_introduction_alone() -> None:
    for words in (["title", "Finding"], ["intro", "Two minutes."]):
        taken = talk(*words)
        assert taken.sketch.survey.locales == ()
        assert "translated of the title and the introduction (Deutsch, Français)" in taken.news
        assert left(taken.sketch.survey.questions) == ALL
        assert in_german(taken.sketch.survey).page_title(1) == "Einzelheiten"


def test_a_page_s_title_drops_its_own_translations_alone() -> None:
    taken = talk("page title 3", "More")
    assert [one.title for one in in_german(taken.sketch.survey).pages] == ["Heute", "More"]
    assert "translated of the title of page 2 (Deutsch)" in taken.news
    assert taken.sketch.survey.locales == SURVEY.locales


@pytest.mark.parametrize(
    ("words", "text", "helps", "choices"),
    [
        (["help 1", "skip"], "Wo?", "", ["Im Chat", "In Dateien", "In Mails"]),
        (["choices 1", "Mail\nChat"], "Wo?", "Beliebig viele.", ["In Mails", "Im Chat"]),
        (["kind 1", "text"], "Wo?", "Beliebig viele.", []),
    ],
)
def test_what_is_taken_out_is_taken_out_of_the_translations(
    words: list[str], text: str, helps: str, choices: list[str]
) -> None:
    taken = talk(*words)
    one = in_german(taken.sketch.survey).questions[0]
    assert (one.text, one.help, [choice.text for choice in one.choices]) == (text, helps, choices)
    assert "dropped" not in taken.news
    assert read_survey(write_survey(taken.sketch.survey)) == taken.sketch.survey


def test_without_an_introduction_the_title_stays_translated() -> None:
    survey = talk("intro", "skip").sketch.survey
    assert (in_german(survey).title, in_german(survey).intro) == ("Suche", "")
    assert read_survey(write_survey(survey)) == survey


def test_pictures_that_become_words_keep_their_translations() -> None:
    survey = talk("kind 4", "choice").sketch.survey
    assert in_german(survey).questions[3].choices == (Choice("a", "Das A"), Choice("b", "Das B"))
    assert read_survey(write_survey(survey)) == survey


def test_a_question_with_a_new_id_still_says_what_it_lost() -> None:
    sketch = replace(opened(), over=0)
    taken = take(take(sketch, "text 2", fits=lambda _: True).sketch, "Would you?", fits=lambda _: True)
    assert taken.sketch.survey.questions[1].id == "would-you"
    assert "translated of question 2 (Deutsch)" in taken.news


def test_the_sentence_names_every_language() -> None:
    tags = [tag for tag in LANGUAGES if tag != "en"]
    words = ", ".join(f"{tag}: {{title: T {tag}}}" for tag in tags)
    survey = read_survey(f"id: t\ntitle: T\nlocales: {{{words}}}\nquestions: [{{id: a, kind: text, text: A}}]\n")
    assert languages_of(survey) == set(tags)
    sketch = replace(opened(), survey=survey, step=Step.TITLE)
    news = take(sketch, "Other", fits=lambda _: True).news
    assert all(LANGUAGES[tag] in news for tag in tags)
