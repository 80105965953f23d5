"""Results of answers that nobody had to send: what several tests of figures and cards share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from feedback.results.results import QuestionResult, question_result
from feedback.results.tallies import QuestionTally, tally_of
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState
from feedback.surveys.questions import Answer, Question
from feedback.surveys.surveys import Survey

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def result_of(question: Question, answers: Sequence[Answer]) -> QuestionResult:
    """Return the figures of one question from its answers, newest first."""
    run = Run("sample-1", Survey("sample", "Sample", (question,)), "customers", RunState.SENT, NOW, "t:admin")
    given = [
        Delivery(
            run.run,
            f"t:{number}",
            DeliveryState.ANSWERED,
            0,
            answered_at=NOW - timedelta(minutes=number),
            answers={question.id: answer},
        )
        for number, answer in enumerate(answers)
    ]
    tally = tally_of(run, given).everybody.questions.get(question.id, QuestionTally())
    return question_result(question, tally, {(question.id, one.id): str(one.answers[question.id]) for one in given})
