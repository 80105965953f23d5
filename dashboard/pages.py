"""The pages, one function for each: read what is known, fill in a template. Who may see them is in table.py."""

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import web

from dashboard.charts import THEMES, chart_of
from dashboard.exports import answers_csv, answers_json, answers_xlsx
from dashboard.poster import poster
from dashboard.routes import PEOPLE
from dashboard.sending import TYPES, record_download, send_file
from dashboard.views import HEARD_WORDS, run_row, sections
from dashboard.visit import Visit
from feedback.audit import latest_records, people_of
from feedback.errors import Refusal
from feedback.people.mixes import mix_words
from feedback.people.people import find_people
from feedback.results.results import results_of
from feedback.results.tally_tree import find_tally
from feedback.results.verdicts import TITLE
from feedback.runs.listed import page_of
from feedback.runs.runs import DeliveryState, Run, find_run, latest_runs
from feedback.surveys.surveys import list_surveys
from feedback.wording import STATE_WORDS

RUNS = 25  # on the overview
RECORDS = 100  # of the audit


class NoSuchChart(Refusal):
    """There is no such chart."""


class NoSuchState(Refusal):
    """There is no such state of a delivery."""


async def overview(visit: Visit) -> web.StreamResponse:
    """Show the latest runs and the surveys."""
    store = visit.parts.store
    runs = await latest_runs(store, RUNS)
    tallies = await asyncio.gather(*(find_tally(store, one.run) for one in runs))
    rows = [run_row(run, tally.everybody) for run, tally in zip(runs, tallies, strict=True)]
    return visit.page("overview.html", rows=rows, surveys=await list_surveys(store), at=visit.parts.now())


async def run(visit: Visit) -> web.StreamResponse:
    """Show a run as it goes out."""
    live = await visit.parts.live.read(visit.request.match_info["run"])
    return visit.page("run.html", live=live, run=live.standing.run, words=STATE_WORDS)


async def events(visit: Visit) -> web.StreamResponse:
    """Show how a run moves, for as long as the visitor may see it."""
    name = visit.request.match_info["run"]
    await find_run(visit.parts.store, name)
    return await visit.parts.live.stream(visit.request, name, visit.headers, visit.may_stay)


async def people(visit: Visit) -> web.StreamResponse:
    """Show those in a state of a run, with the reasons, page by page."""
    said = visit.request.query
    found = await find_run(visit.parts.store, visit.request.match_info["run"])
    try:
        state = DeliveryState(said.get("state", DeliveryState.SENT))
    except ValueError:
        raise NoSuchState from None
    page = await page_of(visit.parts.store, found, state, words=said.get("why", ""), after=said.get("after", ""))
    return visit.page("people.html", run=found, page=page, words=STATE_WORDS)


async def people_file(visit: Visit) -> web.StreamResponse:
    """Send the file with everybody in a run."""
    about = visit.request.match_info
    found = await find_run(visit.parts.store, about["run"])
    return await _sent(visit, found, f"people.{about['form']}", PEOPLE[about["form"]](visit.parts.store, found))


async def answers_file(visit: Visit) -> web.StreamResponse:
    """Send the file with everybody's answers."""
    store, about = visit.parts.store, visit.request.match_info
    found = await results_of(store, about["run"], visit.parts.tallier)
    match about["form"]:
        case "csv":
            blocks = answers_csv(store, found)
        case "xlsx":
            blocks = answers_xlsx(store, found)
        case _:
            blocks = answers_json(store, found, visit.parts.now())
    return await _sent(visit, found.run, f"answers.{about['form']}", blocks)


async def sheet(visit: Visit) -> web.StreamResponse:
    """Send the results on one sheet."""
    about, pictures = visit.request.match_info, visit.parts.pictures
    found = await results_of(visit.parts.store, about["run"], visit.parts.tallier)
    specs = [(one, chart_of(one)) for one in found.questions]
    drawn = [(one, (await pictures.svg(spec, "light")).decode() if spec else "") for one, spec in specs]
    whole = poster(found, drawn, visit.parts.now())
    picture = await (pictures.pdf(whole) if about["form"] == "pdf" else pictures.png_of(whole))
    name = f"{found.run.run}-results.{about['form']}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=picture, content_type=TYPES[about["form"]], headers=headers)


async def _sent(visit: Visit, run: Run, what: str, blocks: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Send a file, once it is in the audit who takes it."""
    token = visit.token.name if visit.token is not None else ""
    await record_download(visit.parts.store, run.run, what, by=visit.person, at=visit.parts.now(), token=token)
    return await send_file(visit.request, f"{run.run}-{what}", blocks, visit.headers)


async def results(visit: Visit) -> web.StreamResponse:
    """Show what people answered."""
    found = await results_of(visit.parts.store, visit.request.match_info["run"], visit.parts.tallier)
    return visit.page(
        "results.html",
        results=found,
        run=found.run,
        sections=sections(found),
        themes=THEMES,
        doubt_title=TITLE,
        mix=mix_words(found.run.mix),
    )


async def chart(visit: Visit) -> web.StreamResponse:
    """Draw the chart of one question as a picture."""
    about = visit.request.match_info
    found = await results_of(visit.parts.store, about["run"], visit.parts.tallier)
    spec = next((chart_of(one) for one in found.questions if one.question.id == about["question"]), None)
    theme = visit.request.query.get("theme", "light")
    if spec is None or theme not in THEMES:
        raise NoSuchChart
    if about["form"] == "svg":
        return web.Response(body=await visit.parts.pictures.svg(spec, theme), content_type="image/svg+xml")
    return web.Response(body=await visit.parts.pictures.png(spec, theme), content_type="image/png")


async def coverage(visit: Visit) -> web.StreamResponse:
    """Show whom a run has heard, and whom it misses."""
    found = await find_run(visit.parts.store, visit.request.match_info["run"])
    looked = await visit.parts.coverages.look(found)
    return visit.page("coverage.html", run=found, coverage=looked.coverage, at=looked.at, words=HEARD_WORDS)


async def audit(visit: Visit) -> web.StreamResponse:
    """Show what admins changed and downloaded of late."""
    records = await latest_records(visit.parts.store, visit.parts.now(), limit=RECORDS)
    people = await find_people(visit.parts.store, people_of(records))
    return visit.page("audit.html", records=records, names={one.id: one.name for one in people})
