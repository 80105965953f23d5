"""What a results page costs where it has the most figures: two arms, and a target mix of sixty segments.

Ten questions, one of them with hundreds of different numbers; everybody has answered all of them. It is the page of
the product, with its reading of the store: weights, weighted figures, differences and verdicts.
"""

import asyncio
import random
import statistics
import time

import msgspec

from benchmarks.panel import SENT_AT, Wrong
from feedback.people.mixes import Margin, Mix
from feedback.results.results import results_of
from feedback.results.tallier import Tallier
from feedback.runs.deliveries import SLICE, write_planned
from feedback.runs.runs import RUN_DOC, Delivery, DeliveryState, Run, create_run
from feedback.surveys.questions import Answer, Choice, Kind, Question
from feedback.surveys.surveys import Arm, Survey
from store.contract import Patch, Store

MOST = 12_000  # answers; more change the counts, and not how many figures there are
PAGES = 20
SEED = 2
SKEW = 1.5  # the first values have more people than the last
VALUES = (5, 4, 3)  # of each attribute, each with the same share of the mix
CHOICES = tuple(Choice(one, one.upper()) for one in "abcd")
MIX = Mix(
    tuple(Margin(f"sample {size}", tuple((f"value {number}", 100 / size) for number in range(size))) for size in VALUES)
)
QUESTIONS = (
    *[Question(f"stars {number}", Kind.RATING, "Sample?") for number in range(7)],
    Question("recommend", Kind.NPS, "Sample?"),
    Question("minutes", Kind.NUMBER, "Sample?"),
    Question("which", Kind.CHOICES, "Sample?", choices=CHOICES),
)
SAMPLE = Survey("segments", "Sample: many segments", QUESTIONS, arms=(Arm("one", "Sample"), Arm("two", "Sample")))


async def page_ms(store: Store, tallier: Tallier, answers: int) -> float:
    """Return the median of what such a page takes, in milliseconds. Raises `Wrong` when it lacks its figures."""
    run = await create_run(store, SAMPLE, "customers", by="sample:admin", now=SENT_AT)
    await store.patch("runs", run.run, Patch(RUN_DOC, set={"mix": msgspec.to_builtins(MIX)}))
    chance = random.Random(SEED)  # noqa: S311 - who answers what, not a secret
    people = [_answered(run, number, chance) for number in range(min(answers, MOST))]
    slices = [people[start : start + SLICE] for start in range(0, len(people), SLICE)]
    await asyncio.gather(*(write_planned(store, run.run, one) for one in slices))
    while not await tallier.look():
        pass
    times = []
    for _ in range(PAGES):
        start = time.perf_counter()
        found = await results_of(store, run.run, tallier)
        times.append(1000 * (time.perf_counter() - start))
    if found.weighting is None or not all(
        one.weighted and len(one.by_arm) == len(SAMPLE.arms) for one in found.questions
    ):
        msg = f"a page without its weighted figures: {found.weighting}"
        raise Wrong(msg)
    return statistics.median(times)


def _answered(run: Run, number: int, chance: random.Random) -> Delivery:
    given: dict[str, Answer] = {one.id: chance.randint(1, 5) for one in QUESTIONS if one.kind is Kind.RATING}
    given |= {"recommend": chance.randint(0, 10), "minutes": chance.randint(0, 900), "which": chance.sample("abcd", 2)}
    return Delivery(
        run=run.run,
        id=f"sample-{number % 50:04d}:{number}",
        state=DeliveryState.ANSWERED,
        slice=number // SLICE,
        answered_at=SENT_AT,
        answers=given,
        revision=1,
        arm=SAMPLE.arms[number % 2].id,
        segment=".".join(str(int(chance.random() ** SKEW * size)) for size in VALUES),  # not as the mix has them
    )
