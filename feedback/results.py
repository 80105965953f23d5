"""Simple results of one run: how many answered, and how each question was answered."""

import msgspec

from feedback.questions import Question
from feedback.runs import Run


class QuestionResult(msgspec.Struct, frozen=True):
    """One question's figures. `counts` keeps the order of the scale or of the choices.

    `mean` is for kinds with numbers; `nps` is percent promoters (9-10) minus percent detractors (0-6),
    from -100 to 100. Both are None where there is no answer or the kind has none. `latest` holds the newest
    texts of a text question.
    """

    question: Question
    n: int
    counts: tuple[tuple[str, int], ...] = ()  # label -> answers
    mean: float | None = None
    nps: float | None = None
    latest: tuple[str, ...] = ()


class Results(msgspec.Struct, frozen=True):
    """A run's results. `n` people answered out of `reached` who were sent the survey."""

    run: Run
    n: int
    reached: int
    questions: tuple[QuestionResult, ...]
