"""The cards about waiting for answers: what may be asked for, what is promised, and what is told."""

from cards.wishes import ANSWERS_INPUT, come_card, kept_card, suggested, wish_card
from feedback.surveys.surveys import Survey
from feedback.wishes import Wish
from simulator.cards import find_action
from tests.unit.test_cards_gallery import nodes, run_of, shown
from tests.unit.test_cards_results import buttons

RUN = run_of(Survey("s", "Exports", ()))  # to 40 people
WISH = Wish("exports-1|t:o", "exports-1", "t:o", 25, "")


def test_a_number_can_be_entered_and_one_is_suggested() -> None:
    (number,) = [node for node in nodes(wish_card(RUN, 12, None)) if node.get("type") == "Input.Number"]
    assert (number["id"], number["min"], number["value"]) == (ANSWERS_INPUT, 1, 25)


def test_the_next_round_number_is_suggested_or_everybody() -> None:
    assert [suggested(RUN, answered) for answered in (0, 10, 24, 25, 39, 40)] == [10, 25, 25, 40, 40, 41]


def test_what_is_waited_for_already_is_said_and_can_be_taken_back() -> None:
    card = wish_card(RUN, 12, WISH)
    assert "You are told at 25." in shown(card)
    assert buttons(card)["Do not tell me"] == {"act": "unwish", "run": "exports-1"}
    assert "Do not tell me" not in buttons(wish_card(RUN, 12, None))


def test_buttons_that_need_no_number_work_without_one() -> None:
    card = wish_card(RUN, 12, WISH)
    for title in ("Do not tell me", "Back to the results"):
        for kind in ("Action.Execute", "Action.Submit"):
            assert find_action(card, title, kind).action["associatedInputs"] == "none"
    assert "associatedInputs" not in find_action(card, "Tell me then").action


def test_what_was_refused_is_said_on_the_card() -> None:
    assert "Please name a higher number." in shown(wish_card(RUN, 12, None, notice="Please name a higher number."))


def test_the_promise_and_the_news_name_the_run_and_the_numbers() -> None:
    assert "I tell you once exports-1 has 25 answers. Now it has 12." in shown(kept_card(RUN, WISH, 12))
    reached = shown(come_card(RUN, 25, 26))
    assert "exports-1 has 26 answers" in reached
    assert "You wanted to know when it has 25." in reached
    over = shown(come_card(RUN, 25, 1))
    assert "exports-1 is over" in over
    assert "It ended with 1 answer, and takes no more." in over
    assert buttons(come_card(RUN, 25, 1))["See the results"] == {"act": "results", "run": "exports-1"}
