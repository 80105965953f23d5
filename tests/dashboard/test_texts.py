"""The page of texts over HTTP: reading, search, tags and files, and what nobody gets to see."""

import csv
import io
import json

import msgspec
import pytest

from dashboard.text_views import ON_A_PAGE
from feedback.audit import latest_records
from feedback.held import everything_about
from feedback.people.people import Person, Role
from feedback.runs.runs import RUN_DOC, DeliveryState, deliveries, find_run
from feedback.surveys.questions import Kind
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.dashboard import spreadsheet
from tests.dashboard.house import HOME, SURVEY
from tests.dashboard.reading import (
    PAGE,
    does,
    newest,
    quotes,
    read,
    refs,
    themes,
    token_of,
)
from tests.dashboard.site import Site, site_of
from tests.dashboard.test_anonymous_runs import HUSHED, PEOPLE, told


async def test_texts_are_read_page_by_page_newest_first(desk: Site) -> None:
    engineer, wanted = await desk.visitor(Role.ENGINEER), await newest(desk.store)
    assert len(wanted) > ON_A_PAGE
    first = await read(engineer)
    assert quotes(first) == wanted[:ON_A_PAGE]
    assert "newest first" in first
    assert f"{len(wanted)} texts" in first
    second = await read(engineer, f"{PAGE}?question=why&page=2")
    assert quotes(second) == wanted[ON_A_PAGE : 2 * ON_A_PAGE]
    assert "The ones before" in second
    assert quotes(await read(engineer, f"{PAGE}?page=999")) == wanted[-(len(wanted) % ON_A_PAGE or ON_A_PAGE) :]
    assert quotes(await read(engineer, f"{PAGE}?page=nonsense")) == wanted[:ON_A_PAGE]


async def test_search_finds_and_counts(desk: Site) -> None:
    engineer, wanted = await desk.visitor(Role.ENGINEER), await newest(desk.store)
    hits = [one for one in wanted if "suche" in one.casefold()]
    page = await read(engineer, f"{PAGE}?question=why&words=SUCHE")
    assert quotes(page) == hits[:ON_A_PAGE]
    assert f"{len(hits)} texts of {len(wanted)}" in page or f"{len(hits)} text of {len(wanted)}" in page
    assert quotes(await read(engineer, f"{PAGE}?words=nobody+said+this")) == []


async def test_who_wrote_a_text_is_not_on_the_page(desk: Site) -> None:
    admin = await desk.visitor(Role.ADMIN)
    page = await read(admin)
    assert "Sample Person" not in page
    assert "22222222-2222" not in page


async def test_an_engineer_reads_and_is_offered_no_form(desk: Site) -> None:
    page = await read(await desk.visitor(Role.ENGINEER))
    assert page.count('method="post"') == 1, "to sign out"
    assert refs(page) == [str(number) for number in range(1, ON_A_PAGE + 1)], "nothing names a text"
    assert "None yet. An admin can have them made." in page


async def test_what_people_wrote_is_text_and_nothing_else(desk: Site) -> None:
    evil = "</blockquote><script>alert(1)</script>"
    some = await anext(deliveries(desk.store, "pulse-1", states=frozenset({DeliveryState.ANSWERED})))
    await desk.store.patch("runs", "pulse-1", Patch(some.id, set={"answers": {"why": evil}}))
    admin = await desk.visitor(Role.ADMIN)
    reply = await admin.get(f"{PAGE}?words=alert")
    page = await reply.text()
    assert "alert(1)" in page
    assert "<script" not in page
    echoed = await (await admin.get(f'{PAGE}?words="><script>&tag="><script>')).text()
    assert "<script" not in echoed


async def test_an_admin_tags_a_text_finds_it_by_its_tag_and_takes_the_tag_off(desk: Site, clock: Clock) -> None:
    admin = await desk.visitor(Role.ADMIN)
    one = refs(await read(admin))[3]
    clock.pass_s(3600)
    page = await does(admin, "tags/add", text=one, name="#Slow Search")
    assert '<span class="tag">slow search</span>' in page
    by_tag = await read(admin, f"{PAGE}?question=why&tag=slow+search")
    assert refs(by_tag) == [one]
    assert "slow search (1)" in by_tag
    record = (await latest_records(desk.store, clock.now(), limit=1))[0]
    assert (record.what, record.on, record.after) == ("tag", "pulse-1, why", "added “slow search”")
    assert '<span class="tag">' not in await does(admin, "tags/remove", text=one, name="slow search")
    assert quotes(await read(admin, f"{PAGE}?question=why&tag=slow+search")) == []


@pytest.mark.parametrize(
    ("what", "fields", "why"),
    [
        ("tags/add", {"name": ""}, "A tag has from 1 to 40 letters"),
        ("tags/add", {"name": "slow", "text": "nothing"}, "There is no such text any more"),
        ("tags/remove", {"name": "slow", "text": ""}, "There is no such text any more"),
        ("themes/rename", {"of": "t9", "name": "x"}, "There is no such theme any more"),
        ("themes/merge", {"of": "t9", "into": "t8"}, "There is no such theme any more"),
        ("themes/put-away", {"of": ""}, "There is no such theme any more"),
        ("themes/take-back", {}, "There is no such theme any more"),
        ("themes/move", {"text": "nothing", "into": ""}, "There is no such text any more"),
        ("themes/move", {"into": "t9"}, "There is no such theme any more"),
    ],
)
async def test_what_cannot_be_done_is_said_on_the_page_and_not_recorded(
    desk: Site, clock: Clock, what: str, fields: dict[str, str], why: str
) -> None:
    admin = await desk.visitor(Role.ADMIN)
    text = refs(await read(admin))[0]
    before = await latest_records(desk.store, clock.now())
    page = await does(
        admin, what, 400, **({"text": text} | fields if "text" in fields or what != "themes/merge" else fields)
    )
    assert why in page
    assert quotes(page)
    assert await latest_records(desk.store, clock.now()) == before


@pytest.mark.parametrize("what", ["tags/add", "tags/remove", "themes/make", "themes/rename", "themes/move"])
async def test_no_forged_form_changes_anything(desk: Site, what: str) -> None:
    admin = await desk.visitor(Role.ADMIN)
    text = refs(await read(admin))[0]
    for fields in ({}, {"token": "wrong"}):
        reply = await admin.post(f"{PAGE}/{what}", fields, question="why", text=text, name="x", of="t1", into="")
        assert reply.status == 403
    for kind in ("tags-why", "themes-why"):
        assert await desk.store.get("runs", "pulse-1", kind) is None


async def test_what_is_no_such_act_or_question_is_not_found(desk: Site) -> None:
    admin = await desk.visitor(Role.ADMIN)
    assert (await admin.post(f"{PAGE}/themes/explode", token=await token_of(admin))).status == 404
    for path in (f"{PAGE}?question=nps", f"{PAGE}?question=none", "/runs/none/texts"):
        await read(admin, path, 404)
    reply = await admin.post(f"{PAGE}/tags/add", token=await token_of(admin), question="nps", text="x", name="x")
    assert reply.status == 404


async def test_a_survey_without_free_text_says_so(site: Site) -> None:
    asked = [msgspec.to_builtins(one) for one in SURVEY.questions if one.kind is not Kind.TEXT]
    survey = {**msgspec.to_builtins((await find_run(site.store, "pulse-1")).survey), "questions": asked}
    await site.store.patch("runs", "pulse-1", Patch(RUN_DOC, set={"survey": survey}))
    assert "asks nothing that people answer in their own words" in await read(await site.visitor(Role.ENGINEER))


async def test_the_files_of_texts_have_themes_and_tags(desk: Site, clock: Clock) -> None:
    admin = await desk.visitor(Role.ADMIN)
    one = refs(await read(admin))[0]
    (first, _, _), (_, other, _), *_ = themes(await does(admin, "themes/make"))
    await does(admin, "themes/rename", of=first, name="=Named()")
    for tag in ("slow", "=price"):
        await does(admin, "tags/add", text=one, name=tag)
    clock.pass_s(3600)
    rows = json.loads(await admin.body(f"{PAGE}.json"))["texts"]
    assert [row["text"] for row in rows] == await newest(desk.store)
    assert rows[0]["tags"] == "slow; =price"
    assert {row["theme"] for row in rows} >= {"=Named()", other}
    assert {row["theme_was"] for row in rows if row["theme"] == "=Named()"} == {"corrected by hand"}
    assert {row["theme_was"] for row in rows if row["theme"] == other} == {"made automatically"}
    lines = list(csv.DictReader(io.StringIO((await admin.body(f"{PAGE}.csv")).decode("utf-8-sig"))))
    assert len(lines) == len(rows)
    assert lines[0]["person"].startswith("22222222-")
    assert {line["theme"] for line in lines} >= {"'=Named()", other}
    sheet = spreadsheet.read(await admin.body(f"{PAGE}.xlsx"))
    assert "=HYPERLINK" in str(sheet)
    taken = {one.after for one in await latest_records(desk.store, clock.now(), limit=3) if one.what == "download"}
    assert taken == {"texts.json", "texts.csv", "texts.xlsx"}


async def test_the_files_of_a_sealed_run_have_no_more_than_its_page(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED)
    async with site_of(embedded, clock) as site:
        admin, base = await site.visitor(Role.ADMIN), "/runs/hush-1/texts"
        await does(admin, "tags/add", path=base, text=refs(await read(admin, base))[0], name="odd")
        told_of = json.loads(await admin.body(f"{base}.json"))
        assert [set(row) for row in told_of["texts"]] == [{"question", "text", "theme", "theme_was", "tags"}] * PEOPLE
        assert [row["text"] for row in told_of["texts"]] == quotes(await read(admin, base))
        text = str(told_of) + (await admin.body(f"{base}.csv")).decode()
        assert "Rare" not in text
        assert "odd" not in text, "a tag on one text is no figure"
        assert "t:0" not in text


async def test_the_files_of_an_open_anonymous_run_are_empty(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED, ends=False)
    async with site_of(embedded, clock) as site:
        admin = await site.visitor(Role.ADMIN)
        found = json.loads(await admin.body("/runs/hush-1/texts.json"))
        assert found["texts"] == []
        assert "once it is closed" in found["withheld"]
        assert b"Because" not in await admin.body("/runs/hush-1/texts.csv")


async def test_what_is_remarked_about_somebodys_text_is_in_their_data(desk: Site) -> None:
    admin = await desk.visitor(Role.ADMIN)
    text = refs(await read(admin))[0]
    await does(admin, "themes/make")
    await does(admin, "tags/add", text=text, name="odd")
    (place,) = [
        one
        for one in (await desk.parts.readings.look(await find_run(desk.store, "pulse-1"))).places["why"]
        if one.ref == text
    ]
    tenant, _, object_id = place.id.partition(":")
    person = Person(place.id, tenant, object_id, "Sample")
    told_of = str((await everything_about(desk.store, person)).documents)
    assert "'odd'" in told_of
    assert "'question': 'why'" in told_of
    other = Person(f"{HOME}:x", HOME, "x", "Sample")
    assert "odd" not in str((await everything_about(desk.store, other)).documents)


async def test_an_open_anonymous_run_has_no_texts_and_takes_no_remarks(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED, ends=False)
    async with site_of(embedded, clock) as site:
        admin = await site.visitor(Role.ADMIN)
        page = await read(admin, "/runs/hush-1/texts")
        assert "Its results appear once it is closed" in page
        assert "Because" not in page
        token = await token_of(admin, "/runs/hush-1/texts")
        for what in ("tags/add", "themes/make", "themes/move"):
            reply = await admin.post(f"/runs/hush-1/texts/{what}", token=token, question="why", text="x", name="x")
            assert reply.status == 400
            assert "Because" not in await reply.text()


async def test_a_sealed_run_shows_texts_in_an_order_that_tells_nothing(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED)
    async with site_of(embedded, clock) as site:
        engineer, admin = await site.visitor(Role.ENGINEER), await site.visitor(Role.ADMIN)
        page = await read(engineer, "/runs/hush-1/texts")
        assert sorted(quotes(page)) == sorted(f"Because {number}" for number in range(PEOPLE))
        assert quotes(page) != [f"Because {number}" for number in range(PEOPLE)]
        assert "in an order that tells nothing" in page
        assert "<time" not in page.partition('id="texts"')[2]
        rare = await read(engineer, "/runs/hush-1/texts?question=rare")
        assert "Too few people have answered this question" in rare
        assert "Rare" not in rare.replace("rare", "")
        assert (await admin.get("/runs/hush-1/texts?question=rare&words=rare")).status == 200
        assert "Rare 1" not in await read(admin, "/runs/hush-1/texts?question=rare&words=rare")


async def test_of_a_sealed_run_no_small_number_is_told(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED)
    async with site_of(embedded, clock) as site:
        admin, base = await site.visitor(Role.ADMIN), "/runs/hush-1/texts"
        texts = refs(await read(admin, base))
        for text in texts[:2]:
            page = await does(admin, "tags/add", path=base, text=text, name="odd")
        assert '<span class="tag">odd</span>' in page, "whoever reads the text sees the remark"
        assert "odd (" not in page, "how many they are is not said"
        assert quotes(await read(admin, f"{base}?question=why&tag=odd")) == []
        page = await does(admin, "tags/add", path=base, text=texts[2], name="odd")
        assert "odd (3)" in page
        few = await read(admin, f"{base}?question=why&words=because+23")
        assert quotes(few) == ["Because 23"]
        assert "1 text" not in few
