"""A run in waves in the read API and on its page: how sure each segment is, and why nobody else of it is asked."""

import json

from jsonschema import Draft202012Validator

from dashboard.openapi import description
from feedback.people.people import Role
from feedback.runs.runs import Run
from feedback.runs.wave_words import Waves
from feedback.waves import ENOUGH
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.house import furnish
from tests.dashboard.reading import read
from tests.dashboard.site import Browser, site_of
from tests.unit.wave_house import WaveHouse

DAY_S = 24 * 3600
Json = dict[str, object]


async def told(browser: Browser) -> Json:
    """Return what the API says of the run, as described."""
    document = json.loads(description())
    content = document["paths"]["/api/runs/{run}"]["get"]["responses"]["200"]["content"]["application/json"]
    body = json.loads(await browser.body("/api/runs/stars-1"))
    Draft202012Validator({**content["schema"], "components": document["components"]}).validate(body)
    waves: Json = body["waves"]
    return waves


def of(waves: Json, name: str, *fields: str) -> list[object]:
    segments = waves["segments"]
    assert isinstance(segments, list)
    (found,) = (one for one in segments if one["segment"] == name)
    return [found[field] for field in fields]


async def begun(house: WaveHouse) -> Run:
    """Let the first wave leave: those who are small agree, those who are large do not."""
    await house.settle({"small": 50, "large": 80, "": 3})
    run = await house.start(Waves(0.5, "size", 35))
    await house.wave_leaves()
    for number, person in enumerate(await house.asked(run)):
        await house.answer(run, person, 4 if "small" in person else 1 + 4 * (number % 2))
    return run


async def test_the_api_says_how_far_the_waves_have_come_and_why_they_end(embedded: Store, clock: Clock) -> None:
    house = WaveHouse(embedded, clock)
    run = await begun(house)
    async with site_of(embedded, clock) as site:
        engineer = await site.visitor(Role.ENGINEER)
        await house.tallier.catch_up(run.run)
        waves = await told(engineer)
        wanted = {"margin": 0.5, "by": "size", "people_a_wave": 35, "hours_between": 24, "answers_at_least": ENOUGH}
        assert {name: waves[name] for name in wanted} == wanted
        assert (waves["question"], waves["unit"]) == ("q", "steps of the scale")
        assert waves["look_at"] is not None
        fields = ("people", "asked", "answered", "n", "waves_left", "waves", "state", "why_ended")
        assert of(waves, "size=small", *fields) == [50, 35, 35, 35, 1, 2, "asking", ""]
        assert of(waves, "size=large", *fields) == [80, 35, 35, 35, 1, 3, "asking", ""]
        assert of(waves, "size unknown", *fields) == [3, 3, 3, 3, 1, 1, "all asked", "asked to the last"]
        clock.pass_s(DAY_S)
        await house.wave_leaves()
        engineer = await site.visitor(Role.ENGINEER)  # the other session is over
        waves = await told(engineer)
        (margin,) = of(waves, "size=small", "margin")
        assert isinstance(margin, float)
        assert 0 < margin <= 0.5
        assert of(waves, "size=small", "asked", "state") == [35, "sure"]
        assert str(of(waves, "size=small", "why_ended")[0]).startswith("sure enough: size=small is at ±")
        assert of(waves, "size=large", "asked", "waves_left", "state") == [70, 2, "asking"]
        await house.broadcaster.cancel(run)
        await house.wave_leaves()
        waves = await told(engineer)
        assert waves["look_at"] is None
        assert of(waves, "size=large", "state", "why_ended") == ["stopped", "the run was stopped"]
        assert of(waves, "size=small", "state") == ["sure"]
        assert of(waves, "size unknown", "state") == ["all asked"]
        page = await read(await site.visitor(Role.ADMIN), "/runs/stars-1")
    for words in ("wave 2 of 3: stopped", "wave 1 of 2: sure enough", "wave 1 of 1: asked to the last"):
        assert words in page


async def test_a_run_that_asks_everybody_at_once_has_no_waves(embedded: Store, clock: Clock) -> None:
    await furnish(embedded, 3)
    async with site_of(embedded, clock) as site:
        body = json.loads(await (await site.visitor(Role.ENGINEER)).body("/api/runs/pulse-1"))
        listed = json.loads(await (await site.visitor(Role.ENGINEER)).body("/api/runs"))["runs"]
    assert body["waves"] is None
    assert [{**one, "waves": None} for one in listed] == [body]
