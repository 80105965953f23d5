"""What the simulated client makes of cards: what it shows, what can be pressed, what it refuses to send."""

from collections.abc import Mapping

import pytest

from simulator import InputRefused, Json, NoSuchAction, action_titles, card_text
from simulator.cards import EXECUTE, SUBMIT, filled, find_action


def execute(title: str, **more: object) -> Json:
    return {"type": "Action.Execute", "title": title, **more}


def card(*body: Mapping[str, object], actions: list[Json] | None = None) -> Json:
    return {"type": "AdaptiveCard", "version": "1.5", "body": list(body), "actions": actions or [execute("Go")]}


def sent(built: Json, action: str = "Go", **answers: object) -> Json:
    return filled(find_action(built, action), answers)


def test_actions_are_found_wherever_they_are() -> None:
    deep = {"type": "Container", "selectAction": {"type": "Action.Execute", "verb": "tap"}, "items": []}
    columns = {"type": "ColumnSet", "columns": [{"type": "Column", "items": [deep]}]}
    action_set = {"type": "ActionSet", "actions": [execute("Inside", id="in")]}
    built = card(columns, action_set)
    for name in ("tap", "Inside", "in", "Go"):
        assert name in find_action(built, name).names
    assert action_titles(built) == ["", "Inside", "Go"]


def test_a_missing_action_is_reported_with_what_the_card_offers() -> None:
    with pytest.raises(NoSuchAction, match=r"'Stop'.*\['Go'\]"):
        find_action(card(), "Stop")


def test_only_old_clients_see_the_fallback() -> None:
    built = card(actions=[execute("Go", verb="v", fallback={"type": "Action.Submit", "title": "Go (old)"})])
    assert find_action(built, "Go (old)", SUBMIT).action["type"] == SUBMIT
    assert find_action(built, "v", SUBMIT).action["type"] == SUBMIT
    with pytest.raises(NoSuchAction):
        find_action(built, "Go (old)", EXECUTE)


def test_inputs_behind_a_show_card_travel_with_its_actions_only() -> None:
    inner = {"type": "AdaptiveCard", "body": [{"type": "Input.Text", "id": "why"}], "actions": [execute("Tell")]}
    show: Json = {"type": "Action.ShowCard", "title": "More", "card": inner}
    built = card({"type": "Input.Text", "id": "name"}, actions=[execute("Go"), show])
    assert sent(built, "Tell", name="Ana", why="because") == {"name": "Ana", "why": "because"}
    with pytest.raises(InputRefused, match="why"):
        sent(built, "Go", why="because")


def test_inputs_are_sent_as_text_and_empty_ones_not_at_all() -> None:
    choices = [{"title": "A", "value": "a"}, {"title": "B", "value": "b"}]
    built = card(
        {"type": "Input.Number", "id": "n"},
        {"type": "Input.Toggle", "id": "on", "title": "On"},
        {"type": "Input.Toggle", "id": "off", "title": "Off", "valueOff": "no"},
        {"type": "Input.ChoiceSet", "id": "many", "isMultiSelect": True, "choices": choices},
        {"type": "Input.Text", "id": "preset", "value": "kept"},
        {"type": "Input.Text", "id": "empty"},
        actions=[execute("Go", data={"run": 1})],
    )
    expected = {"run": 1, "n": "7", "on": "true", "off": "no", "many": "a,b", "preset": "kept"}
    assert sent(built, n=7, on=True, many=["a", "b"]) == expected


def test_an_action_without_associated_inputs_sends_and_checks_none() -> None:
    skip = execute("Skip", associatedInputs="None", data={"run": 1})
    built = card({"type": "Input.Text", "id": "t", "isRequired": True, "value": "x"}, actions=[skip])
    assert sent(built, "Skip") == {"run": 1}


@pytest.mark.parametrize(
    ("element", "bad", "good"),
    [
        ({"type": "Input.Text"}, "", "x"),
        ({"type": "Input.Text", "maxLength": 2}, "xxx", "xx"),
        ({"type": "Input.Text", "regex": "^[a-z]+$"}, "A", "a"),
        ({"type": "Input.Number", "min": 0, "max": 10}, 11, 10),
        ({"type": "Input.Number", "min": 1}, 0, 1),
        ({"type": "Input.Number"}, "ten", "10"),
        ({"type": "Input.Rating", "max": 4}, 5, 4),
        ({"type": "Input.ChoiceSet", "choices": [{"title": "A", "value": "a"}]}, "A", "a"),
        ({"type": "Input.Toggle"}, False, True),
    ],
)
def test_a_client_sends_only_what_the_input_takes(element: Json, bad: object, good: object) -> None:
    built = card({**element, "id": "q", "isRequired": True, "errorMessage": "Please correct this"})
    assert sent(built, q=good)
    with pytest.raises(InputRefused) as refused:
        sent(built, q=bad)
    assert refused.value.messages == ["Please correct this"]
    unchecked = filled(find_action(built, "Go"), {"q": bad}, validate=False)
    assert unchecked == ({} if bad == "" else {"q": str(bad).lower() if isinstance(bad, bool) else str(bad)})


def test_an_optional_input_may_stay_empty_but_not_be_wrong() -> None:
    built = card({"type": "Input.Number", "id": "q", "label": "Your score", "max": 5})
    assert sent(built) == {}
    with pytest.raises(InputRefused, match="Your score"):
        sent(built, q=6)


def test_choices_looked_up_while_typing_may_be_anything() -> None:
    lookup = {"type": "Data.Query", "dataset": "companies"}
    built = card({"type": "Input.ChoiceSet", "id": "q", "choices": [], "choices.data": lookup})
    assert sent(built, q="Sample Ltd") == {"q": "Sample Ltd"}


def test_the_text_of_a_card_is_what_people_can_read() -> None:
    built = card(
        {"type": "TextBlock", "text": "Hello"},
        {"type": "TextBlock", "text": "secret", "isVisible": False},
        {"type": "FactSet", "facts": [{"title": "Asked", "value": "12"}]},
        {"type": "Input.ChoiceSet", "id": "q", "label": "Why?", "choices": [{"title": "Price", "value": "p"}]},
        {"type": "Input.Rating", "id": "r", "label": "Stars", "fallback": {"type": "Input.Number", "label": "1 to 5"}},
        actions=[execute("Go", data={"text": "unseen"})],
    )
    assert card_text(built).split("\n") == ["Hello", "Asked", "12", "Why?", "Price", "Stars", "Go"]
