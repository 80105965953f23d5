"""Real survey data, shipped with statsmodels and samplics, as if people had answered it here in a weighted run."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
import numpy.typing as npt
from statsmodels.datasets import anes96, fair

from feedback.people.mixes import Mix, read_margin, segment_of
from feedback.results.results import Results
from feedback.results.shown_results import results_from
from feedback.results.tallies import Tally, tally_of, together
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState
from feedback.surveys.questions import Answer, Choice, Kind, Question
from feedback.surveys.surveys import Survey

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Numbers = npt.NDArray[np.float64]


class Data(msgspec.Struct, frozen=True):
    """A data set as answers: what each person answered, and what is known about them."""

    name: str
    questions: tuple[Question, ...]
    answers: Sequence[Mapping[str, Answer]]
    attributes: Sequence[Mapping[str, str]]
    mix: Mix

    @property
    def run(self) -> Run:
        """The run that they are answers to."""
        survey = Survey(self.name, "Sample", self.questions)
        return Run(f"{self.name}-1", survey, "panel sample", RunState.SENT, NOW, "t:boss", mix=self.mix)

    def deliveries(self) -> list[Delivery]:
        """Return everybody who answered."""
        return [
            Delivery(
                self.run.run,
                f"t{number % 50}:{number}",
                DeliveryState.ANSWERED,
                number // 100,
                answered_at=NOW,
                answers=dict(answers),
                segment=segment_of(self.mix, attributes),
            )
            for number, (answers, attributes) in enumerate(zip(self.answers, self.attributes, strict=True))
        ]

    def tally(self) -> Tally:
        """Return their tally, counted in slices as the product does."""
        everybody = self.deliveries()
        parts = [everybody[start : start + 100] for start in range(0, len(everybody), 100)]
        return together(self.run, [tally_of(self.run, part) for part in parts])

    def results(self) -> Results:
        """Return the results as they are shown."""
        return results_from(self.run, self.tally(), {})

    def column(self, question: str) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Return the answers to a question as numbers, and who gave one."""
        has = np.array([question in one for one in self.answers])
        return np.array([float(one[question]) for one in self.answers if question in one]), has  # type: ignore[arg-type]

    def labels(self, attribute: str) -> npt.NDArray[np.str_]:
        """Return everybody's value of an attribute."""
        return np.array([one[attribute] for one in self.attributes])


@cache
def marriages() -> Data:
    """Return Fair's survey of readers of Redbook (1974): 6,366 people rate their marriages."""
    data = fair.load_pandas().data
    mix = Mix((read_margin("religious", "1=30 2=30 3=30 4=10"), read_margin("children", "none=25 some=75")))
    return Data(
        "fair",
        (Question("stars", Kind.RATING, "How happy?"), Question("years", Kind.NUMBER, "For how many years?")),
        [
            {"stars": int(stars), "years": float(years)}
            for stars, years in zip(data.rate_marriage, data.yrs_married, strict=True)
        ],
        [
            {"religious": f"{religious:g}", "children": "some" if children else "none"}
            for religious, children in zip(data.religious, data.children, strict=True)
        ],
        mix,
    )


@cache
def voters() -> Data:
    """Return the American National Election Study of 1996: 944 people."""
    data = anes96.load_pandas().data
    mix = Mix((read_margin("educ", "low=35 middle=40 high=25"), read_margin("party", "dem=40 ind=20 rep=40")))
    educ = ["low" if one <= 3 else "middle" if one <= 5 else "high" for one in data.educ]
    party = ["dem" if one <= 1 else "rep" if one >= 5 else "ind" for one in data.PID]
    places = (Choice("left", "Left"), Choice("middle", "Middle"), Choice("right", "Right"))
    return Data(
        "anes96",
        (
            Question("place", Kind.CES, "From left to right?"),
            Question("score", Kind.NPS, "How old are you, in tens?"),
            Question("news", Kind.NUMBER, "On how many days do you see the news?"),
            Question("vote", Kind.YES_NO, "Do you vote?"),
            Question("side", Kind.CHOICE, "On which side?", choices=places),
        ),
        [
            {
                "place": int(place),
                "score": min(10, int(age) // 8),
                "news": int(news),
                "vote": bool(vote),
                "side": places[0 if place < 4 else 1 if place == 4 else 2].id,
            }
            for place, age, news, vote in zip(data.selfLR, data.age, data.TVnews, data.vote, strict=True)
        ],
        [{"educ": one, "party": other} for one, other in zip(educ, party, strict=True)],
        mix,
    )


@cache
def patients() -> Data:
    """Return the second National Health and Nutrition Examination Survey: 10,336 people; not all have every value."""
    with (files("samplics.datasets") / "data" / "nhanes2.csv").open(encoding="utf-8") as file:
        rows = [(one["region"], one["race"], one["highbp"], one["zinc"]) for one in csv.DictReader(file)]
    mix = Mix((read_margin("region", "1=20 2=25 3=31 4=24"), read_margin("race", "1=80 2=12 3=8")))
    return Data(
        "nhanes2",
        (Question("high", Kind.YES_NO, "High?"), Question("zinc", Kind.NUMBER, "Zinc?")),
        [
            {
                **({"high": high == "1"} if high else {}),
                **({"zinc": int(zinc)} if zinc else {}),
            }
            for _, _, high, zinc in rows
        ],
        [{"region": region, "race": race} for region, race, _, _ in rows],
        mix,
    )
