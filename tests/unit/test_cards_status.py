"""The cards about runs: everybody is counted once, in words that need no explanation."""

from datetime import timedelta

import msgspec
import pytest

from cards.controls import question_card
from cards.elements import Card
from cards.panels import asked_for
from cards.status import RUN_WORDS, runs_card
from cards.status import status_card as card_of_standing
from feedback.runs.dry_run import DryRun
from feedback.runs.progress import Progress
from feedback.runs.runs import DeliveryState, RunState
from feedback.standing import SetAside, Standing
from feedback.wording import STATE_WORDS
from tests.unit.test_cards_gallery import NOW, nodes, outage_of, progress_of, run_of, shown, survey_of


def status_card(progress: Progress, viewer: str = "") -> Card:
    return card_of_standing(Standing(progress), viewer=viewer)


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


def buttons(standing: Standing, viewer: str = "") -> list[str]:
    card = card_of_standing(standing, viewer=viewer)
    return [str(node["title"]) for node in nodes(card) if node.get("type") == "Action.Execute"]


@pytest.mark.parametrize(
    ("state", "people", "titles"),
    [
        (RunState.PROPOSED, {}, ["Refresh", "Approve…", "Cancel…"]),
        (RunState.PLANNING, {}, ["Refresh", "Hold", "Cancel…", "Recall…"]),
        (RunState.SENDING, {"planned": 5}, ["Refresh", "People", "Hold", "Cancel…", "Recall…"]),
        (
            RunState.SENDING,
            {"planned": 5, "unconfirmed": 1},
            ["Refresh", "People", "Hold", "Resend…", "Cancel…", "Recall…"],
        ),
        (RunState.HELD, {"planned": 5}, ["Refresh", "People", "Continue", "Cancel…", "Recall…"]),
        (RunState.SENT, {"sent": 5}, ["Refresh", "People", "Recall…"]),
        (RunState.SENT, {"unconfirmed": 5}, ["Refresh", "People", "Resend…", "Recall…"]),
        (RunState.CANCELLED, {"sent": 5}, ["Refresh", "People", "Recall…"]),
        (RunState.CLOSED, {"answered": 5}, ["Refresh", "People", "Recall…"]),
        (RunState.RECALLED, {"recalled": 5}, ["Refresh", "People"]),
        (RunState.RECALLED, {"recalled": 5, "sent": 1}, ["Refresh", "People", "Recall…"]),
    ],
)
def test_the_buttons_are_those_that_the_state_allows(
    state: RunState, people: dict[str, int], titles: list[str]
) -> None:
    by_state = {DeliveryState(name): count for name, count in people.items()}
    assert buttons(Standing(Progress(run_of(survey_of(), state), by_state, {}))) == titles
    assert len(titles) <= 6, "as many as Teams shows"


def test_nobody_is_offered_to_approve_what_they_started_themselves() -> None:
    run = run_of(survey_of(), RunState.PROPOSED)
    assert "Approve…" not in buttons(Standing(Progress(run, {}, {})), viewer=run.created_by)


def test_what_cannot_be_undone_asks_first_and_says_how_many_it_concerns() -> None:
    progress = progress_of(sent=40, unconfirmed=2, answered=7, planned=1000)
    for name in ("cancel", "recall", "resend"):
        (button,) = [
            node
            for node in nodes(status_card(progress))
            if node.get("type") == "Action.Execute" and str(node["title"]).startswith(name.capitalize())
        ]
        assert button["data"] == {"act": "confirm", "run": "exports-1", "what": name}
    said = shown(question_card(Standing(progress), "recall"))
    assert "42 cards" in said
    assert "7 answers" in said
    assert "1,000 people" in shown(question_card(Standing(progress), "cancel"))
    assert "2 people" in shown(question_card(Standing(progress), "resend"))


def test_the_bar_is_two_weighted_columns_and_is_full_only_when_all_is_done() -> None:
    def widths(**states: int) -> list[object]:
        (row,) = [node for node in nodes(status_card(progress_of("", **states))) if node.get("type") == "ColumnSet"]
        return [node["width"] for node in nodes(row["columns"]) if node.get("type") == "Column"]

    assert widths(sent=1, planned=3) == [25, 75]
    assert widths(sent=1, planned=9999) == [1, 99]
    assert widths(sent=9999, planned=1) == [99, 1]
    assert widths(planned=5) == [100]
    assert widths(sent=5) == [100]


def test_the_pace_and_the_end_are_told_while_it_goes_out() -> None:
    standing = Standing(progress_of(sent=40, planned=6000), per_second=50.0, finishes_at=NOW + timedelta(minutes=2))
    said = shown(card_of_standing(standing))
    assert "50 a second, about 2 minutes to go: done at " in said


def test_who_is_asleep_is_told_beside_when_the_others_are_done() -> None:
    standing = Standing(
        progress_of(sent=40, planned=6312),
        per_second=50.0,
        finishes_at=NOW + timedelta(minutes=2),
        asleep=312,
        last_wakes_at=NOW + timedelta(hours=8),
    )
    said = shown(card_of_standing(standing))
    assert "50 a second, about 2 minutes to go: done at " in said
    assert "312 people wait for their morning, until " in said


def test_a_run_that_waits_for_quiet_hours_says_from_when_to_when() -> None:
    until = {"waits_until": NOW + timedelta(hours=4), "last_wakes_at": NOW + timedelta(hours=8)}
    said = shown(card_of_standing(Standing(progress_of(planned=6), asleep=6, **until)))  # type: ignore[arg-type]
    assert "6 people wait for their morning: the first until " in said
    assert "done at" not in said


def test_an_outage_is_told_with_its_reason_and_that_it_goes_on_by_itself() -> None:
    said = shown(card_of_standing(outage_of("gave up: 503")))
    assert "nobody’s card gets through" in said
    assert "gave up: 503" in said
    assert "goes on by itself" in said
    assert "On hold" not in said
    assert buttons(outage_of()) == ["Refresh", "People", "Hold", "Continue", "Cancel…", "Recall…"]


def test_who_was_given_up_can_be_sent_to_again_by_the_button() -> None:
    standing = Standing(progress_of(sent=10, failed=4), given_up=3)
    sent = msgspec.structs.replace(
        standing, progress=msgspec.structs.replace(standing.progress, run=run_of(survey_of(), RunState.SENT))
    )
    assert "Resend…" in buttons(sent)
    assert "For 3 people every try failed, and nothing arrived" in shown(card_of_standing(sent))
    asked = shown(question_card(sent, "resend"))
    assert "tried again for 3 people" in asked
    assert "twice" not in asked, "they have got nothing"


def test_a_run_that_waits_for_an_approval_says_for_how_many() -> None:
    run = msgspec.structs.replace(run_of(survey_of(), RunState.PROPOSED), approval_for=401)
    listed = shown(runs_card([Progress(run, {}, {})]))
    assert "It would reach 401 people." in listed
    assert "0 of 0" not in listed
    found = DryRun(401, 0, {"opted out": 3}, {}, NOW)
    card = card_of_standing(Standing(Progress(run, {}, {})), details=asked_for(run, found, NOW))
    assert "Approval was asked for 401 people" in shown(card)
    assert counts(card) == {"Will get it": "401", "Left out: opted out": "3", "Everybody": "404"}
    assert "has grown" not in shown(card)


def test_a_proposed_run_that_has_grown_says_so_to_whoever_approves() -> None:
    run = msgspec.structs.replace(run_of(survey_of(), RunState.PROPOSED), approval_for=401)
    found = DryRun(520, 0, {}, {}, NOW)
    said = shown(question_card(Standing(Progress(run, {}, {})), "approve", asked_for(run, found, NOW), people=520))
    assert "It has grown: by now it would reach 520 people." in said


def test_pieces_set_aside_are_shown_with_their_reason() -> None:
    standing = Standing(progress_of(planned=100), aside=(SetAside(3, "it fails every time"),))
    said = shown(card_of_standing(standing))
    assert "Set aside: 1 piece" in said
    assert "continue exports-1 tries these again" in said
    assert "Continue" in buttons(standing)
    assert "Piece 3: it fails every time" in said


def test_the_bar_of_a_recall_counts_the_cards_that_are_back() -> None:
    run = run_of(survey_of(), RunState.RECALLED)
    by_state = {DeliveryState.RECALLED: 3, DeliveryState.SENT: 1, DeliveryState.ANSWERED: 9}
    assert "3 of 4 cards taken back (75%)" in shown(card_of_standing(Standing(Progress(run, by_state, {}))))


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
