"""The words that ask for waves: what is read, and what is refused rather than sent to everybody at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import Refusal
from feedback.runs.timing import read_schedule, read_send
from feedback.runs.wave_words import (
    Waves,
    WavesAlone,
    WavesUnclear,
    WaveTooLarge,
    WaveTooSoon,
    margin_words,
    read_waves,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "audience", "waves"),
    [
        ("customers until ±5", "customers", Waves(5)),
        ("customers until ±5 by size", "customers", Waves(5, "size")),
        ("customers until +-5 by Company Size", "customers", None),
        ('customers until +-5 by "Company Size"', "customers", Waves(5, "company-size")),
        ("customers until +/-0.25 by size", "customers", Waves(0.25, "size")),
        ("customers until ±0,25", "customers", Waves(0.25)),
        ("customers until 5 points by size, 200 a wave", "customers", Waves(5, "size", 200)),
        ("customers until ±5 percent, 20 people per wave", "customers", Waves(5, "", 20)),
        ("customers until ±5%", "customers", Waves(5)),
        ("customers until ±5 by size every 2 days", "customers", Waves(5, "size", every=2 * DAY)),
        ("customers UNTIL ±5 BY size, EVERY day, 7 A WAVE", "customers", Waves(5, "size", 7)),
        ("customers until ±5, every 12 hours", "customers", Waves(5, every=timedelta(hours=12))),
        ('panel "until ±5" until ±3.', 'panel "until ±5"', Waves(3)),
        ("panel until", "panel until", Waves(0)),
    ],
)
def test_what_is_asked_for_is_read(words: str, audience: str, waves: Waves | None) -> None:
    if waves is None:
        with pytest.raises(WavesUnclear):
            read_waves(words)
    elif not waves.margin:
        assert read_waves(words) == (audience, None)
    else:
        assert read_waves(words) == (audience, waves)


@pytest.mark.parametrize(
    ("words", "refusal", "sentence"),
    [
        ("customers until sure", WavesUnclear, "I can't read “sure” after “until”, so nothing was sent"),
        ("customers until ±0", WavesUnclear, "after “until”"),
        ("customers until 2026-12-01", WavesUnclear, "“2026-12-01”"),
        ("customers until ±5 by", WavesUnclear, "±5 by"),
        ("customers until ±5x", WavesUnclear, "±5x"),
        ("customers until ±5 or so", WavesUnclear, "±5 or so"),
        ("customers until ±5 by size, 200 people", WavesUnclear, "200 people"),
        ("customers until ±5 by size, 0 a wave", WaveTooLarge, "1 to 10,000 people"),
        ("customers until ±5 by size, 20000 a wave", WaveTooLarge, "1 to 10,000 people"),
        ("customers until ±5 by size, every 5 minutes", WaveTooSoon, "at least an hour"),
        ("customers until ±5 by size, every 9 weeks", WaveTooSoon, "at most 30 days"),
        ("customers until ±5 by size at tomorrow 9:00", WavesAlone, "leave out “at tomorrow 9:00”"),
        ("customers until ±5, remind after 3 days", WavesAlone, "leave out “remind after 3 days”"),
        ("customers, close after 3 days until ±5", WavesAlone, "leave out “close after 3 days”"),
        ("customers at tomorrow 9:00 until ±5", WavesAlone, "Waves begin at once"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_sentence(words: str, refusal: type[Refusal], sentence: str) -> None:
    with pytest.raises(refusal) as refused:
        read_send(words, now=NOW, zone="UTC")
    assert sentence in str(refused.value)


def test_the_last_date_of_a_schedule_is_no_margin() -> None:
    asked = read_schedule("customers every day until 2026-12-24", now=NOW, zone="UTC")
    assert asked.waves is None
    assert asked.timing is not None


def test_waves_come_with_what_was_asked_for() -> None:
    asked = read_send("size=small and region=emea until ±5 by size", now=NOW, zone="UTC")
    assert (asked.audience, asked.timing, asked.waves) == ("size=small and region=emea", None, Waves(5, "size"))


@given(
    st.integers(1, 9999),
    st.sampled_from(["", "size", "company-size"]),
    st.integers(1, 10_000),
    st.integers(1, 30 * 24),
)
def test_waves_read_as_they_are_written(margin: int, by: str, size: int, hours: int) -> None:
    waves = Waves(margin / 100, by, size, timedelta(hours=hours))
    assert read_waves(f"customers {waves}") == ("customers", waves)


@pytest.mark.parametrize(("margin", "words"), [(5, "±5"), (0.25, "±0.25"), (10, "±10"), (4.80, "±4.8"), (0, "±0")])
def test_a_margin_is_written_as_it_is_typed(margin: float, words: str) -> None:
    assert margin_words(margin) == words
