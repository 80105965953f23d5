"""Tags and themes on every engine: kept as they are, and nobody's are lost where several write at the same time."""

import asyncio
from datetime import UTC, datetime

from feedback.runs import Run, RunState
from feedback.surveys import Survey
from feedback.text_tags import add_tag, find_tags, remove_tag
from feedback.theme_making import Found
from feedback.themes import find_themes, for_the_machine, keep_made, move_text, rename_theme
from store.contract import Store

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RUN = Run("s-1", Survey("s", "Sample", ()), "customers", RunState.SENT, NOW, "t:admin")
REFS = [f"r{number:02}" for number in range(24)]


async def test_tags_that_several_give_at_once_are_all_kept(store: Store) -> None:
    await asyncio.gather(*(add_tag(store, "s-1", "why", f"r{number}", "slow") for number in range(4)))
    assert (await find_tags(store, "s-1", "why")).by_text == {f"r{number}": ("slow",) for number in range(4)}
    await asyncio.gather(*(remove_tag(store, "s-1", "why", f"r{number}", "slow") for number in range(3)))
    assert (await find_tags(store, "s-1", "why")).by_text == {"r3": ("slow",)}
    assert (await find_tags(store, "s-1", "rare")).by_text == {}


async def test_themes_are_kept_with_their_corrections(store: Store) -> None:
    looked_at = for_the_machine(await find_themes(store, "s-1", "why"), REFS, RUN.survey)
    found = [Found(("slow", "search"), tuple(range(6))), Found(("price",), tuple(range(6, 12)))]
    themes = await keep_made(store, RUN, "why", looked_at, found, texts=24, now=NOW)
    assert await find_themes(store, "s-1", "why") == themes
    first, second = (one.id for one in themes.themes)
    await asyncio.gather(
        rename_theme(store, "s-1", "why", first, "Zu langsam"), move_text(store, "s-1", "why", REFS[0], second)
    )
    kept = await find_themes(store, "s-1", "why")
    assert [(one.name, len(one.members), one.is_by_hand) for one in kept.themes] == [
        ("Zu langsam", 5, True),
        ("price", 7, True),
    ]
