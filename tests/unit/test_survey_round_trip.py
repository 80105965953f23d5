"""A survey as YAML, as JSON, as a card and as answers: going round changes nothing."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cards.inputs import entered
from cards.size import fits
from cards.survey import Position, survey_card
from feedback.language import LANGUAGES
from feedback.runs.runs import Run, RunState
from feedback.surveys.branching import asked_on, still_asked
from feedback.surveys.checking import check_answers, check_some
from feedback.surveys.questions import CHOOSING, SCALES, Answers, Choice, Kind, Question, QuestionWords
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import ArmWords, Survey, Words
from tests.unit.test_cards_survey import inputs
from tests.unit.test_survey_files import one_line, surveys


def answers_to(question: Question) -> st.SearchStrategy[object]:
    ids = [one.id for one in question.choices]
    if question.kind in SCALES:
        return st.integers(*SCALES[question.kind])
    if question.kind is Kind.MATRIX:
        return st.fixed_dictionaries({}, optional={row.id: st.sampled_from(ids) for row in question.rows})
    if question.kind is Kind.RANKING:
        return st.permutations(ids)
    if question.kind is Kind.CHOICES:
        return st.lists(st.sampled_from(ids), unique=True)
    if question.kind in CHOOSING:
        return st.sampled_from(ids)
    others: dict[Kind, st.SearchStrategy[object]] = {
        Kind.TEXT: st.text(max_size=60) | st.sampled_from(["**b**", "<b>", "🎉", "\u202eevil", "{{DATE(1)}}", "=1+1"]),
        Kind.YES_NO: st.booleans(),
        Kind.NUMBER: st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12).map(lambda one: round(one, 6) + 0.0),
        Kind.DATE: st.dates().map(str).filter(lambda day: "1900" <= day[:4] <= "2200"),
    }
    return others[question.kind]


@st.composite
def answered(draw: st.DrawFn) -> tuple[Survey, Answers]:
    survey = draw(surveys())
    drawn = {one.id: draw(answers_to(one)) for one in survey.questions if draw(st.booleans())}
    return survey, check_some(survey.questions, drawn)[0]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(answered(), st.booleans())
def test_survey_yaml_json_card_and_answers_go_round(one: tuple[Survey, Answers], as_json: bool) -> None:  # noqa: FBT001
    survey, answers = one
    read = read_survey(write_survey(read_survey(write_survey(survey, as_json=as_json)), as_json=not as_json))
    assert read == survey
    run = Run("s-1", read, "me", RunState.SENT, datetime(2026, 1, 1, tzinfo=UTC), "t:me")
    complete = still_asked(read, answers)
    sent: dict[str, object] = {}
    for page in range(len(read.paged)):
        card = survey_card(run, answers=complete, at=Position(page, 1, complete))
        assume(fits(card) and "'keep'" not in str(card))
        shown = {str(element["id"]): element["value"] for element in inputs(card).values() if "value" in element}
        given_back = entered(shown)
        assert set(given_back) <= {question.id for question in asked_on(read, page, complete)}
        sent |= given_back
    lacking = {question.id for question in read.questions if question.required} - set(complete)
    if not lacking and all(len(answer) == len(q.rows) for q, answer in _matrices(read, complete) if q.required):
        assert check_answers(read, sent) == complete
    else:
        assert check_some(read.questions, sent)[0] == complete


@st.composite
def translated_surveys(draw: st.DrawFn) -> Survey:
    """Draw a survey of which everything may be in up to two other languages; each text has all it needs there."""
    survey = draw(surveys())

    def words(said: str) -> str:
        return draw(one_line) if said else ""

    def others(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        several = draw(_several(len(choices)))
        return tuple(Choice(one.id, text, alt=words(one.alt)) for one, text in zip(choices, several, strict=True))

    def own(question: Question, tag: str) -> QuestionWords:
        said = draw(one_line), words(question.help), others(question.choices), others(question.rows)
        return QuestionWords(tag, *said)

    tags = sorted(draw(st.sets(st.sampled_from(list(LANGUAGES)), max_size=2)), key=list(LANGUAGES).index)
    questions = tuple(replace(one, locales=tuple(own(one, tag) for tag in tags)) for one in survey.questions)
    arms = tuple(
        replace(one, locales=tuple(ArmWords(tag, words(one.text), words(one.alt)) for tag in tags))
        for one in survey.arms
    )
    pages = tuple(
        replace(one, locales=tuple(Words(tag, words(one.title)) for tag in tags if one.title)) for one in survey.pages
    )
    titles = tuple(Words(tag, draw(one_line), words(survey.intro)) for tag in tags)
    return replace(survey, questions=questions, arms=arms, pages=pages, locales=titles)


def _several(number: int) -> st.SearchStrategy[list[str]]:
    return st.lists(one_line, min_size=number, max_size=number, unique_by=str.casefold)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(translated_surveys(), st.booleans())
def test_translations_of_everything_go_round(survey: Survey, as_json: bool) -> None:  # noqa: FBT001 — drawn
    read = read_survey(write_survey(read_survey(write_survey(survey, as_json=as_json)), as_json=not as_json))
    assert read == survey


def _matrices(survey: Survey, answers: Answers) -> list[tuple[Question, dict[str, str]]]:
    found = [(one, answers.get(one.id)) for one in survey.questions if one.kind is Kind.MATRIX]
    return [(one, answer) for one, answer in found if isinstance(answer, dict)]
