"""A survey's texts in other languages: read, refused, written, and put in place of the first ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.survey import preview_card, survey_fits
from feedback.errors import AnswersRefused, SurveyFileRefused
from feedback.language import LANGUAGES, speaking
from feedback.surveys.checking import check_answers
from feedback.surveys.questions import Choice, Kind, Question, QuestionWords
from feedback.surveys.survey_advice import advice_on
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Survey, Words
from feedback.surveys.translations import languages_of, survey_in
from tests.browser.surveys import IN_LANGUAGES

PICTURES = """\
id: pictures
title: Pictures
questions:
- id: which
  kind: image_choice
  text: Which?
  choices:
  - {id: a, text: Light, image: "https://pictures.example/a.png", alt: A bright page}
  - {id: b, text: Dark, image: "https://pictures.example/b.png", alt: A dark page}
  locales:
    de:
      text: Welches?
      choices: {a: {text: Hell, alt: Eine helle Seite}, b: {text: Dunkel, alt: Eine dunkle Seite}}
"""
ARMS = """\
id: two-designs
title: Two designs (sample)
locales: {de: {title: Zwei Entwürfe (Beispiel)}}
arms:
- id: calm
  text: It opens with what you did last.
  locales: {de: {text: Sie beginnt mit dem Letzten.}}
- id: busy
  image: https://pictures.example/busy.png
  alt: Eight tiles
  locales: {de: {alt: Acht Kacheln}}
questions:
- {id: q, kind: rating, text: "How useful?", locales: {de: {text: "Wie nützlich?"}}}
"""
ONE = """\
id: one
title: One
questions:
- id: where
  kind: choice
  text: Where?
  choices: [In a chat, In files]
  locales:
    de:
"""


def problems(text: str) -> list[str]:
    with pytest.raises(SurveyFileRefused) as refused:
        read_survey(text)
    return [str(one) for one in refused.value.problems]


@pytest.mark.parametrize("text", [IN_LANGUAGES, PICTURES, ARMS])
@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_exported_is_read_as_the_same_survey(text: str, as_json: bool) -> None:  # noqa: FBT001
    survey = read_survey(text)
    assert read_survey(write_survey(survey, as_json=as_json)) == survey


def test_choices_are_given_in_order_or_by_id() -> None:
    listed = read_survey(f"{ONE}      text: Wo?\n      choices: [Im Chat, In Dateien]\n")
    named = read_survey(f"{ONE}      text: Wo?\n      choices: {{in-files: In Dateien, in-a-chat: Im Chat}}\n")
    assert listed == named


def test_a_survey_is_shown_in_the_language_asked_for_and_keeps_its_ids() -> None:
    survey = read_survey(IN_LANGUAGES)
    german = survey_in(survey, "de")
    assert (german.title, german.page_title(1)) == ("Fünf Seiten (Beispiel)", "Was schiefging")
    assert [one.text for one in german.questions[2].choices] == ["Telefon", "Laptop", "Tablet"]
    assert [one.id for one in german.questions[2].choices] == ["phone", "laptop", "tablet"]
    assert [one.ask_if for one in german.questions] == [one.ask_if for one in survey.questions]
    assert survey_in(survey, "fr") is survey
    assert languages_of(survey) == {"de", "ja", "ar"}


def test_pictures_keep_their_address_and_get_other_words() -> None:
    found = survey_in(read_survey(PICTURES), "de").questions[0].choices[0]
    assert found == Choice("a", "Hell", "https://pictures.example/a.png", "Eine helle Seite")


def test_an_answer_in_one_language_is_the_same_in_every_other() -> None:
    survey = read_survey(f"{ONE}      text: Wo?\n      choices: [Im Chat, In Dateien]\n")
    assert check_answers(survey_in(survey, "de"), {"where": "in-files"}) == {"where": "in-files"}
    with speaking("de"), pytest.raises(AnswersRefused, match="bitte wählen Sie aus den gezeigten"):
        check_answers(survey_in(survey, "de"), {"where": "Im Chat"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("      text: Wo?", "Line 10, questions[1].locales.de.choices: the choices are missing."),
        ("      choices: [A, B]", "Line 10, questions[1].locales.de.text: the text is missing."),
        ("      text: Wo?\n      choices: [A]", "there are 1 choices here and 2 in the question. Give all."),
        ("      text: Wo?\n      choices: {in-files: A}", "the text of the choice “in-a-chat” is missing."),
        ("      text: Wo?\n      choices: {in-a-chat: A, in-files: B, x: C}", "“x” is not a choice here."),
        ("      text: Wo?\n      choices: [A, a]", "stands for both in-a-chat and in-files"),
        ("      text: Wo?\n      choices: [A, '']", "this text is empty"),
        ("      text: Wo?\n      choices: [A, [B]]", "this should be a text, not a list"),
        ("      text: Wo?\n      choices: [A, B]\n      help: H", "there is no help to translate"),
        ("      text: Wo?\n      choices: [A, B]\n      rows: [R]", "there are no rows to translate"),
        ("      text: Wo?\n      choices: [A, B]\n      kind: nps", "“kind” is not a field here."),
        (f"      text: {'x' * 501}\n      choices: [A, B]", "this has 501 characters; up to 500 fit."),
        (f"      text: Wo?\n      choices: [A, {'x' * 121}]", "this has 121 characters; up to 120 fit."),
    ],
)
def test_a_translation_that_is_not_whole_is_refused_with_its_line(fields: str, said: str) -> None:
    found = problems(f"{ONE}{fields}\n")
    assert any(said in one for one in found), found


def test_each_arm_is_shown_in_the_language_asked_for_with_the_picture_that_it_has() -> None:
    survey = read_survey(ARMS)
    said = {arm.id: str(preview_card(survey_in(survey, "de"), arm=arm.id)) for arm in survey.arms}
    assert "Sie beginnt mit dem Letzten." in said["calm"]
    assert all(words in said["busy"] for words in ("Acht Kacheln", "https://pictures.example/busy.png"))
    assert not any(words in str(said) for words in ("It opens", "Eight tiles"))
    assert survey_in(survey, "fr") == survey


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (
            "{de: {text: Sie beginnt mit dem Letzten.}}",
            "{de: {alt: Bild}}",
            "arms[1].locales.de.text: the text is",
        ),
        ("{de: {text: Sie", "{de: {alt: Bild, text: Sie", "arms[1].locales.de.alt: there is no alt to translate."),
        ("{de: {alt: Acht Kacheln}}", "{de: {text: Acht}}", "arms[2].locales.de.alt: the alt is missing."),
        ("{de: {alt: Acht Kacheln}}", "{de: {alt: Acht, image: x}}", "“image” is not a field here."),
        ("{de: {alt: Acht Kacheln}}", "{nl: {alt: Acht}}", "arms[2].locales: “nl” is not a language here."),
        ("Sie beginnt mit dem Letzten.", "x" * 1001, "this has 1,001 characters; up to 1,000 fit."),
    ],
)
def test_an_arms_translation_that_is_not_whole_is_refused(was: str, becomes: str, said: str) -> None:
    found = problems(ARMS.replace(was, becomes))
    assert any(said in one for one in found), found


def test_an_arm_that_is_not_translated_is_advised_about() -> None:
    text = ARMS.replace("  locales: {de: {alt: Acht Kacheln}}\n", "")
    assert [one.sentence.partition(".")[0] for one in advice_on(read_survey(text))] == ["Arm busy is not in de"]
    assert advice_on(read_survey(ARMS)) == []


@pytest.mark.parametrize(
    ("locales", "said"),
    [
        ("{nl: {title: Een}}", "Line 3, locales: “nl” is not a language here."),
        ("{de: {intro: Hallo}}", "the title is missing"),
        ("{de: {title: Eins, intro: Hallo}}", "there is no intro to translate"),
        ("{de: {title: Eins, text: x}}", "“text” is not a field here"),
        ("[de]", "there is a list here, where fields are needed"),
        ("x", "there is a text here, where fields are needed"),
        ("{de: Eins}", "there is a text here, where fields are needed: title, intro."),
    ],
)
def test_a_surveys_own_translation_is_checked_too(locales: str, said: str) -> None:
    text = ONE[: ONE.index("  locales")].replace("title: One\n", f"title: One\nlocales: {locales}\n")
    found = problems(text)
    assert any(said in one for one in found), found


def test_a_page_without_a_title_has_none_to_translate() -> None:
    text = IN_LANGUAGES.replace("pages:\n- questions:", "pages:\n- locales: {de: {title: X}}\n  questions:", 1)
    assert problems(text) == [
        "Line 9, pages[1].locales: this page has no title to translate. Leave “locales” out, or give it a title."
    ]


def test_what_is_not_translated_is_advised_about_in_a_survey_of_any_language() -> None:
    assert [one for one in advice_on(read_survey(IN_LANGUAGES)) if one.rule == "not translated"] == []
    german = 'id: s\ntitle: S\nquestions:\n- {id: a, kind: text, text: "Was?", locales: {en: {text: "What?"}}}\n'
    found = advice_on(read_survey(f"{german}- {{id: b, kind: text, text: 'Wo?'}}\n"))
    assert [(one.question, one.rule) for one in found] == [("", "not translated"), ("b", "not translated")]
    assert found[1].sentence.startswith("It is not in en.")


def test_a_survey_has_to_fit_in_its_own_languages_too() -> None:
    long = Question("q", Kind.TEXT, "Short?", locales=(QuestionWords("hi", "क" * 500, ""),))
    whole = Survey("s", "S", tuple(Question(f"q{n}", Kind.TEXT, "Short?", locales=long.locales) for n in range(20)))
    assert survey_fits(Survey("s", "S", tuple(Question(f"q{n}", Kind.TEXT, "Short?") for n in range(20))))
    assert not survey_fits(whole)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_shown_in_every_language(language: str) -> None:
    with speaking(language):
        survey = survey_in(read_survey(IN_LANGUAGES), language)
        assert all(preview_card(survey, page)["body"] for page in range(len(survey.paged)))


_texts = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40)


@given(title=_texts, first=_texts, second=_texts, asked=_texts)
def test_translations_survive_a_round_trip_whatever_they_say(title: str, first: str, second: str, asked: str) -> None:
    own = QuestionWords("ja", asked, choices=(Choice("a", f"1{first}"), Choice("b", f"2{second}")))
    question = Question("q", Kind.CHOICE, "Q?", choices=(Choice("a", "A"), Choice("b", "B")), locales=(own,))
    survey = Survey("s", "S", (question,), locales=(Words("ja", title),))
    assert read_survey(write_survey(survey)) == survey
    assert read_survey(json.dumps(json.loads(write_survey(survey, as_json=True)))) == survey
