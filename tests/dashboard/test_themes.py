"""Themes over HTTP: made by a machine and said to be so, corrected by hand, and none of too few in an anonymous run."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from dashboard import text_pages, theme_desk
from dashboard.text_views import ON_A_PAGE
from dashboard.theme_desk import NOT_MADE
from feedback.audit import latest_records
from feedback.people.people import Role
from feedback.runs.runs import DeliveryState, deliveries, find_run
from feedback.texts.theme_machine import ThemesNotMade
from feedback.texts.theme_making import Found
from feedback.texts.themes import Themes, find_themes
from store.contract import Patch, Store, Unavailable
from tests.conftest import Clock
from tests.dashboard.house import WHY, furnish
from tests.dashboard.reading import (
    PAGE,
    BrokenMachine,
    QuickMachine,
    does,
    newest,
    quotes,
    read,
    refs,
    themes,
    token_of,
    with_machine,
)
from tests.dashboard.site import Site, site_of
from tests.dashboard.test_anonymous_runs import HUSHED, PEOPLE, told


async def test_themes_are_made_shown_with_n_and_quotes_and_said_to_be_automatic(desk: Site, clock: Clock) -> None:
    admin, engineer = await desk.visitor(Role.ADMIN), await desk.visitor(Role.ENGINEER)
    clock.pass_s(3600)
    page = await does(admin, "themes/make")
    found = themes(page)
    assert len(found) >= 2
    assert {origin for _, _, origin in found} == {"made automatically"}
    seen = await read(engineer)
    assert [name for _, name, _ in themes(seen)] == [name for _, name, _ in found]
    whole = len(await newest(desk.store))
    assert f"from {whole} of {whole} texts" in seen
    for one, name, _ in found:
        of_it = await read(engineer, f"{PAGE}?question=why&theme={one}")
        n = re.search(rf">{re.escape(name)}</a>.*?n (\d+) of {whole}", of_it, re.DOTALL)
        assert n is not None
        assert f"{n[1]} texts of {whole}" in of_it
        assert set(re.findall(r'class="short">(.*?)</blockquote>', of_it)) <= set(WHY)
    record = (await latest_records(desk.store, clock.now(), limit=1))[0]
    assert (record.what, record.on, record.after) == ("theme", "pulse-1, why", "made by machine")


async def test_themes_that_are_kept_are_not_made_for_each_visitor(desk: Site, clock: Clock) -> None:
    machine = QuickMachine()
    with_machine(desk, machine, clock)
    admin = await desk.visitor(Role.ADMIN)
    await does(admin, "themes/make")
    for _ in range(3):
        await read(admin)
    assert machine.asked == 1


async def test_a_theme_is_corrected_by_hand_and_stays_so(desk: Site, clock: Clock) -> None:
    admin = await desk.visitor(Role.ADMIN)
    (first, name, _), (second, other, _), *_ = themes(await does(admin, "themes/make"))
    page = await does(admin, "themes/rename", of=first, name="What it <does>")
    assert (first, "What it <does>", "corrected by hand") in themes(page)
    page = await does(admin, "themes/merge", of=second, into=first)
    assert other not in [one for _, one, _ in themes(page)]
    text = refs(await read(admin, f"{PAGE}?question=why&theme={first}"))[0]
    page = await does(admin, "themes/move", text=text, into="")
    assert text not in refs(await read(admin, f"{PAGE}?question=why&theme={first}"))
    assert text in refs(await read(admin, f"{PAGE}?question=why&theme=none"))
    page = await does(admin, "themes/make")
    assert (first, "What it <does>", "corrected by hand") in themes(page)
    page = await does(admin, "themes/put-away", of=first)
    assert first not in [one for one, _, _ in themes(page)]
    assert "Take back" in page
    assert first in [one for one, _, _ in themes(await does(admin, "themes/take-back", of=first))]
    clock.pass_s(1)
    told_of = str(await latest_records(desk.store, clock.now(), limit=20))
    assert "What it <does>" in told_of
    assert name not in told_of, "the words of a machine are from what people wrote"
    assert not any(why in told_of for why in WHY)


async def test_a_theme_that_is_gone_is_said_so_and_all_texts_are_shown(desk: Site) -> None:
    page = await read(await desk.visitor(Role.ENGINEER), f"{PAGE}?question=why&theme=t99", 404)
    assert "There is no such theme any more" in page
    assert len(quotes(page)) == ON_A_PAGE


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ThemesNotMade(), "too long, or too much memory"),
        (Unavailable("sample"), NOT_MADE),
        (KeyError("Für uns"), NOT_MADE),
    ],
)
async def test_where_the_machine_fails_the_page_says_so_and_keeps_what_there_was(
    desk: Site, clock: Clock, error: Exception, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    admin = await desk.visitor(Role.ADMIN)
    before = themes(await does(admin, "themes/make"))
    with_machine(desk, BrokenMachine(error), clock)
    page = await does(admin, "themes/make")
    assert why in page
    assert themes(page) == before
    assert "Für uns" not in caplog.text, "what went wrong is named, and quotes nothing"
    with_machine(desk, QuickMachine(), clock)
    page = await does(admin, "themes/make")
    assert why not in page


async def test_of_too_few_texts_no_themes_are_made(embedded: Store, clock: Clock) -> None:
    await furnish(embedded, 30)
    async with site_of(embedded, clock) as site:
        admin = await site.visitor(Role.ADMIN)
        assert "too few for a machine" in await does(admin, "themes/make", 400)
        assert (await find_themes(embedded, "pulse-1", "why")).made_at is None


async def test_whoever_is_forgotten_is_in_no_theme_and_under_no_tag(desk: Site, clock: Clock) -> None:
    admin = await desk.visitor(Role.ADMIN)
    one = await anext(
        each
        async for each in deliveries(desk.store, "pulse-1", states=frozenset({DeliveryState.ANSWERED}))
        if "why" in each.answers
    )
    odd = "Search finds nothing: Xylophone"
    await desk.store.patch("runs", "pulse-1", Patch(one.id, set={"answers": {**one.answers, "why": odd}}))
    await does(admin, "themes/make")
    (text,) = refs(await read(admin, f"{PAGE}?words=xylophone"))
    await does(admin, "tags/add", text=text, name="odd")
    assert odd in await read(admin, f"{PAGE}?question=why&tag=odd")
    await desk.store.patch("runs", "pulse-1", Patch(one.id, set={"answers": {}}))
    for path in (f"{PAGE}?words=xylophone", f"{PAGE}?question=why&tag=odd", PAGE):
        page = await read(admin, path)
        assert odd not in page
        assert "Xylophone" not in page.replace('value="xylophone"', "")
    clock.pass_s(61)
    assert "odd (1)" not in await read(admin)


async def test_of_a_sealed_run_no_small_theme_is_shown(embedded: Store, clock: Clock) -> None:
    class Uneven(QuickMachine):
        async def find(self, texts: Sequence[str], least: int) -> list[Found]:
            assert (len(texts), least) == (PEOPLE, 3)
            return [Found(("large",), tuple(range(10))), Found(("middle",), tuple(range(10, 22)))]

    await told(embedded, HUSHED)
    async with site_of(embedded, clock) as site:
        with_machine(site, Uneven(), clock)
        admin, base = await site.visitor(Role.ADMIN), "/runs/hush-1/texts"
        page = await does(admin, "themes/make", path=base)
        (only,) = themes(page)
        assert only[1] == "large", "with both, two would be left over"
        assert "In no theme: 14" in page
        kept = [one.id for one in (await find_themes(embedded, "hush-1", "why")).themes]
        hidden = next(one for one in kept if one != only[0])
        assert "There is no such theme any more" in await read(admin, f"{base}?question=why&theme={hidden}", 404)


class WaitingMachine(QuickMachine):
    """Is at work until it may end, or until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end, self.is_stopped = asyncio.Event(), asyncio.Event(), False

    async def find(self, texts: Sequence[str], least: int) -> list[Found]:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.is_stopped = True
            raise
        return await super().find(texts, least)


async def test_nobody_waits_long_and_the_page_says_that_they_are_being_made(desk: Site, clock: Clock) -> None:
    machine = WaitingMachine()
    with_machine(desk, machine, clock)
    desk.parts.theme_desk.patience_s = 0
    admin = await desk.visitor(Role.ADMIN)
    token = await token_of(admin)
    for _ in range(2):
        assert (await admin.post(f"{PAGE}/themes/make", token=token, question="why")).status == 303
    page = await read(admin)
    assert "Themes are being made" in page
    assert "themes/make" not in page
    machine.may_end.set()
    while "Themes are being made" in page:
        page = await read(admin)
    assert themes(page)
    assert machine.asked == 1, "who asks while they are made waits for those"


async def test_a_page_that_is_made_while_they_end_does_not_say_that_there_are_none(
    desk: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = WaitingMachine()
    with_machine(desk, machine, clock)
    desk.parts.theme_desk.patience_s = 0
    admin = await desk.visitor(Role.ADMIN)
    await admin.post(f"{PAGE}/themes/make", token=await token_of(admin), question="why")

    async def ended_right_after_reading(store: Store, run: str, question: str) -> Themes:
        found = await find_themes(store, run, question)
        machine.may_end.set()
        while desk.parts.theme_desk.is_at_work(run, question):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        return found

    monkeypatch.setattr(text_pages, "find_themes", ended_right_after_reading)
    page = await read(admin)
    assert "Themes are being made" in page
    assert not themes(page)
    assert themes(await read(admin))


async def test_who_asks_at_the_same_moment_has_them_made_once(
    desk: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_from_afar(store: Store, run: str, question: str) -> Themes:
        await asyncio.sleep(0)
        return await find_themes(store, run, question)

    monkeypatch.setattr(theme_desk, "find_themes", read_from_afar)
    machine = WaitingMachine()
    with_machine(desk, machine, clock)
    desk.parts.theme_desk.patience_s = 0
    run = await find_run(desk.store, "pulse-1")
    places = (await desk.parts.readings.look(run)).places["why"]
    await asyncio.gather(*(desk.parts.theme_desk.make(run, "why", places) for _ in range(3)))
    machine.may_end.set()
    while desk.parts.theme_desk.is_at_work("pulse-1", "why"):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0)
    assert machine.asked == 1


async def test_what_is_at_work_ends_with_the_service(desk: Site, clock: Clock) -> None:
    machine = WaitingMachine()
    with_machine(desk, machine, clock)
    desk.parts.theme_desk.patience_s = 0
    admin = await desk.visitor(Role.ADMIN)
    await admin.post(f"{PAGE}/themes/make", token=await token_of(admin), question="why")
    await machine.begun.wait()
    await desk.parts.theme_desk.close()
    assert machine.is_stopped
    assert (await find_themes(desk.store, "pulse-1", "why")).made_at is None
    assert "Themes are being made" not in await read(admin)


async def test_the_real_machine_makes_them_too(site: Site) -> None:
    site.parts.theme_desk.patience_s = 100
    page = await does(await site.visitor(Role.ADMIN), "themes/make")
    assert len(themes(page)) >= 2
