"""Weighted figures and “do not conclude yet” on the page, in every file and in the API: the same everywhere."""

import csv
import html
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import jsonschema
import msgspec
import pytest

from dashboard.charts import rows_of, weighted_rows_of
from dashboard.columns import DOUBTS, doubts_in_short
from dashboard.exports import answers_csv, answers_json, answers_xlsx
from dashboard.poster import poster
from dashboard.templating import percent, signed
from feedback.people.mixes import Margin, Mix, mix_words
from feedback.people.people import Role
from feedback.results.coverage import OTHERS, UNKNOWN, Heard, coverage_of
from feedback.results.results import QuestionResult, Results, results_of
from feedback.results.verdicts import TITLE, Doubt, Reason, Verdict
from feedback.runs.runs import DeliveryState, deliveries, find_run
from feedback.surveys.questions import Kind
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.dashboard import spreadsheet
from tests.dashboard.house import furnish
from tests.dashboard.site import Site, site_of

MIX = Mix(
    (
        Margin("region", (("emea", 50.0), ("americas", 30.0), ("apac", 20.0))),
        Margin("size", (("small", 60.0), ("medium", 15.0), ("large", 25.0))),
    )
)
MISSED = Mix((Margin("size", (("small", 60.0), ("medium", 15.0), ("huge", 25.0))),))


@pytest.fixture
async def site(embedded: Store, clock: Clock) -> AsyncIterator[Site]:
    await furnish(embedded, 420, mix=MIX)
    async with site_of(embedded, clock) as site:
        yield site


async def results(site: Site, run: str = "pulse-1") -> Results:
    return await results_of(site.store, run, site.parts.tallier)


async def whole(blocks: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in blocks])


def asked(found: Results, question: str) -> QuestionResult:
    return next(one for one in found.questions if one.question.id == question)


async def test_the_page_shows_raw_and_weighted_beside_each_other(site: Site) -> None:
    found = await results(site)
    nps = asked(found, "nps")
    assert nps.nps is not None
    assert nps.weighted is not None
    assert nps.weighted.nps is not None
    assert nps.weighted.nps.value != pytest.approx(nps.nps.value, abs=0.1)
    page = await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/results")).text()
    assert f"<strong>{signed(nps.nps.value)}</strong> NPS" in page
    assert f"<strong>{signed(nps.weighted.nps.value)}</strong> NPS weighted" in page
    assert f"effective n {int(nps.weighted.precision.n_effective)} of {nps.weighted.precision.n}" in page
    assert html.escape(mix_words(MIX)) in page
    assert page.count(TITLE) == sum(bool(one.verdict.own) for one in found.questions), "none of the whole run"
    assert page.count("Weighted, 95 % interval") == sum(bool(weighted_rows_of(one)) for one in found.questions)


async def test_doubts_stand_on_the_page_with_their_reasons(embedded: Store, clock: Clock) -> None:
    await furnish(embedded, 40, mix=MISSED)
    async with site_of(embedded, clock) as site:
        found = await results(site)
        assert {one.doubt for one in found.verdict.reasons} == {Doubt.TOO_FEW, Doubt.MISSING}
        page = html.unescape(await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/results")).text())
        for one in found.verdict.reasons:
            assert page.count(one.words) == 1, "said once, above everything"
        assert "size=huge (25 % of the target mix)" in page
        assert "Not weighted to the target mix" in page


async def test_a_question_has_doubts_of_its_own(site: Site) -> None:
    async for one in deliveries(site.store, "pulse-1", states=frozenset({DeliveryState.ANSWERED})):
        if int(one.id.partition(":")[2][:8]) % 12:
            rest = {name: answer for name, answer in one.answers.items() if name != "done"}
            await site.store.patch("runs", "pulse-1", Patch(one.id, set={"answers": rest}))
    found = await results(site)
    assert found.verdict.reasons == ()
    (reason,) = asked(found, "done").verdict.own[:1]
    assert reason.doubt is Doubt.TOO_FEW
    page = html.unescape(await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/results")).text())
    assert reason.words in page


async def test_the_api_gives_weighted_figures_and_the_verdict_as_it_describes_them(site: Site) -> None:
    found = await results(site)
    visitor = await site.visitor(Role.ENGINEER)
    body = json.loads(await visitor.body("/api/runs/pulse-1/results"))
    schema = json.loads(await visitor.body("/api/openapi.json"))
    shape = {"$ref": "#/components/schemas/RunFigures", "components": schema["components"]}
    jsonschema.Draft202012Validator(shape).validate(body)
    assert body["verdict"] == {"do_not_conclude_yet": False, "reasons": [], "unchecked": ""}
    assert found.weighting is not None
    assert found.weighting.precision is not None
    assert body["weighting"]["n_effective"] == found.weighting.precision.n_effective
    assert [one["value"] for one in body["weighting"]["segments"]] == [
        "emea", "americas", "apac", "small", "medium", "large",
    ]  # fmt: skip
    for told, one in zip(body["questions"], found.questions, strict=True):
        if one.question.kind in {Kind.TEXT, Kind.DATE}:
            assert told["weighted"] is None
            continue
        assert one.weighted is not None
        shares = [(share["answer"], share["share"]["value"]) for share in told["weighted"]["shares"]]
        labels = [label for label, _ in rows_of(one)]
        assert shares == list(zip(labels, (share.value for share in weighted_rows_of(one)), strict=False))
        assert bool(shares) == (one.question.kind is not Kind.NUMBER)


async def test_every_file_says_do_not_conclude_yet(embedded: Store, clock: Clock) -> None:
    await furnish(embedded, 40, mix=MISSED)
    async with site_of(embedded, clock) as site:
        found = await results(site)
        words = [one.words for one in found.verdict.reasons]
        document = json.loads(await whole(answers_json(embedded, found, datetime(2026, 11, 24, tzinfo=UTC))))
        assert document["verdict"]["do_not_conclude_yet"]
        assert [one["words"] for one in document["verdict"]["reasons"]] == words
        assert document["weighting"]["why_not"]
        assert all(one["verdict"]["do_not_conclude_yet"] for one in document["results"] if one["question"] != "why")
        sheet = spreadsheet.read(await whole(answers_xlsx(embedded, found)))["Results"]
        said = [cell[1] for row in sheet for cell in row.values()]
        own = [each.words for one in found.questions for each in one.verdict.own]
        assert [one for one in said if one.startswith(TITLE)] == [f"{TITLE}: {one}" for one in [*words, *own]]
        text = (await whole(answers_csv(embedded, found))).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == found.n
        assert {row[DOUBTS] for row in rows} == {doubts_in_short(found)}
        assert doubts_in_short(found).startswith("too few, segment missing")
        picture = html.unescape(poster(found, [(one, "") for one in found.questions], clock.now()))
        assert f"{TITLE}. {words[0]}" in picture
        lines = lines_of(picture)
        assert all(one in lines for one in words), "the sheet leaves no reason out"
        assert all(f"{TITLE}: {one}" in lines for one in own)


def lines_of(picture: str) -> str:
    """Return what a sheet says, line after line, each in full."""
    lines = re.findall(r"<text[^>]*>(.*?)</text>", picture)
    assert max(map(len, lines)) <= 140, "a line would leave the sheet"
    return " ".join(lines)


async def test_the_sheet_for_a_deck_has_questions_reasons_and_weighted_figures_in_full(site: Site) -> None:
    found = await results(site)
    many = tuple(Reason(Doubt.MISSING, f"Reason {number}: " + "said at length " * 9) for number in range(5))
    asked = msgspec.structs.replace(found.questions[0].question, text=" ".join(["What people are asked at length"] * 9))
    first = msgspec.structs.replace(found.questions[0], question=asked)
    found = msgspec.structs.replace(found, verdict=Verdict(many), questions=(first, *found.questions[1:]))
    drawn = [(one, '<svg width="10" height="10"></svg>') for one in found.questions]
    picture = html.unescape(poster(found, drawn, datetime(2026, 11, 24, tzinfo=UTC)))
    told = lines_of(picture)
    assert all(one.words.strip() in told for one in many)
    for one in found.questions:
        assert one.question.text in told
        if one.weighted is not None:
            assert f"effective n {int(one.weighted.precision.n_effective)} of {one.weighted.precision.n}" in told
        if one.weighted is not None and one.weighted.nps is not None:
            assert f"Weighted: NPS {signed(one.weighted.nps.value)}" in told
        if one.question.kind is Kind.YES_NO:
            assert f"Weighted: Yes {percent(weighted_rows_of(one)[0].value)}" in told
        assert all(f"{TITLE}: {each.words}" in told for each in one.verdict.own)
    doubts = [int(y) for y in re.findall(r'<text x="48" y="(\d+)" font-size="15" fill="#8a4b00"', picture)]
    assert max(doubts) < min(int(y) for y in re.findall(r'<path d="M\d+ (\d+)h', picture)), "they lie over questions"


async def test_where_nothing_is_doubted_files_say_so_by_silence(site: Site) -> None:
    found = await results(site)
    calm = tuple(msgspec.structs.replace(one, verdict=Verdict()) for one in found.questions)
    found = msgspec.structs.replace(found, questions=calm)
    assert doubts_in_short(found) == ""
    document = json.loads(await whole(answers_json(site.store, found, datetime(2026, 11, 24, tzinfo=UTC))))
    assert document["verdict"] == {"do_not_conclude_yet": False, "reasons": [], "unchecked": ""}
    sheet = spreadsheet.read(await whole(answers_xlsx(site.store, found)))["Results"]
    header = {cell[1]: column for column, cell in sheet[0].items()}
    (row,) = [row for row in sheet if row.get("B", ("", ""))[1] == "NPS"]
    weighted = asked(found, "nps").weighted
    assert weighted is not None
    assert weighted.nps is not None
    assert float(row[header["weighted value"]][1]) == pytest.approx(weighted.nps.value)
    assert int(row[header["effective n"]][1]) == int(weighted.precision.n_effective)
    assert TITLE not in poster(found, [(one, "") for one in found.questions], datetime(2026, 11, 24, tzinfo=UTC))


def test_doubts_in_short_name_the_question() -> None:
    verdict = {"reasons": [], "own": [{"doubt": "one segment decides", "words": "…"}]}
    question = msgspec.convert(
        {"question": {"id": "nps", "kind": "nps", "text": "?"}, "n": 1, "verdict": verdict}, QuestionResult
    )
    run = {"run": "r-1", "survey": {"id": "r", "title": "R", "questions": []}, "audience": "me", "state": "sent",
           "created_at": "2026-11-24T09:00:00Z", "created_by": "t:b"}  # fmt: skip
    found = msgspec.convert({"run": run, "n": 1, "reached": 1, "questions": []}, Results)
    assert doubts_in_short(msgspec.structs.replace(found, questions=(question,))) == "nps: one segment decides"


async def test_coverage_compares_with_the_target_mix(site: Site) -> None:
    found = await coverage_of(site.store, await find_run(site.store, "pulse-1"))
    region, size = found.attributes
    assert [one.name for one in found.attributes] == ["region", "size"]
    assert size.has_target
    assert [(one.value, one.target) for one in size.groups[:3]] == [("small", 0.6), ("medium", 0.15), ("large", 0.25)]
    assert size.groups[0].heard is Heard.LESS
    assert [one.value for one in size.missed] == ["small"]
    known = [one for one in size.groups if one.target is not None]
    assert sum(one.of_audience for one in known) == pytest.approx(1)
    assert sum(one.of_answered.value for one in known) == pytest.approx(1)
    assert [one.value for one in size.groups[3:]] == [UNKNOWN]
    assert sum(one.audience for one in size.groups) == found.people
    assert sum(one.answered for one in region.groups) == found.answered
    page = await (await (await site.visitor(Role.MANAGER)).get("/runs/pulse-1/coverage")).text()
    assert '<th scope="col" class="number">Target</th>' in page
    assert "Not in the mix" in page


async def test_a_value_of_the_mix_that_nobody_has_is_missed(embedded: Store) -> None:
    run = await furnish(embedded, 120, mix=MISSED)
    (size, _) = sorted(
        (await coverage_of(embedded, await find_run(embedded, run.run))).attributes, key=lambda one: not one.has_target
    )
    huge = next(one for one in size.groups if one.value == "huge")
    assert (huge.audience, huge.heard) == (0, Heard.MISSED)
    assert {one.value for one in size.groups} == {"small", "medium", "huge", OTHERS, UNKNOWN}
