"""The target mix of a panel: set, shown beside the people, kept through imports, and taken along into runs for good."""

from datetime import time

import pytest

from broadcast.plan import Planner
from broadcast.store_queue import StoreQueue
from feedback.errors import AttributeUnknown, PanelUnknown
from feedback.people.mixes import MixOff, mix_words
from feedback.people.panels import Panel, find_panel, import_panel
from feedback.people.people_files import Listed, PeopleFile
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.runs import Run, create_run, deliveries, find_run
from feedback.runs.targets import composition_of, set_target, settle_mix
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_worker import POLICY

SURVEY = Survey("page", "Sample", (Question("q", Kind.RATING, "How good?"),))
RULES = ContactRules(quiet=QuietHours(start=time(0), end=time(0)))
pytestmark = pytest.mark.usefixtures("panel")
SIZES = ("Small", "small", "large", "", "huge")


@pytest.fixture
async def panel(embedded: Store, clock: Clock) -> Panel:
    return await imported(embedded, clock)


async def imported(store: Store, clock: Clock) -> Panel:
    people = tuple(
        Listed("t", f"{number:03d}", "", {"company": f" Sample {number % 2} "} | ({"size": size} if size else {}))
        for number, size in enumerate(SIZES)
    )
    file = PeopleFile(people, ("company", "region", "size"))
    return (await import_panel(store, "insiders", file, by="home:boss", now=clock.now())).panel


async def begun(store: Store, clock: Clock, audience: str, survey: Survey = SURVEY) -> Run:
    return await create_run(store, survey, audience, by="home:boss", now=clock.now())


async def test_a_target_is_set_attribute_by_attribute_and_taken_away(embedded: Store, panel: Panel) -> None:
    before, after = await set_target(embedded, "Insiders", "Size", "small=60 large=40")
    assert (before.target, mix_words(after.target)) == (None, "size small=60 large=40")
    await set_target(embedded, "insiders", "region", "emea=50 apac=50")
    await set_target(embedded, "insiders", "size", "small=70 large=30")
    assert (
        mix_words((await find_panel(embedded, "insiders")).target) == "region emea=50 apac=50; size small=70 large=30"
    )
    await set_target(embedded, "insiders", "region", "none")
    before, after = await set_target(embedded, "insiders", "size", "NONE")
    assert (mix_words(before.target), after.target) == ("size small=70 large=30", None)
    assert await find_panel(embedded, "insiders") == panel


async def test_an_import_keeps_the_target(embedded: Store, clock: Clock) -> None:
    await set_target(embedded, "insiders", "size", "small=60 large=40")
    await imported(embedded, clock)
    assert mix_words((await find_panel(embedded, "insiders")).target) == "size small=60 large=40"


@pytest.mark.parametrize(
    ("name", "attribute", "shares", "refusal"),
    [
        ("insider", "size", "small=100", PanelUnknown),
        ("insiders", "siez", "small=100", AttributeUnknown),
        ("insiders", "!!", "small=100", AttributeUnknown),
        ("insiders", "size", "small=99", MixOff),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    embedded: Store, name: str, attribute: str, shares: str, refusal: type[Exception]
) -> None:
    await set_target(embedded, "insiders", "size", "small=60 large=40")
    with pytest.raises(refusal):
        await set_target(embedded, name, attribute, shares)
    assert mix_words((await find_panel(embedded, "insiders")).target) == "size small=60 large=40"


async def test_the_nearest_attribute_is_named(embedded: Store) -> None:
    with pytest.raises(AttributeUnknown, match="did you mean “size”"):
        await set_target(embedded, "insiders", "siez", "small=100")


async def test_an_import_at_the_same_moment_loses_neither(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, calls = embedded.replace, list[str]()

    async def late(container: str, doc: dict[str, object], *, etag: str) -> object:
        calls.append(container)
        if len(calls) == 1:
            await imported(embedded, clock)
        return await replace(container, doc, etag=etag)

    monkeypatch.setattr(embedded, "replace", late)
    await set_target(embedded, "insiders", "size", "small=60 large=40")
    found = await find_panel(embedded, "insiders")
    assert (mix_words(found.target), found.people) == ("size small=60 large=40", 5)
    assert len(calls) > 1


async def test_the_panel_is_shown_beside_its_target(embedded: Store, panel: Panel) -> None:
    await set_target(embedded, "insiders", "size", "small=60 medium=10 large=30")
    found = await composition_of(embedded, await find_panel(embedded, "insiders"))
    assert found.people == 5
    ((name, shares),) = found.attributes
    assert name == "size"
    assert [(one.value, one.target, one.people) for one in shares] == [
        ("small", 60, 2),
        ("medium", 10, 0),
        ("large", 30, 1),
    ]
    assert await composition_of(embedded, panel) == type(found)(0, ())


async def test_a_run_takes_the_mix_along_as_it_is_then(embedded: Store, clock: Clock) -> None:
    await set_target(embedded, "insiders", "size", "small=60 large=40")
    await set_target(embedded, "insiders", "region", "emea=100")
    run = await settle_mix(embedded, await begun(embedded, clock, "panel insiders and region=emea"))
    assert mix_words(run.mix) == "size small=60 large=40"
    await set_target(embedded, "insiders", "size", "small=10 large=90")
    assert await settle_mix(embedded, run) == await find_run(embedded, run.run) == run
    stale = await settle_mix(
        embedded, Run(run.run, run.survey, run.audience, run.state, run.created_at, run.created_by)
    )
    assert stale.mix == run.mix


@pytest.mark.parametrize("audience", ["customers", "panel insiders or size=small", "panel gone", "panel insiders"])
async def test_without_a_target_or_a_panel_a_run_has_no_mix(embedded: Store, clock: Clock, audience: str) -> None:
    assert (await settle_mix(embedded, await begun(embedded, clock, audience))).mix is None


async def planned(store: Store, clock: Clock, survey: Survey) -> tuple[Run, dict[str, tuple[str, str]]]:
    planner = Planner(store, StoreQueue(store, clock=clock.time), POLICY, RULES, clock.now, above=1000)
    run = await planner.write(await begun(store, clock, "panel insiders", survey))
    return run, {one.id: (one.segment, one.company) async for one in deliveries(store, run.run)}


async def test_deliveries_keep_segment_and_company_as_of_the_plan(embedded: Store, clock: Clock) -> None:
    await set_target(embedded, "insiders", "size", "small=60 large=40")
    run, found = await planned(embedded, clock, SURVEY)
    assert run.mix is not None
    assert found == {
        "t:000": ("0", "sample 0"),
        "t:001": ("0", "sample 1"),
        "t:002": ("1", "sample 0"),
        "t:003": ("-", "sample 1"),
        "t:004": ("-", "sample 0"),
    }


async def test_an_anonymous_run_keeps_neither(embedded: Store, clock: Clock) -> None:
    await set_target(embedded, "insiders", "size", "small=60 large=40")
    hush = Survey("hush", "Sample", SURVEY.questions, is_anonymous=True)
    run, found = await planned(embedded, clock, hush)
    assert (run.mix, set(found.values())) == (None, {("", "")})
