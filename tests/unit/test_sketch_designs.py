"""What an author types about the whole survey: designs to compare, one to a line, and whether it is anonymous."""

import pytest
from msgspec.structs import replace

from cards.sketch_words import value_of
from cards.survey import survey_fits
from cards.trial import trial_card, tried_card
from feedback.surveys.arm_files import MAX_ARMS, MAX_TEXT
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Arm, ArmWords
from feedback.surveys.templates import find_template
from feedback.writing.sketch_edits import NotTaken
from feedback.writing.sketch_words import take
from feedback.writing.sketches import Sketch, Step, new_sketch
from simulator import card_text
from tests.unit.test_sketching import THREE, refused, talk

PICTURE = "Busy | https://pictures.example/busy.png | Eight tiles"


@pytest.fixture
def sketch() -> Sketch:
    return talk(*THREE)


def arms(sketch: Sketch) -> list[tuple[str, str, str]]:
    return [(one.id, one.text, one.image) for one in sketch.survey.arms]


def test_designs_are_typed_one_to_a_line_and_imported_again_as_they_are(sketch: Sketch) -> None:
    asked = talk("designs", sketch=sketch)
    assert asked.step is Step.DESIGNS
    found = talk(f"- Calm\n{PICTURE}", sketch=asked)
    assert found.step is Step.SURVEY
    assert arms(found) == [("a", "Calm", ""), ("b", "Busy", "https://pictures.example/busy.png")]
    assert read_survey(write_survey(found.survey)) == found.survey
    assert value_of(talk("designs", sketch=found)) == f"Calm\n{PICTURE}"


def test_designs_that_stay_keep_their_ids_and_others_get_free_ones(sketch: Sketch) -> None:
    found = talk("designs", "One\nTwo", "designs", "Two\nThree\nFour", sketch=sketch)
    assert arms(found) == [("b", "Two", ""), ("a", "Three", ""), ("c", "Four", "")]


def test_designs_can_be_left_out_again_or_left_alone(sketch: Sketch) -> None:
    found = talk("designs", "One\nTwo", sketch=sketch)
    assert arms(talk("designs", "back", sketch=found)) == arms(found)
    assert arms(talk("designs", "skip", sketch=found)) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Only one", "There is 1 design in this."),
        ("", "There are no designs in this."),
        ("\n".join(f"Design {n}" for n in range(MAX_ARMS + 1)), f"up to {MAX_ARMS} fit"),
        ("Same\nsame", "is there twice"),
        ("One\nTwo | https://pictures.example/two.png", "lacks something"),
        ("One\nTwo | ftp://pictures.example/two.png | Two", "no address of a picture"),
        (f"One\n{'x' * (MAX_TEXT + 1)}", "up to 1,000 fit"),
    ],
)
def test_what_is_no_list_of_designs_gets_a_sentence_and_changes_nothing(
    sketch: Sketch, words: str, sentence: str
) -> None:
    assert sentence in refused(talk("designs", sketch=sketch), words)


@pytest.mark.parametrize(
    "arm", [Arm("a", "Two\nlines"), Arm("a", "", "https://pictures.example/a.png", "A"), Arm("a", "A | B")]
)
def test_designs_with_more_to_them_are_left_to_the_file(sketch: Sketch, arm: Arm) -> None:
    from_file = replace(sketch, survey=replace(sketch.survey, arms=(arm, Arm("b", "B"))))
    assert "Change them in the file" in refused(from_file, "designs")


def test_a_design_that_stays_keeps_its_translations_and_a_reworded_one_loses_them(sketch: Sketch) -> None:
    both = (Arm("a", "Calm", locales=(ArmWords("de", "Ruhig"),)), Arm("b", "Busy", locales=(ArmWords("de", "Voll"),)))
    translated = talk("designs", sketch=replace(sketch, survey=replace(sketch.survey, arms=both)))
    kept = take(translated, "Busy\nCalm", fits=survey_fits)
    assert [one.locales[0].text for one in kept.sketch.survey.arms] == ["Voll", "Ruhig"]
    assert "dropped" not in kept.news
    lost = take(translated, "Calm\nBusy | https://pictures.example/busy.png | Tiles", fits=survey_fits)
    assert "What was translated of design b (Deutsch) had other words" in lost.news


def test_a_survey_is_made_anonymous_and_named_again(sketch: Sketch) -> None:
    usual = talk("anonymous", sketch=sketch)
    assert (usual.survey.is_anonymous, usual.survey.threshold) == (True, 5)
    seven = take(usual, "anonymous 7", fits=survey_fits)
    assert "fewer than 7 people" in seven.news
    assert talk("anonymous", sketch=seven.sketch).survey.threshold == 7, "said again, the threshold stays"
    assert read_survey(write_survey(seven.sketch.survey)) == seven.sketch.survey
    assert talk("not anonymous", sketch=seven.sketch).survey == sketch.survey


@pytest.mark.parametrize("words", ["anonymous 2", "anonymous 1001", "anonymous 0"])
def test_a_threshold_out_of_range_is_refused(sketch: Sketch, words: str) -> None:
    assert "from 3 to 1,000" in refused(sketch, words)


def test_what_is_said_of_a_sketch_without_questions_is_taken_too() -> None:
    begun = replace(new_sketch("t:me"), step=Step.SURVEY)
    assert talk("anonymous", sketch=begun).survey.is_anonymous
    with pytest.raises(NotTaken):
        take(talk("designs", sketch=begun), "One\nTwo | nowhere | Two", fits=survey_fits)


def test_the_test_shows_one_design_after_the_other() -> None:
    survey = find_template("concept-test")
    assert survey is not None
    first, last = trial_card(survey, 1, answers={}), tried_card(survey, 1, {}, "marks")
    assert first is not None
    assert "You see arm list, one of 2" in card_text(first)
    assert "Sample design, a list" in card_text(first)
    assert "Sample design, marks" not in card_text(first)
    (again,) = [one for one in last["actions"] if "arm" in str(one["title"])]  # type: ignore[attr-defined]
    assert (again["title"], again["data"]["arm"]) == ("Test with arm list", "list")
