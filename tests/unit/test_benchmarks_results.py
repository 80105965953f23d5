"""The benchmark of results tells the truth: it gives its figures, and finds out a page that says something else."""

import msgspec
import pytest

from benchmarks import results as module
from benchmarks.panel import Wrong
from benchmarks.results import measure
from feedback.results.results import Results


async def test_it_reports_the_page_beside_the_scan() -> None:
    report = await measure(250)
    assert (report.answers, report.burst) == (250, 250)
    assert min(msgspec.structs.astuple(report)) > 0


async def test_a_page_that_says_something_else_than_the_scan_leaves_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    page = module.House.page

    async def one_too_many(self: module.House) -> Results:
        found = await page(self)
        (first, *others), rest = found.questions[0].counts, found.questions[1:]
        wrong = msgspec.structs.replace(found.questions[0], counts=((first[0], first[1] + 1), *others))
        return msgspec.structs.replace(found, questions=(wrong, *rest))

    monkeypatch.setattr(module.House, "page", one_too_many)
    with pytest.raises(Wrong, match="recommend"):
        await measure(120)
