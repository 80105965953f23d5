"""Themes and what people make of them: corrections last, and of an anonymous run no small number can be worked out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.runs.runs import Run, RunState
from feedback.surveys.surveys import Survey
from feedback.texts.theme_making import Found
from feedback.texts.themes import (
    ENOUGH,
    NoSuchName,
    NoSuchTheme,
    Theme,
    Themes,
    TooFewTexts,
    find_themes,
    for_the_machine,
    keep_made,
    merge_themes,
    move_text,
    put_away_theme,
    rename_theme,
    shown_themes,
    take_back_theme,
)
from store.contract import Store

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
OPEN = Survey("s", "Sample", ())
HUSHED = Survey("s", "Sample", (), is_anonymous=True, threshold=5)
RUN = Run("s-1", OPEN, "customers", RunState.SENT, NOW, "t:admin")
REFS = [f"r{number:02}" for number in range(50)]
WHERE = ("s-1", "why")


async def made(store: Store, *groups: Sequence[int], run: Run = RUN, refs: Sequence[str] = REFS) -> Themes:
    """Keep what a machine has found among the texts that it may have."""
    given_to_it = for_the_machine(await find_themes(store, *WHERE), refs, run.survey)
    found = [
        Found((f"word {place}",), tuple(given_to_it.index(REFS[one]) for one in some if REFS[one] in given_to_it))
        for place, some in enumerate(groups)
    ]
    return await keep_made(store, run, "why", given_to_it, found, texts=len(refs), now=NOW)


def told(themes: Themes, refs: Sequence[str] = REFS, survey: Survey = OPEN) -> dict[str, list[str]]:
    return {one.theme.name: sorted(one.members) for one in shown_themes(themes, refs, survey).themes}


async def test_what_is_made_is_kept_with_what_it_was_made_from(embedded: Store) -> None:
    themes = await made(embedded, range(10), range(10, 16))
    assert await find_themes(embedded, *WHERE) == themes
    assert told(themes) == {"word 0": REFS[:10], "word 1": REFS[10:16]}
    assert (themes.made_at, themes.looked_at, themes.texts) == (NOW, 50, 50)
    assert shown_themes(themes, REFS, OPEN).others == 34


async def test_made_again_they_take_the_place_of_the_old_ones(embedded: Store) -> None:
    first = await made(embedded, range(10))
    second = await made(embedded, range(4), range(4, 9))
    assert told(second) == {"word 0": REFS[:4], "word 1": REFS[4:9]}
    assert not {one.id for one in first.themes} & {one.id for one in second.themes}, (
        "an old form is not taken for a new"
    )


async def test_what_somebody_corrected_stays_when_they_are_made_again(embedded: Store) -> None:
    themes = await made(embedded, range(5), range(5, 10), range(10, 15))
    first, second, _ = (one.id for one in themes.themes)
    await rename_theme(embedded, *WHERE, first, "  Too   dear ")
    await put_away_theme(embedded, *WHERE, second)
    await move_text(embedded, *WHERE, REFS[14], "")
    themes = await made(embedded, range(30))
    assert told(themes) == {"Too dear": REFS[:5], "word 0": [*REFS[10:14], *REFS[15:30]]}
    assert [one.name for one in shown_themes(themes, REFS, OPEN).put_away] == ["word 1"]
    assert (themes.looked_at, themes.texts) == (50, 50)


async def test_a_theme_that_was_put_away_comes_back(embedded: Store) -> None:
    themes = await made(embedded, range(5), range(5, 10))
    one = themes.themes[0].id
    assert "word 0" not in told(await put_away_theme(embedded, *WHERE, one))
    assert told(await take_back_theme(embedded, *WHERE, one))["word 0"] == REFS[:5]


async def test_merged_themes_are_one_and_each_text_is_in_it_once(embedded: Store) -> None:
    themes = await made(embedded, range(5), range(5, 10))
    first, second = (one.id for one in themes.themes)
    merged = await merge_themes(embedded, *WHERE, first, second)
    assert told(merged) == {"word 1": REFS[:10]}
    for one, into in ((first, second), (second, second), (second, "t99")):
        with pytest.raises(NoSuchTheme):
            await merge_themes(embedded, *WHERE, one, into)
    assert await find_themes(embedded, *WHERE) == merged


async def test_a_text_that_is_moved_is_nowhere_else(embedded: Store) -> None:
    themes = await made(embedded, range(5), range(5, 10))
    first, second = (one.id for one in themes.themes)
    moved = await move_text(embedded, *WHERE, REFS[0], second)
    assert told(moved) == {"word 0": REFS[1:5], "word 1": [REFS[0], *REFS[5:10]]}
    assert [one.is_by_hand for one in moved.themes] == [False, True]
    out = await move_text(embedded, *WHERE, REFS[0], "")
    assert REFS[0] in out.apart
    back = await move_text(embedded, *WHERE, REFS[0], first)
    assert REFS[0] not in back.apart
    with pytest.raises(NoSuchTheme):
        await move_text(embedded, *WHERE, REFS[0], "t99")
    assert await find_themes(embedded, *WHERE) == back


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
async def test_no_theme_is_called_nothing(embedded: Store, name: str) -> None:
    themes = await made(embedded, range(5))
    with pytest.raises(NoSuchName):
        await rename_theme(embedded, *WHERE, themes.themes[0].id, name)
    assert await find_themes(embedded, *WHERE) == themes


async def test_a_correction_of_what_is_not_there_is_refused(embedded: Store) -> None:
    for act in (put_away_theme, take_back_theme):
        with pytest.raises(NoSuchTheme):
            await act(embedded, *WHERE, "t1")
    with pytest.raises(NoSuchTheme):
        await rename_theme(embedded, *WHERE, "t1", "Something")
    assert await find_themes(embedded, *WHERE) == Themes()


async def test_a_correction_made_while_the_machine_was_at_work_stays(embedded: Store) -> None:
    themes = await made(embedded, range(5), range(5, 10))
    looked_at = for_the_machine(themes, REFS, OPEN)
    await rename_theme(embedded, *WHERE, themes.themes[0].id, "Mine")
    found = [Found(("late",), tuple(range(30)))]
    assert told(await keep_made(embedded, RUN, "why", looked_at, found, texts=50, now=NOW)) == {
        "Mine": REFS[:5],
        "late": REFS[5:30],
    }


async def test_of_too_few_texts_none_are_made(embedded: Store) -> None:
    with pytest.raises(TooFewTexts):
        for_the_machine(Themes(), REFS[: ENOUGH - 1], OPEN)
    themes = await made(embedded, range(31))
    await rename_theme(embedded, *WHERE, themes.themes[0].id, "Mine")
    with pytest.raises(TooFewTexts):
        for_the_machine(await find_themes(embedded, *WHERE), REFS, OPEN)


def test_what_is_removed_is_in_no_theme() -> None:
    themes = Themes((Theme("t1", "one", tuple(REFS[:4])), Theme("t2", "two", (REFS[4],))))
    assert told(themes, [REFS[0], REFS[9]]) == {"one": [REFS[0]]}
    assert shown_themes(themes, [REFS[0], REFS[9]], OPEN).others == 1


async def test_a_corrected_theme_that_is_too_small_to_be_shown_is_let_go(embedded: Store) -> None:
    hushed = msgspec.structs.replace(RUN, survey=HUSHED)
    themes = await made(embedded, range(5), range(5, 15), run=hushed)
    first, second = (one.id for one in themes.themes)
    await rename_theme(embedded, *WHERE, first, "Mine")
    small = await move_text(embedded, *WHERE, REFS[0], second)
    assert "Mine" not in told(small, survey=HUSHED)
    again = await made(embedded, range(1, 5), range(15, 50), run=hushed)
    assert REFS[1] in for_the_machine(again, REFS, HUSHED), "its texts are the machine's again"
    assert "Mine" not in [one.name for one in again.themes]


groups = st.lists(st.integers(0, 12), max_size=8)


@given(groups, st.integers(0, 12), st.integers(3, 8), st.sets(st.integers(0, 7)))
def test_no_sum_or_difference_of_what_is_shown_is_a_small_number(
    sizes: list[int], rest: int, threshold: int, away: set[int]
) -> None:
    refs = [f"r{number}" for number in range(sum(sizes) + rest)]
    themes, start = [], 0
    for place, size in enumerate(sizes):
        members = tuple(refs[start : start + size])
        themes.append(Theme(f"t{place}", f"name {place}", members, is_put_away=place in away))
        start += size
    survey = msgspec.structs.replace(HUSHED, threshold=threshold)
    shown = shown_themes(Themes(tuple(themes)), refs, survey)
    numbers = [*(one.n for one in shown.themes), shown.others]
    assert sum(numbers) == len(refs)
    for count in range(1, len(numbers) + 1):
        for some in combinations(numbers, count):
            assert sum(some) == 0 or sum(some) >= threshold or len(refs) < threshold
    if len(refs) < threshold:
        assert shown.themes == (), "of so few nothing is shown anyway: texts.py has no place for them"


@given(groups, st.integers(0, 12))
def test_where_nothing_was_promised_every_theme_is_shown(sizes: list[int], rest: int) -> None:
    """The law above is able to fail."""
    refs = [f"r{number}" for number in range(sum(sizes) + rest)]
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    themes = [
        Theme(f"t{place}", "x", tuple(refs[at : at + size]))
        for place, (at, size) in enumerate(zip(starts, sizes, strict=True))
    ]
    shown = shown_themes(Themes(tuple(themes)), refs, OPEN)
    assert sorted(one.n for one in shown.themes) == sorted(size for size in sizes if size)
    assert shown.others == rest
