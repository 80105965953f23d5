"""Target mixes: what an admin types is read as it is meant, or refused with what is wrong; and who belongs where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import Refusal
from feedback.people.audience_words import value_form
from feedback.people.mixes import (
    Margin,
    Mix,
    MixOff,
    MixShareEmpty,
    MixTooFine,
    MixUnclear,
    MixValueTwice,
    mix_words,
    panel_of,
    read_margin,
    segment_of,
    shares_words,
    stratum_of,
)

SIZE = Margin("size", (("small", 40.0), ("medium", 35.0), ("large", 25.0)))
REGION = Margin("region", (("emea", 50.0), ("americas", 50.0)))


@pytest.mark.parametrize(
    "words",
    [
        "small=40 medium=35 large=25",
        "Small = 40%, MEDIUM=35 %; large=25",
        'small=40\n"medium"=35 “large”=25.0',
        "small=40.00,medium=35.000,large=25",
    ],
)
def test_shares_are_read_as_they_are_meant(words: str) -> None:
    assert read_margin("size", words) == SIZE


def test_thirds_may_be_written_with_a_comma_or_a_point() -> None:
    assert read_margin("size", "a=33,3 b=33.3 c=33.4").shares == (("a", 33.3), ("b", 33.3), ("c", 33.4))


def test_a_value_of_several_words_stands_in_quotation_marks() -> None:
    read = read_margin("role", '"Product  Manager"=60 founder=40')
    assert read.values == ["product manager", "founder"]
    assert shares_words(read) == '"product manager"=60 founder=40'


@pytest.mark.parametrize(
    ("words", "refusal", "said"),
    [
        ("small", MixUnclear, "“small”"),
        ("small=40 medium large=60", MixUnclear, "“medium large=60”"),
        ("small=-10 large=110", MixUnclear, "“small=-10 large=110”"),
        ("small=forty large=60", MixUnclear, "small=forty"),
        ("small=40x large=60", MixUnclear, "small=40x"),
        ("=100", MixUnclear, "“=100”"),
        ("", MixOff, "add up to 0, not to 100"),
        ("small=40 large=50", MixOff, "add up to 90, not to 100"),
        ("small=60 large=60", MixOff, "add up to 120, not to 100"),
        ("a=33.3 b=33.3 c=33.3", MixOff, "add up to 99.9, not to 100"),
        ("small=40 Small=60", MixValueTwice, "“small”"),
        ("small=100 large=0", MixShareEmpty, "“large”"),
        (" ".join(f"v{number}=5" for number in range(20)), MixTooFine, "20 values"),
    ],
)
def test_what_is_no_mix_is_refused_with_the_reason(words: str, refusal: type[Refusal], said: str) -> None:
    with pytest.raises(refusal, match=r"stays as it is|Nothing was changed") as refused:
        read_margin("size", words)
    assert said in str(refused.value)


def test_a_mix_has_several_attributes_up_to_a_point() -> None:
    mix = Mix((SIZE,)).with_margin(REGION)
    assert mix_words(mix) == "region emea=50 americas=50; size small=40 medium=35 large=25"
    assert mix.with_margin(Margin("size", (("all", 100.0),))).targets == ((50.0, 50.0), (100.0,))
    assert mix.without(["size"]) == Mix((REGION,))
    assert mix.without(["size", "region"]) is None
    twelve = Margin("trade", tuple((f"v{number}", 100 / 12) for number in range(12)))
    with pytest.raises(MixTooFine, match="72 combinations of values"):
        mix.with_margin(twelve)
    five = Mix(tuple(Margin(name, (("x", 100.0),)) for name in "abcd"))
    with pytest.raises(MixTooFine, match="5 attributes"):
        five.with_margin(Margin("e", (("x", 100.0),)))


values = st.text(st.characters(exclude_characters='"“”„', exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@given(st.lists(values, min_size=1, max_size=12, unique_by=value_form))
def test_what_is_written_is_read_again(names: list[str]) -> None:
    forms = [value_form(one) for one in names]
    whole, rest = divmod(100, len(forms))
    margin = Margin("size", tuple((one, float(whole + (place < rest))) for place, one in enumerate(forms)))
    assert read_margin("size", shares_words(margin)) == margin


@pytest.mark.parametrize(
    ("attributes", "segment", "stratum"),
    [
        ({"size": "Small", "region": "EMEA "}, "0.0", (0, 0)),
        ({"size": "large", "region": "americas"}, "1.2", (1, 2)),
        ({"size": "huge", "region": "emea"}, "0.-", None),
        ({"size": "small"}, "-.0", None),
        ({}, "-.-", None),
    ],
)
def test_everybody_has_a_segment_or_no_place(
    attributes: dict[str, str], segment: str, stratum: tuple[int, int] | None
) -> None:
    mix = Mix((REGION, SIZE))
    assert segment_of(mix, attributes) == segment
    assert stratum_of(segment) == stratum


@pytest.mark.parametrize(
    ("audience", "panel", "narrowed"),
    [
        ("panel insiders", "insiders", []),
        ("panel insiders and size=small", "insiders", ["size"]),
        ("panel insiders and not panel vips", "insiders", []),
        ("customers and panel insiders and region=emea and size!=small", "insiders", ["region"]),
        ("panel insiders or panel vips", "", []),
        ("panel insiders and panel vips", "", []),
        ("not panel insiders", "", []),
        ("customers", "", []),
        ("size=small", "", ["size"]),
    ],
)
def test_a_run_has_the_mix_of_the_one_panel_that_it_is_a_part_of(
    audience: str, panel: str, narrowed: list[str]
) -> None:
    assert panel_of(audience) == (panel, narrowed)
