"""Files about a run: its people, and its answers.

Each is a stream, so that a million rows take no more memory than a thousand.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime

import msgspec

from dashboard.cells import BOM, Row, csv_blocks
from dashboard.charts import rows_of
from dashboard.columns import CODEBOOK, DOUBTS, codebook_of, doubts_in_short, header_of, reader_of
from dashboard.csv_lines import END, field_of, lines_of
from dashboard.results_sheet import add_results
from dashboard.shapes import arm_differences, doubts, mix_figures, weighted_figures
from dashboard.workbook import Workbook
from feedback.results.answer_rows import AnswerRow, answers_made
from feedback.results.figures import Figure
from feedback.results.results import QuestionResult, Results
from feedback.runs.listed import Listed, everybody_in
from feedback.runs.runs import Run
from store.contract import MAX_BATCH, Store

HEADER = ("name", "tenant", "object id", "state", "reason", "sent", "last reminded", "answered")
_encode = msgspec.json.Encoder().encode


async def people_csv(store: Store, run: Run) -> AsyncGenerator[bytes, None]:
    """Give the people of a run as a CSV file, block by block."""
    async for block in csv_blocks(HEADER, _people(store, run)):
        yield block


async def people_xlsx(store: Store, run: Run) -> AsyncGenerator[bytes, None]:
    """Give the people of a run as a spreadsheet, block by block, once all of it is written."""
    async with Workbook() as book:
        await book.add("People", HEADER, _people(store, run))
        async with aclosing(book.blocks()) as blocks:
            async for block in blocks:
                yield block


async def answers_csv(store: Store, results: Results) -> AsyncGenerator[bytes, None]:
    """Give the answers of a run as a CSV file, block by block.

    What speaks against concluding from them stands in a column of its own, in each row: nobody reads one without it.
    """
    header = [*header_of(results.run.survey), DOUBTS]
    lines = lines_of(results.run.survey, field_of(doubts_in_short(results)))
    yield f"{BOM}{','.join([field_of(str(one)) for one in header])}{END}".encode()
    async with aclosing(answers_made(store, results.run, lambda rows: lines(rows).encode())) as blocks:
        async for block in blocks:
            yield block


async def answers_xlsx(store: Store, results: Results) -> AsyncGenerator[bytes, None]:
    """Give the answers of a run, their codebook and the results as a spreadsheet, once all of it is written."""
    async with Workbook() as book:
        await book.add("Answers", header_of(results.run.survey), _answers(store, results.run))
        await book.add("Codebook", CODEBOOK, _at_once(codebook_of(results.run.survey)))
        add_results(book, results)
        async with aclosing(book.blocks()) as blocks:
            async for block in blocks:
                yield block


async def answers_json(store: Store, results: Results, at: datetime) -> AsyncGenerator[bytes, None]:
    """Give a run, its survey, its results and its answers as JSON, a line for each person; choices by their ids.

    Of an anonymous run a line is one answer.
    """
    run = results.run
    about = {
        "run": run.run,
        "audience": run.audience,
        "state": run.state.value,
        "started_at": run.created_at,
        "exported_at": at,
        "survey": run.survey,
        "reached": results.reached,
        "answered": results.n,
        "results_are_behind": results.is_behind,  # so much has changed that not all of it is counted yet
        "withheld": results.withheld,  # why an anonymous run has nothing to show
        "verdict": doubts(results.verdict),
        "weighting": mix_figures(results.weighting),
        "results": [_question(one) for one in results.questions],
    }
    yield msgspec.json.encode(about).removesuffix(b"}") + b',"answers":['
    between = b"\n"
    async with aclosing(answers_made(store, run, _lines)) as blocks:
        async for block in blocks:
            if block:
                yield between + block
                between = b",\n"
    yield b"\n]}\n"


async def _people(store: Store, run: Run) -> AsyncIterator[Sequence[Row]]:
    group: list[Row] = []
    async for one in everybody_in(store, run):
        group.append(_cells(one))
        if len(group) == MAX_BATCH:
            yield group
            group = []
    yield group


async def _answers(store: Store, run: Run) -> AsyncIterator[Sequence[Row]]:
    cells_of = reader_of(run.survey)
    async with aclosing(answers_made(store, run, lambda rows: [cells_of(one) for one in rows])) as groups:
        async for group in groups:
            yield group


async def _at_once(rows: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
    yield rows


def _cells(one: Listed) -> Row:
    tenant, _, object_id = one.id.partition(":")
    words = (one.name, tenant, object_id, one.state.value, one.reason)
    return (*words, one.sent_at, one.reminded_at, one.answered_at)


def _lines(rows: Sequence[AnswerRow]) -> bytes:
    return b",\n".join(map(_line, rows))


def _line(row: AnswerRow) -> bytes:
    return _encode(row if row.person else {"answers": row.answers})


def _question(one: QuestionResult) -> dict[str, object]:
    arms = [{"arms": each.arms, **_result(each.result)} for each in one.by_arm]
    return {
        "question": one.question.id,
        **_result(one),
        **({"is_withheld": True} if one.is_withheld else {}),
        **({"by_arm": arms, "differences": arm_differences(one)} if arms else {}),
        "verdict": doubts(one.verdict),
    }


def _result(one: QuestionResult) -> dict[str, object]:
    figures = {"nps": one.nps, "mean": one.mean, "median": one.median}
    return {
        "n": one.n,
        "counts": [{"value": label, "people": people} for label, people in rows_of(one)],
        **{name: _figure(figure) for name, figure in figures.items() if figure is not None},
        **({"weighted": weighted_figures(one)} if one.weighted is not None else {}),
    }


def _figure(figure: Figure) -> dict[str, object]:
    interval = None if figure.is_thin or figure.interval is None else [figure.interval.low, figure.interval.high]
    return {"value": figure.value, "n": figure.n, "interval_95": interval}
