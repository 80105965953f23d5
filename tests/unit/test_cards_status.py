"""The cards about runs: everybody is counted once, in words that need no explanation."""

from datetime import timedelta

import msgspec
import pytest

from cards.elements import Card
from cards.status import RUN_WORDS, STATE_WORDS, runs_card, started_card, status_card
from feedback.runs import DeliveryState, Progress, RunState
from tests.unit.test_cards_gallery import NOW, nodes, progress_of, run_of, shown, survey_of


def counts(card: Card) -> dict[str, str]:
    (rows,) = [node["facts"] for node in nodes(card) if node.get("type") == "FactSet"]
    return {str(row["title"]): str(row["value"]) for row in nodes(rows)}


def test_every_state_of_a_person_and_of_a_run_has_its_words() -> None:
    assert set(STATE_WORDS) == set(DeliveryState)
    assert set(RUN_WORDS) == set(RunState)
    assert len(set(STATE_WORDS.values())) == len(STATE_WORDS)


def test_the_lines_add_up_to_everybody() -> None:
    rows = counts(status_card(progress_of(answered=5, sent=20, failed=3, excluded=2, planned=1000)))
    everybody = rows.pop("Everybody")
    assert everybody == "1,030"
    assert sum(int(count.replace(",", "")) for count in rows.values()) == 1030


def test_states_that_nobody_is_in_are_not_listed() -> None:
    assert counts(status_card(progress_of(answered=1))) == {"Answered": "1", "Everybody": "1"}


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"planned": 10}, "0 of 10 dealt with (0%)"),
        ({"planned": 3, "sending": 1, "sent": 4}, "4 of 8 dealt with (50%)"),
        ({"answered": 3, "failed": 1}, "4 of 4 dealt with (100%)"),
    ],
)
def test_the_bar_shows_how_many_no_longer_wait(states: dict[str, int], words: str) -> None:
    by_state = {DeliveryState(state): count for state, count in states.items()}
    assert words in shown(status_card(Progress(run_of(survey_of()), by_state, {})))


def test_a_run_without_people_has_no_bar() -> None:
    assert "dealt with" not in shown(status_card(Progress(run_of(survey_of()), {}, {})))


def test_people_in_doubt_are_explained_with_the_way_to_send_again() -> None:
    said = shown(status_card(progress_of(sent=10, unconfirmed=2)))
    assert "For 2 people we did not hear whether the survey arrived." in said
    assert "resend exports-1 sends it to them again" in said


def test_without_doubt_nobody_is_told_to_send_again() -> None:
    assert "resend" not in shown(status_card(progress_of(sent=10)))


def test_reasons_are_said_in_words_with_the_most_frequent_first() -> None:
    reasons = {"failed: blocked the bot": 2, "excluded: opted out": 12, "odd": 1}
    said = shown(status_card(Progress(run_of(survey_of()), {DeliveryState.FAILED: 15}, reasons)))
    assert "Why\n12 – Left out: opted out\n2 – Could not be reached: blocked the bot\n1 – odd" in said


def test_the_button_looks_at_the_same_run_again() -> None:
    (button,) = [node for node in nodes(status_card(progress_of(sent=1))) if node.get("type") == "Action.Execute"]
    assert (button["title"], button["data"]) == ("Refresh", {"act": "status", "run": "exports-1"})


def test_runs_are_listed_newest_first_whatever_their_order() -> None:
    first = progress_of(sent=4, answered=1)
    later = msgspec.structs.replace(
        first, run=msgspec.structs.replace(first.run, run="exports-2", created_at=NOW + timedelta(days=1))
    )
    said = shown(runs_card([first, later]))
    assert said.index("exports-2") < said.index("exports-1")
    assert "Going out now. 1 of 5 asked have answered (20%)." in said


def test_more_runs_than_a_card_holds_are_counted() -> None:
    said = shown(runs_card([progress_of("😀" * 200)] * 100))
    assert f"… and {100 - said.count('exports-1')} more" in said


def test_no_runs_lead_to_the_first_one() -> None:
    assert "send <survey> to me" in shown(runs_card([])).replace("\\", "")


def test_a_started_run_says_to_how_many_it_goes_and_where_to_look() -> None:
    card = started_card(progress_of(planned=40))
    assert "Going out to 40 people." in shown(card)
    assert "status exports-1" in shown(card)
    assert [node["verb"] for node in nodes(card) if node.get("type") == "Action.Execute"] == ["status"]


def test_a_run_whose_people_are_still_being_listed_promises_no_number() -> None:
    run = msgspec.structs.replace(run_of(survey_of(), RunState.PLANNING), people=0)
    said = shown(started_card(run))
    assert "The list of people is being made." in said
    assert "Going out to" not in said
