"""What stands beside the figures on a card: doubts in a box of their own, weighted figures, and how arms differ."""

from collections.abc import Mapping

import msgspec

from cards.elements import Card
from cards.results import results_card
from cards.size import fits
from cards.targets import target_card
from feedback.people.mixes import Margin, Mix
from feedback.people.panels import Panel
from feedback.results.differences import Difference
from feedback.results.figures import Interval
from feedback.results.question_results import ArmResult, QuestionResult, Results
from feedback.results.verdicts import TITLE, Doubt, Reason, Verdict
from feedback.runs.targets import Composition, Share
from feedback.surveys.surveys import MAX_QUESTIONS
from tests.unit.test_cards_gallery import nodes, shown
from tests.unit.test_verdicts import NOW, people, results


def weighted_results() -> Results:
    return results(
        [
            *people(190, {"nps": 10, "stars": 4, "which": "a"}),
            *people(60, {"nps": 3, "stars": 2, "which": "b"}, size="large"),
        ]
    )


def warnings(card: Card) -> int:
    return sum(one.get("style") == "warning" for one in nodes(card) if one.get("type") == "Container")


def test_weighted_figures_stand_below_the_raw_ones() -> None:
    said = shown(results_card(weighted_results()))
    assert "NPS +52 (n 250, 95 %: +41 to +62)" in said
    assert "Weighted: NPS 0 (95 %: -14 to +14); promoters 50% (43–57%)" in said
    assert "(effective n 182 of 250)" in said
    assert "Weighted: average 3.0 (95 %: 2.9 to 3.1)" in said
    assert "Weighted: “Apples” 50% (43–57%), “Bees” 50% (43–57%)" in said
    assert "Weighted to the target mix size small=50 large=50, design effect 1.37." in said


def test_reasons_against_the_whole_run_stand_in_a_box_and_only_there() -> None:
    card = results_card(results(people(12, {"nps": 10})))
    assert warnings(card) == 1
    said = shown(card)
    assert said.count("Too few answers: 12; it takes 30.") == 1
    assert said.count("Nobody has answered of size=large (50 % of the target mix).") == 1
    assert said.count(TITLE) == 1


def test_a_question_with_doubts_of_its_own_says_them() -> None:
    card = results_card(weighted_results())
    assert warnings(card) == 0
    assert shown(card).count("Leaving out size=small turns the finding from") == 3


def test_where_nothing_is_doubted_nothing_is_said() -> None:
    agreed = results([*people(40, {"nps": 10}), *people(40, {"nps": 9}, size="large")])
    assert TITLE not in shown(results_card(agreed))


def test_names_in_a_reason_are_shown_as_they_are() -> None:
    reason = Reason(Doubt.COMPANY, "One company, [x](https://example.com) **co**, gave 40 % of the answers.")
    found = msgspec.structs.replace(weighted_results(), verdict=Verdict((reason,)))
    blocks = [str(one.get("text")) for one in nodes(results_card(found))]
    (said,) = [one for one in blocks if "One company" in one]
    assert "](" not in said
    assert "**co**" not in said


def test_differences_say_whether_they_are_more_than_chance() -> None:
    whole = weighted_results()
    first = whole.questions[0]
    apart = (
        Difference(("b",), ("a",), "NPS", 12.4, Interval(1.2, 23.9)),
        Difference(("c",), ("a",), "NPS", -3.0, Interval(-9.0, 3.0)),
        Difference(("d",), ("a",), "Apples", 0.25, None, is_share=True),
    )
    arms = tuple(ArmResult((one,), QuestionResult(first.question, 0)) for one in "abcd")
    told = msgspec.structs.replace(first, by_arm=arms, differences=apart)
    said = shown(results_card(msgspec.structs.replace(whole, questions=(told,))))
    assert "b minus a, NPS: +12 (95 %: +1 to +24), more than chance" in said
    assert "c minus a, NPS: -3 (95 %: -9 to +3), may be chance" in said
    assert "d minus a, “Apples”: +25 points, too few answers to say more" in said


def test_as_many_questions_as_there_may_be_have_their_doubts_on_cards_that_fit() -> None:
    whole = weighted_results()
    asked = tuple(whole.questions[number % 2] for number in range(MAX_QUESTIONS))
    first: int | None = 0
    said = 0
    while first is not None:
        card = results_card(msgspec.structs.replace(whole, questions=asked), first=first)
        assert fits(card)
        said += shown(card).count(TITLE)
        first = next((_first(one) for one in nodes(card) if one.get("title") == "More questions"), None)
    assert said == MAX_QUESTIONS


def _first(button: Mapping[str, object]) -> int:
    return msgspec.convert(button["data"], dict[str, object])["first"]  # type: ignore[return-value]


def test_a_target_is_shown_beside_the_people_there_are() -> None:
    mix = Mix((Margin("size", (("small", 60.0), ("tiny", 40.0))),))
    panel = Panel("insiders", 10, NOW, "t:boss", ("size",), mix)
    said = shown(target_card(panel, Composition(10, (("size", (Share("small", 60, 7), Share("tiny", 40, 0))),))))
    assert "small\n60 %; now 70 %, 7" in said
    assert "Nobody in the panel has the value tiny." in said
    assert "3 people have none of these, and cannot be weighted." in said


def test_without_a_target_the_card_says_how_to_set_one() -> None:
    said = shown(target_card(Panel("insiders", 10, NOW, "t:boss", ("size",)), Composition(0, ())))
    assert "It has none yet." in said
    assert "What is known about its people: size." in said


def test_a_panel_that_is_too_large_to_look_at_says_so() -> None:
    mix = Mix((Margin("size", (("small", 100.0),)),))
    found = Composition(0, (("size", (Share("small", 100, 0),)),))
    assert "who is in it now is not counted" in shown(
        target_card(Panel("i", 20_000, NOW, "t:b", ("size",), mix), found)
    )
    assert "Nobody is in the panel" in shown(target_card(Panel("i", 0, NOW, "t:b", ("size",), mix), found))
