"""The surveys to start from: each can be imported, needs no advice, fits on cards, and says that it is a sample."""

import pytest

from cards.survey import survey_fits
from feedback.surveys.survey_advice import advice_on
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Survey
from feedback.surveys.templates import FOLDER, MARK, NAMES, find_template, templates, unmarked
from feedback.writing.sketch_designs import can_be_typed

ALL = pytest.mark.parametrize("template", templates(), ids=lambda one: one.id)


@ALL
def test_a_template_can_be_imported_and_exported(template: Survey) -> None:
    assert read_survey(write_survey(template)) == template


@ALL
def test_a_template_gets_no_advice(template: Survey) -> None:
    assert advice_on(template) == []


@ALL
def test_a_template_gets_advice_once_it_has_a_fault(template: Survey) -> None:
    """Otherwise, no advice could mean that nobody looked: surveys in other languages get none."""
    first = template.questions[0]
    faulty = type(first)("faulty", first.kind, "Don't you agree that our amazing product is easy to use?")
    assert advice_on(type(template)(template.id, template.title, (*template.questions, faulty)))


@ALL
def test_a_template_fits_on_cards(template: Survey) -> None:
    assert survey_fits(template)


@ALL
def test_a_template_says_that_it_is_a_sample_until_it_is_somebodys_own(template: Survey) -> None:
    assert template.title.endswith(MARK)
    assert MARK not in unmarked(template).title
    assert (FOLDER / f"{template.id}.yaml").read_text(encoding="utf-8").startswith("# A sample survey")


def test_the_concept_test_compares_designs_that_are_samples() -> None:
    template = find_template("concept-test")
    assert template is not None
    assert len(template.arms) >= 2
    assert all(one.text.startswith("Sample design") for one in template.arms)
    assert can_be_typed(template.arms), "so that its author can put others in their place"


def test_every_file_is_listed() -> None:
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert [one.id for one in templates()] == list(NAMES)


@pytest.mark.parametrize(("name", "found"), [("1", "nps"), ("ces", "ces"), ("8", "engineer-check-in")])
def test_a_template_is_found_by_name_or_number(name: str, found: str) -> None:
    template = find_template(name)
    assert template is not None
    assert template.id == found


@pytest.mark.parametrize("name", ["0", "9", "", "../pulse"])
def test_what_is_no_template_is_not_found(name: str) -> None:
    assert find_template(name) is None
