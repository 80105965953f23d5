"""Tags and themes on every engine: kept as they are, and nobody's are lost where several write at the same time."""

import asyncio
from datetime import UTC, datetime, timedelta

from feedback.runs.deliveries import write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, create_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from feedback.texts.text_tags import add_tag, find_tags, remove_tag
from feedback.texts.texts import read_places, read_texts, search_texts
from feedback.texts.theme_making import Found
from feedback.texts.themes import find_themes, for_the_machine, keep_made, move_text, rename_theme
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


async def test_texts_are_read_in_their_order_and_searched(store: Store) -> None:
    survey = Survey("s", "Sample", (Question("why", Kind.TEXT, "Why?"),))
    run = await create_run(store, survey, "customers", by="t:admin", now=NOW, name="s-1")
    some = [
        Delivery(
            run.run,
            f"t:{number:03}",
            DeliveryState.ANSWERED,
            0,
            answered_at=NOW + timedelta(minutes=number * 7 % 130),
            answers={"why": f"Text {number % 10} of many"},
        )
        for number in range(130)
    ]
    for start in range(0, len(some), 100):
        await write_planned(store, run.run, some[start : start + 100])
    places = (await read_places(store, run)).places["why"]
    assert [one.at for one in places] == sorted((one.answered_at for one in some), reverse=True, key=str)
    said = await read_texts(store, run, "why", places)
    by_id = {one.id: one.answers["why"] for one in some}
    assert [one.text for one in said] == [by_id[one.id] for one in places]
    hits = await search_texts(store, run, "why", places, "MANY 3")
    assert [one.id for one in hits.places] == [one.id for one in places if one.id.endswith("3")]


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
