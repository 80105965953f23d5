"""Every card there is, with ordinary, hostile and overlong words of people, against what holds for all cards.

The official schema knows nothing of what Teams adds. Before a card is held against it, an element of Teams' own is
replaced by its fallback, as a client without it would do; one that has no fallback fails.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import cast

import jsonschema
import pydantic
import pytest
from microsoft_teams.cards import core as teams
from msgspec.structs import replace

from cards.audit import audit_card
from cards.controls import CONTROLS, question_card
from cards.dashboard import dashboard_card
from cards.elements import Card, Color
from cards.errors import not_saved_card, refusal_card, went_wrong_card
from cards.help import help_card, welcome_card
from cards.notes import feedback_card, note_card, notes_card
from cards.panels import asked_for, dry_run_card, panel_card, panel_list_card, proposed_card
from cards.pauses import DAYS_INPUT, declined_card, later_card, snoozed_card, typing_card
from cards.people_list import link_card, list_card, states_card
from cards.person import my_data_card
from cards.results import results_card
from cards.results_segments import attributes_card, segments_card
from cards.roles import role_card, roles_card, which_card
from cards.schedules import planned_card, schedules_card
from cards.size import MAX_CARD_BYTES, card_size
from cards.status import runs_card, status_card
from cards.survey import Position, preview_card, survey_card
from cards.surveys import advice_card, file_problems_card, imported_card, left_out_card, survey_list_card
from cards.thanks import closed_card, moved_card, thanks_card, withdrawn_card
from cards.wishes import ANSWERS_INPUT, come_card, kept_card, wish_card
from feedback.audit import Record
from feedback.errors import AudienceFileRefused, AudienceUnknown, FileProblem
from feedback.notes import Note, NoteKind
from feedback.people.panels import Panel, PanelImport
from feedback.people.people import Person, Policy, Role, RoleChange
from feedback.people.roles import Changed
from feedback.results.figures import Figure, Interval
from feedback.results.results import QuestionResult, Results
from feedback.results.segments import Segment, Segments
from feedback.runs.dry_run import DryRun
from feedback.runs.listed import Listed, ListPage
from feedback.runs.progress import Progress
from feedback.runs.recurrence import Recurrence
from feedback.runs.runs import Delivery, DeliveryState, Draft, Run, RunState
from feedback.runs.schedules import Occurrence, OccurrenceState, Schedule, upcoming
from feedback.runs.timing import Reminders, Timing
from feedback.standing import SetAside, Standing
from feedback.surveys.questions import CHOOSING, Answers, Choice, Kind, Question
from feedback.surveys.survey_advice import Advice
from feedback.surveys.surveys import Imported, Page, Survey
from feedback.wishes import Wish

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CHARTS: dict[str, type[pydantic.BaseModel]] = {  # as Microsoft's library for Teams defines them
    "Chart.Gauge": teams.GaugeChart,
    "Chart.HorizontalBar": teams.HorizontalBarChart,
    "Chart.HorizontalBar.Stacked": teams.StackedHorizontalBarChart,
    "Chart.VerticalBar": teams.VerticalBarChart,
}
TEAMS_ELEMENTS = {"Input.Rating", *CHARTS}

ORDINARY = "Exporting to Excel is slow"
HOSTILE = (
    "**bold** _thin_ `code` ~~gone~~ [click](https://evil.example) ![i](https://evil.example) <at>Ada</at> &copy;"
    '{{DATE(2020-01-01T00:00:00Z)}} \u202eback {name} ${title} %s \\ "quoted" <b>b</b> [ref]: https://evil.example'
    "\n# head\n- item\n1. one\n> said\n\x00\x1b\ud800"
)
OVERLONG = '😀"\\*{{' * 700
WORDS = {"ordinary": ORDINARY, "hostile": HOSTILE, "overlong": OVERLONG}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of commands, as help reads it."""

    usage: str
    about: str
    role: Role


def survey_of(words: str = ORDINARY, *, required: bool = True) -> Survey:
    """Return a survey with a question of every kind."""
    text = words[:140]
    title = text[:120] or "Excel"
    choices = (Choice("excel", title), Choice("pdf", "PDF"))
    pictures = tuple(Choice(one.id, one.text, "https://example.com/one.png", alt=title) for one in choices)
    questions = tuple(
        Question(
            id=kind.value,
            kind=kind,
            text=text,
            help=text,
            required=required,
            choices=pictures if kind is Kind.IMAGE_CHOICE else choices if kind in CHOOSING else (),
            rows=choices if kind is Kind.MATRIX else (),
        )
        for kind in Kind
    )
    return Survey(id="exports", title=text, intro=text, questions=questions)


def run_of(survey: Survey, state: RunState = RunState.SENT, *, audience: str = "customers") -> Run:
    return Run("exports-1", survey, audience, state, NOW, "tenant:object", people=40)


def answers_of(words: str = ORDINARY) -> Answers:
    closed: Answers = {"nps": 9, "rating": 4, "csat": 2, "ces": 6, "choice": "excel", "choices": ["excel", "pdf"]}
    closed |= {"image_choice": "pdf", "ranking": ["pdf", "excel"], "matrix": {"excel": "pdf", "pdf": "excel"}}
    return closed | {"text": words[:4000], "yes_no": False, "number": 2.5, "date": "2026-03-01"}


def delivery_of(words: str = ORDINARY, *, revision: int = 1) -> Delivery:
    answers = answers_of(words)
    return Delivery("exports-1", "t:o", DeliveryState.ANSWERED, 0, answered_at=NOW, answers=answers, revision=revision)


def note_of(words: str = ORDINARY, number: int = 1) -> Note:
    marks = tuple(words[:100] for _ in range(20))
    return Note(f"n{number}", NoteKind.NOTE, "t:o", words, NOW, words, marks, marks, words)


def standing_of(words: str = ORDINARY) -> Standing:
    aside = tuple(SetAside(number, words) for number in range(30))
    return Standing(progress_of(words), per_second=48.5, finishes_at=NOW, aside=aside)


def outage_of(words: str = ORDINARY) -> Standing:
    run = replace(run_of(survey_of(words), RunState.HELD), outage=words, outage_at=NOW, probe_at=NOW)
    return Standing(Progress(run, {DeliveryState.PLANNED: 300}, {}))


def listed_page(words: str = ORDINARY) -> ListPage:
    row = Listed("t:o", words, DeliveryState.FAILED, words, NOW, NOW, NOW)
    return ListPage(run_of(survey_of(words)), DeliveryState.FAILED, words[:200], [row] * 10, 1000, "t:o")


def progress_of(words: str = ORDINARY, **counts: int) -> Progress:
    states = counts or {state.value: 3 for state in DeliveryState}
    reasons = {f"failed: {number} {words}": number for number in range(1, 30)}
    run = run_of(survey_of(words), RunState.SENDING, audience=words)
    return Progress(run, {DeliveryState(state): count for state, count in states.items()}, reasons)


def results_of(words: str = ORDINARY) -> Results:
    survey = survey_of(words)
    figures = tuple(
        QuestionResult(
            question,
            12,
            tuple((str(step), 1) for step in range(11)) if question.kind is Kind.NPS else ((words, 7), ("PDF", 5)),
            mean=Figure(3.25, 12, Interval(2.5, 4.0)),
            median=Figure(3.0, 12, Interval(2.0, 4.0)),
            nps=Figure(-8.3, 12, Interval(-49.0, 32.0)) if question.kind is Kind.NPS else None,
            latest=(words,) * 5,
        )
        for question in survey.questions
    )
    return Results(run_of(survey, audience=words), 12, 40, figures)


def segments_of(words: str = ORDINARY) -> Segments:
    found = results_of(words)
    segments = [Segment(f"{number} {words}", 12, found.questions) for number in range(30)]
    return Segments(found.run, words.replace("\ud800", "")[:100], 366, tuple(segments), rest=6)


def panel_of(words: str) -> Panel:
    return Panel(id=words, people=1234, changed_at=NOW, changed_by="t:o", attributes=(words[:100], "size"))


def foretold(words: str) -> DryRun:
    later = NOW + timedelta(hours=9)
    return DryRun(
        reachable=45_000, first_contacts=9_000, excluded={words[:200]: 12}, waiting={later: 3}, finishes_at=later
    )


def planned(words: str) -> tuple[Schedule, Occurrence]:
    """Return a schedule to an audience in somebody's words, and an occurrence that was refused for a reason."""
    wall = NOW.replace(tzinfo=None)
    daily = Recurrence(wall, "FREQ=DAILY;INTERVAL=1")
    timing = Timing(daily, "America/New_York", Reminders(timedelta(days=3), 2), timedelta(days=9))
    schedule = Schedule("pulse-s1", "pulse", words, "t:1", timing, NOW, next=wall, at=NOW)
    at = "pulse-s1@2026-03-01T09:30:00"
    return schedule, Occurrence(at, "pulse-s1", NOW, "pulse-s1.2026-03-01", OccurrenceState.REFUSED, timing, words)


def gallery(words: str) -> dict[str, Card]:
    """Return every card, with `words` wherever people's words can stand."""
    survey, delivery, note = survey_of(words), delivery_of(words), note_of(words)
    run = run_of(survey)
    problems = dict.fromkeys(answers_of(), words)
    paged = replace(survey, pages=(Page(1), Page(len(survey.questions) - 1, words[:120])))
    half = Delivery("exports-1", "t:o", DeliveryState.SENT, 0, draft=Draft("text", answers_of(words)))
    person = Person("t:o", "t", "o", words, attributes={words: words}, first_seen_at=NOW)
    manager = replace(person, given_role=Role.MANAGER, role_change=RoleChange("t:o", NOW, Role.ENGINEER, Role.MANAGER))
    rows = [Row(f"note <{number}>", words, role) for role in Role for number in range(15)]
    many = [note_of(words, number) for number in range(40)]
    advice = [Advice("nps", "leading", words)] * 40 + [Advice("", "too many questions", words)]
    file_problems = [FileProblem(line, words, words) for line in range(1, 60)]
    schedule, occurrence = planned(words)
    name = words.replace("\ud800", "")[:100]  # of an attribute, which no file gives half a character
    return {
        "survey": survey_card(run),
        "survey filled in": survey_card(run, answers=delivery.answers, problems=problems, revision=1, notice="No."),
        "reminder": survey_card(run, is_reminder=True),
        "preview": preview_card(survey),
        "survey page": survey_card(run_of(paged), at=Position(1, 1, {"nps": 9})),
        "preview of a page": preview_card(paged, 1),
        "closed half way": closed_card(run, half),
        "later": later_card(run, half),
        "snoozed": snoozed_card(run, half, NOW),
        "declined": declined_card(run),
        "typing": typing_card(run),
        "thanks": thanks_card(run, delivery, notice="Saved before."),
        "closed": closed_card(run, delivery),
        "closed, never answered": closed_card(run, None),
        "moved": moved_card(run),
        "planned": planned_card("Planned", schedule, upcoming(schedule), remark=words[:200]),
        "stopped": planned_card("Stopped", replace(schedule, next=None), []),
        "schedules": schedules_card([(schedule, upcoming(schedule, 1), [occurrence] * 3)] * 100),
        "no schedules": schedules_card([]),
        "results": results_card(results_of(words)),
        "results of nobody": results_card(Results(run, 0, 0, tuple(QuestionResult(q, 0) for q in survey.questions))),
        "attributes": attributes_card(run, [f"{number} {name}" for number in range(40)], notice="No."),
        "segments": segments_card(segments_of(words)),
        "wish": wish_card(run, 12, Wish("exports-1|t:o", "exports-1", "t:o", 25, ""), notice="No."),
        "wish kept": kept_card(run, Wish("exports-1|t:o", "exports-1", "t:o", 25, ""), 12),
        "wish come true": come_card(run, 25, 26),
        "wish that cannot": come_card(run, 25, 1),
        "status": status_card(standing_of(words), notice=words[:500], is_moving=True),
        "status of nobody": status_card(Standing(Progress(run, {}, {}))),
        **{f"question: {one.name}": question_card(standing_of(words), one.name) for one in CONTROLS if one.asks},
        "states": states_card(progress_of(words)),
        "list": list_card(listed_page(words), 10),
        "list of nobody": list_card(ListPage(run, DeliveryState.FAILED, words, [], 0)),
        "link": link_card(run, "https://hearback.example/api/runs/exports-1/people.csv?sig=1", NOW),
        "dashboard": dashboard_card(None, "https://hearback.example/"),
        "dashboard of a run": dashboard_card(run, "https://hearback.example/runs/exports-1/results"),
        "withdrawn": withdrawn_card(run, delivery),
        "withdrawn, never answered": withdrawn_card(run, None),
        "audit": audit_card([Record(NOW, "t:o", "hold", words, words, words)] * 20, {"t:o": words}),
        "no changes": audit_card([], {}),
        "roles": roles_card([manager] * 60, {"t:o": words}, Policy(home_tenants={"t"})),
        "roles of nobody": roles_card([], {}, Policy()),
        "roles that count for nothing": roles_card([manager], {}, Policy()),
        "role": role_card(Changed(manager, is_new=True), {"t:o": words}, Policy(home_tenants={"t"})),
        "role as before": role_card(Changed(manager, is_new=False), {}, Policy(home_tenants={"t"})),
        "which person": which_card(words, [person] * 60),
        "runs": runs_card([progress_of(words)] * 40),
        "no runs": runs_card([]),
        "help": help_card(rows),
        "unknown": help_card(rows, asked=words, nearest="results"),
        "welcome": welcome_card(words),
        "note": note_card(note),
        "note again": note_card(note, was_repeat=True),
        "notes": notes_card(many, words, more=True),
        "no notes": notes_card([], words, more=False),
        "feedback": feedback_card(note),
        "surveys": survey_list_card([survey] * 200),
        "no surveys": survey_list_card([]),
        "panels": panel_list_card([panel_of(words)] * 200),
        "no panels": panel_list_card([]),
        "panel": panel_card(PanelImport(panel_of(words), is_new=False, added=3, kept=2, removed=1), skipped=4),
        "dry run": dry_run_card(foretold(words), survey, words, NOW),
        "dry run of many": dry_run_card(foretold(words), survey, words, NOW, needs_approval=True),
        "status of one proposed": status_card(
            Standing(Progress(run_of(survey, RunState.PROPOSED), {}, {})),
            details=asked_for(replace(run_of(survey, RunState.PROPOSED), approval_for=400), foretold(words), NOW),
        ),
        "status in an outage": status_card(outage_of(words), is_moving=True),
        "lines left out": left_out_card(file_problems, 97),
        "refused file": refusal_card(AudienceFileRefused(tuple(file_problems))),
        "proposed": proposed_card(run_of(survey, RunState.PROPOSED), foretold(words), NOW),
        "imported": imported_card(Imported(survey, is_new=True, has_changed=True)),
        "imported with advice": imported_card(Imported(survey, is_new=True, has_changed=True), advice),
        "advice": advice_card(survey, advice),
        "file problems": file_problems_card(file_problems),
        "my data of a manager": my_data_card(manager, Role.MANAGER, [], []),
        "my data": my_data_card(person, Role.CUSTOMER, [(delivery, run)] * 100, many),
        "refusal": refusal_card(AudienceUnknown(audience=words[:500], known="me, customers")),
        "not saved": not_saved_card("Your answer", "4f1c"),
        "went wrong": went_wrong_card("4f1c"),
    }


CARDS = {f"{name}, {kind}": one for kind, words in WORDS.items() for name, one in gallery(words).items()}
every_card = pytest.mark.parametrize("name", CARDS)


@cache
def validator() -> jsonschema.Draft6Validator:
    schema = json.loads(files("adaptive_cards").joinpath("schemas", "schema-1.5.json").read_text())
    return jsonschema.Draft6Validator(schema)


def nodes(value: object) -> Iterator[dict[str, object]]:
    """Give every object in a card, the outermost first."""
    if isinstance(value, dict):
        yield cast("dict[str, object]", value)
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def official(value: object) -> object:
    """Return the value as a client sees it that knows only the official schema."""
    if isinstance(value, list):
        return [official(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in TEAMS_ELEMENTS:
        return official(value["fallback"])
    return {key: official(inner) for key, inner in value.items() if key != "msteams"}


def assert_official(card: Card) -> None:
    validator().validate(official(json.loads(json.dumps(card))))


def markdown(card: Card) -> list[str]:
    """Return every text of a card that clients read as Markdown."""
    found = [str(card["fallbackText"])]
    for node in nodes(card):
        if node.get("type") == "TextBlock":
            found.append(str(node["text"]))
        elif node.get("type") == "FactSet":
            found += [str(part) for fact in nodes(node["facts"]) for part in fact.values()]
    return found


def shown(card: Card, *, has_gaps: bool = False) -> str:
    """Return all that a card says, one text to a line, without the marks of bold and, unless asked, without gaps.

    What stands in an input is not said by the card.
    """
    said = []
    for node in nodes(card["body"]):
        keys = ["text", "title", "label", "placeholder"] + ["value"] * ("type" not in node)
        said += [str(node[key]) for key in keys if key in node]
    whole = "\n".join(said).replace("**", "")
    return whole if has_gaps else whole.replace("\u200b", "")


@every_card
def test_every_card_keeps_to_the_official_schema(name: str) -> None:
    assert_official(CARDS[name])


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if "'Chart." in str(card)])
def test_every_chart_is_one_that_teams_defines_and_has_something_in_its_place(name: str) -> None:
    for chart in (node for node in nodes(CARDS[name]) if str(node.get("type")).startswith("Chart.")):
        alone = {key: value for key, value in chart.items() if key != "fallback"}
        found = CHARTS[str(chart["type"])].model_validate(alone)
        assert undefined(found) == []
        assert "█" in str(chart["fallback"]) or "░" in str(chart["fallback"])


def undefined(model: pydantic.BaseModel) -> list[str]:
    """Return the properties that a definition does not have, in it and in what is in it."""
    found = list(model.model_extra or ())
    for name in type(model).model_fields:
        value = getattr(model, name)
        for inner in value if isinstance(value, list) else [value]:
            found += undefined(inner) if isinstance(inner, pydantic.BaseModel) else []
    return found


def test_a_chart_with_a_mistake_would_be_noticed() -> None:
    wrong = {"type": "Chart.HorizontalBar", "data": [{"x": "Yes", "count": 3}]}
    assert undefined(teams.HorizontalBarChart.model_validate(wrong)) == ["count"]
    with pytest.raises(pydantic.ValidationError):
        teams.HorizontalBarChart.model_validate({**wrong, "data": [{"x": "Yes", "color": "red"}]})


@every_card
def test_every_card_declares_what_clients_need(name: str) -> None:
    card = CARDS[name]
    assert card["type"] == "AdaptiveCard"
    assert card["version"] == "1.5"
    assert str(card["$schema"]).endswith("adaptive-card.json")
    assert str(card["fallbackText"]).strip()


@every_card
def test_every_card_is_small_enough_to_be_sent(name: str) -> None:
    assert card_size(CARDS[name]) <= MAX_CARD_BYTES


@every_card
def test_every_button_works_where_action_execute_is_unknown(name: str) -> None:
    for node in nodes(CARDS[name]):
        if node.get("type") != "Action.Execute":
            continue
        data = cast("dict[str, object]", node["data"])
        fallback = cast("dict[str, object]", node["fallback"])
        assert node["verb"] == data["act"]
        assert fallback["type"] == "Action.Submit"
        assert (fallback["title"], fallback["data"]) == (node["title"], data)
    kinds = [node.get("type") for node in nodes(CARDS[name])]
    assert kinds.count("Action.Submit") == kinds.count("Action.Execute")


@every_card
def test_every_input_has_a_label_and_a_message_where_it_is_required(name: str) -> None:
    for node in nodes(CARDS[name]):
        if str(node.get("type")).startswith("Input."):
            assert str(node["label"]).strip()
            assert str(node["id"]).startswith("q_") or node["id"] in {DAYS_INPUT, ANSWERS_INPUT}
            assert bool(node.get("isRequired")) == bool(node.get("errorMessage"))


@every_card
def test_every_card_uses_only_colours_that_follow_the_theme(name: str) -> None:
    colors = {
        node["color"] for node in nodes(official(CARDS[name])) if "color" in node
    }  # those of charts have names too
    assert colors <= {color.value for color in Color}


@every_card
def test_every_text_wraps_on_a_narrow_screen(name: str) -> None:
    for node in nodes(CARDS[name]):
        if node.get("type") in {"TextBlock", "Input.ChoiceSet"}:
            assert node["wrap"] is True


@pytest.mark.parametrize("name", gallery(ORDINARY))
@pytest.mark.parametrize(
    "construct", ["](", "]:", "{{DATE(2020", "<at>", "<b>", "**bold**", "_thin_", "`code`", "~~gone~~", "&copy;"]
)
def test_peoples_words_are_no_markdown(name: str, construct: str) -> None:
    assert not [text for text in markdown(CARDS[f"{name}, hostile"]) if construct in text]


@pytest.mark.parametrize("construct", ["](", "]:", "{{DATE(2020", "<at>", "<b>", "&copy;", "\u202e"])
def test_peoples_words_in_charts_are_no_links_tags_or_functions(construct: str) -> None:
    said = [words for name in ("results", "segments") for words in charted(CARDS[f"{name}, hostile"])]
    assert said
    assert not [words for words in said if construct in words]


def charted(card: Card) -> list[str]:
    """Return every text in a card's charts."""
    charts = [node for node in nodes(card) if str(node.get("type")).startswith("Chart.")]
    texts = [[node.get(key) for key in ("x", "legend", "title")] for chart in charts for node in nodes(chart)]
    return [str(one) for some in texts for one in some if one is not None]


@every_card
def test_peoples_words_compute_nothing_and_turn_nothing_around(name: str) -> None:
    said = shown(CARDS[name], has_gaps=True)
    assert "{{DATE(2020" not in said
    assert "\u202e" not in said


def test_an_element_of_teams_without_a_fallback_would_be_noticed() -> None:
    with pytest.raises(KeyError):
        official({"type": "Input.Rating", "id": "q_1"})


def test_a_card_with_a_mistake_would_be_noticed() -> None:
    card = welcome_card("Ada")
    with pytest.raises(jsonschema.ValidationError):
        assert_official({**card, "body": [{"type": "TextBlock", "text": "Hello", "colour": "red"}]})
