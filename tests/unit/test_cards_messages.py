"""The cards that tell something: thanks, closed, help, welcome, notes, surveys, one's own data, refusals, faults."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from cards.errors import not_saved_card, refusal_card, went_wrong_card
from cards.help import help_card, unknown, welcome_card
from cards.notes import feedback_card, note_card, notes_card
from cards.person import my_data_card
from cards.size import fits
from cards.surveys import file_problems_card, imported_card, survey_list_card
from cards.thanks import closed_card, thanks_card
from feedback.errors import AudienceUnknown, FileProblem, NothingToSay, RunIsClosed
from feedback.notes import Note, NoteKind
from feedback.people.people import Person, Role
from feedback.runs.runs import Delivery, RunState
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Imported, Survey
from tests.unit.test_cards_gallery import NOW, Row, delivery_of, markdown, nodes, note_of, run_of, shown, survey_of

RUN = run_of(survey_of())
ROWS = [
    Row("send <survey> to <audience>", "sends it", Role.ADMIN),
    Row("help", "shows this", Role.CUSTOMER),
    Row("note <text>", "keeps a note", Role.ENGINEER),
]


def acts(card: dict[str, object]) -> list[object]:
    return [node["data"] for node in nodes(card) if node.get("type") == "Action.Execute"]


def test_the_thanks_repeat_what_is_stored_in_words() -> None:
    said = shown(thanks_card(RUN, delivery_of("Too slow")))
    assert said.startswith("Thank you — your answers are saved")
    for words in ("\n9\n", "\n4 stars\n", "\nDissatisfied\n", "\nToo slow\n", "\nNo\n", "\n2.5\n", "\n1 March 2026\n"):
        assert words in said


def test_what_was_not_answered_is_shown_as_such() -> None:
    survey = Survey("s", "Exports", (Question("a", Kind.TEXT, "First?"), Question("b", Kind.TEXT, "Second?")))
    delivery = msgspec.structs.replace(delivery_of(), answers={"b": "Yes"})
    assert "First?\n—\nSecond?\nYes" in shown(thanks_card(run_of(survey), delivery))


def test_an_answer_of_zero_or_no_is_an_answer() -> None:
    survey = Survey("s", "Exports", (Question("a", Kind.NPS, "Likely?"), Question("b", Kind.YES_NO, "Useful?")))
    delivery = msgspec.structs.replace(delivery_of(), answers={"a": 0, "b": False})
    assert "Likely?\n0 – not at all likely\nUseful?\nNo" in shown(thanks_card(run_of(survey), delivery))


def test_changed_answers_are_confirmed_as_changes() -> None:
    assert "your changes are saved" in shown(thanks_card(RUN, delivery_of(revision=2)))


def test_a_notice_takes_the_place_of_the_thanks() -> None:
    said = shown(thanks_card(RUN, delivery_of(), notice="Nothing was changed now."))
    assert "Nothing was changed now." in said
    assert "Thank you" not in said


def test_an_answer_can_be_changed_while_the_run_is_open() -> None:
    assert acts(thanks_card(RUN, delivery_of())) == [{"act": "edit", "run": "exports-1"}]
    assert acts(thanks_card(run_of(survey_of(), RunState.CLOSED), delivery_of())) == []


def test_thirty_of_the_longest_answers_are_shortened_and_none_is_dropped() -> None:
    questions = tuple(Question(f"q{one}", Kind.TEXT, f"{one} {'?' * 490}") for one in range(30))
    answers = {question.id: f"{number} " + "ж" * 3900 for number, question in enumerate(questions)}
    card = thanks_card(
        run_of(Survey("s", "Exports", questions)), msgspec.structs.replace(delivery_of(), answers=answers)
    )
    assert fits(card)
    assert shown(card).count("ж…") == 30


def test_a_short_answer_is_shown_whole() -> None:
    assert "…" not in shown(thanks_card(RUN, delivery_of("x" * 400)))


def test_a_closed_survey_shows_the_answers_it_has() -> None:
    said = shown(closed_card(RUN, delivery_of("Too slow")))
    assert said.startswith("This survey is closed — thank you")
    assert "These are the answers you gave." in said
    assert "Too slow" in said


@pytest.mark.parametrize("delivery", [None, msgspec.structs.replace(delivery_of(), answers={})])
def test_a_closed_survey_that_was_never_answered_claims_no_answers(delivery: Delivery | None) -> None:
    card = closed_card(RUN, delivery)
    assert "It no longer takes answers" in shown(card)
    assert "—\n" not in shown(card)
    assert acts(card) == []


def test_help_groups_what_can_be_typed_from_everyone_to_admins() -> None:
    said = shown(help_card(ROWS))
    places = [said.index(words) for words in ("Everyone\nhelp", "Engineers\nnote <text>", "Admins\nsend <survey>")]
    assert places == sorted(places)
    assert "Managers" not in said


def test_an_unknown_text_is_said_back_with_the_nearest_command() -> None:
    card = help_card(ROWS, asked="xyz", nearest="results")
    first = next(nodes(card["body"]))
    assert str(first["text"]).startswith(
        "I don't know “xyz”. Did you mean **results**? To tell us something, type **feedback**"
    )


def test_an_unknown_text_without_a_neighbour_suggests_nothing() -> None:
    assert unknown("xyz", "").startswith("I don't know “xyz”. To tell us something")


def test_an_unknown_text_is_one_short_line_without_markdown() -> None:
    said = unknown("a\n\n**b** " + "x" * 500, "help")
    assert said.startswith(r"I don't know “a \*\*b\*\* x")
    assert "\n" not in said
    assert len(said) < 220


def test_help_that_was_asked_for_explains_no_mistake() -> None:
    assert "don't know" not in shown(help_card(ROWS, asked="  "))


def test_the_welcome_says_who_what_and_how_to_stop() -> None:
    said = shown(welcome_card("Ada"))
    for words in ("Hello Ada", "I am Hearback", "short survey", "Write stop", "Write feedback"):
        assert words in said


def test_the_welcome_of_somebody_without_a_name_is_a_greeting_too() -> None:
    assert shown(welcome_card(" ")).startswith("Hello\n")


def test_a_kept_note_shows_what_was_recognised() -> None:
    note = Note("n1", NoteKind.NOTE, "t:o", "Ada", NOW, "Slow exports", ("perf",), ("Contoso", "Fabrikam"), "Excel")
    said = shown(note_card(note))
    assert said.startswith("Note kept\n“Slow exports”")
    for words in ("Company\nContoso, Fabrikam", "Product\nExcel", "Tags\nperf"):
        assert words in said


def test_a_note_without_marks_shows_how_to_set_them() -> None:
    said = shown(note_card(Note("n1", NoteKind.NOTE, "t:o", "Ada", NOW, "Slow exports")))
    assert "Add @company" in said
    assert "Tags\n" not in said


def test_a_note_kept_before_is_not_said_to_be_kept_again() -> None:
    assert shown(note_card(note_of(), was_repeat=True)).startswith("This note was kept already")


def test_found_notes_come_with_their_author_and_the_words_searched_for() -> None:
    said = shown(notes_card([note_of("Slow"), note_of("Fast")], "exports", more=False))
    assert said.startswith("2 notes with “exports”\n“Slow”\nSlow, {{DATE(")
    assert "there are more" not in said


def test_found_notes_say_that_there_are_more_whether_not_asked_for_or_not_shown() -> None:
    assert "there are more" in shown(notes_card([note_of()], "", more=True))
    assert "there are more" in shown(notes_card([note_of("x" * 4000)] * 200, "", more=False))


def test_no_notes_is_said_with_the_words_searched_for() -> None:
    assert "There are no notes with “exports” yet." in shown(notes_card([], "exports", more=False))


def test_feedback_is_thanked_for_and_quoted() -> None:
    said = shown(feedback_card(note_of("I like it")))
    assert said.startswith("Thank you — your feedback is kept\n“I like it”\nThe people who build")


def test_surveys_are_listed_by_the_name_that_sends_them() -> None:
    closed = msgspec.structs.replace(survey_of(), id="old", is_closed=True, version=3)
    said = shown(survey_list_card([survey_of(), closed]))
    assert "exports: Exporting to Excel is slow\n13 questions, version 1\n" in said
    assert "13 questions, version 3, closed" in said


@pytest.mark.parametrize(
    ("is_new", "has_changed", "words"),
    [(True, True, "Survey imported"), (False, True, "Survey changed"), (False, False, "Nothing has changed")],
)
def test_an_import_says_what_it_led_to(*, is_new: bool, has_changed: bool, words: str) -> None:
    said = shown(imported_card(Imported(survey_of(), is_new=is_new, has_changed=has_changed)))
    assert said.startswith(f"{words}: Exporting to Excel is slow")
    assert "send exports to me" in said


def test_mistakes_in_a_file_are_listed_by_line_and_field() -> None:
    problems = [FileProblem(12, "", "a “:” is missing."), FileProblem(3, "questions[2].kind", "unknown kind.")]
    said = shown(file_problems_card(problems))
    assert "Line 3, questions[2].kind: \nunknown kind.\nLine 12: \na “:” is missing." in said
    assert "was not imported" in said


def test_ones_own_data_sums_up_person_surveys_and_notes() -> None:
    person = Person("t:o", "t", "o", "Ada", "de-DE", has_opted_out=True, attributes={"size": "small"})
    said = shown(my_data_card(person, Role.ENGINEER, [(delivery_of(), RUN)], [note_of("Slow")]))
    for words in ("Name\nAda", "Language\nde-DE", "Role\nengineer", "Surveys\nstopped", "size\nsmall"):
        assert words in said
    assert "1 survey for you\nExporting to Excel is slow\nAnswered, 13 answers, " in said
    assert "1 note by you\n“Slow”" in said


def test_nothing_held_is_said_as_such() -> None:
    said = shown(my_data_card(Person("t:o", "t", "o"), Role.CUSTOMER, [], []))
    assert "Name\nnot known" in said
    assert "0 surveys for you" in said
    assert "0 notes by you" in said


def test_a_long_history_says_how_much_is_left_out() -> None:
    said = shown(my_data_card(Person("t:o", "t", "o"), Role.CUSTOMER, [(delivery_of(), RUN)] * 500, []))
    assert f"… and {500 - said.count('Answered, 13 answers')} more" in said


def test_a_refusal_keeps_our_marks_and_none_of_theirs() -> None:
    assert markdown(refusal_card(NothingToSay(usage="note <text>")))[-1] == (
        "Please write it like this: **note <\u200btext>**."
    )
    said = markdown(refusal_card(AudienceUnknown(audience="**[x](y)**", known="me")))[-1]
    assert said == "I don't know the audience “\\*\\*[x]\u200b(y)\\*\\*”. Use one of: me."


def test_a_refusal_without_facts_is_its_sentence() -> None:
    assert shown(refusal_card(RunIsClosed())) == str(RunIsClosed())


def test_what_could_not_be_saved_is_named_with_a_reference() -> None:
    said = shown(not_saved_card("Your note", "4f1c"))
    assert said.startswith("Not saved — please try again\nYour note could not be saved just now.")
    assert said.endswith("Reference 4f1c")
    assert "hank" not in said


def test_a_fault_is_ours_and_has_a_reference() -> None:
    said = shown(went_wrong_card("4f1c"))
    assert said.startswith("Something went wrong on our side.")
    assert said.endswith("Reference 4f1c")


def test_times_are_left_to_the_client() -> None:
    note = msgspec.structs.replace(note_of("Slow"), at=NOW + timedelta(days=1))
    assert "{{DATE(2026-03-02T09:30:00Z, COMPACT)}}" in shown(notes_card([note], "", more=False))


def test_no_card_shouts() -> None:
    sources = Path(__file__).parents[2].joinpath("cards").glob("*.py")
    assert not [path.name for path in sources if '!"' in path.read_text() or "! " in path.read_text()]
