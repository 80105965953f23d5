"""The cards after an answer: thank you, and the survey is closed. Both say what is stored, and nothing else.

To be built only from a delivery that was written.
"""

from cards.elements import (
    Card,
    Color,
    Element,
    banner,
    card,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    section,
    stretch,
    text,
    verbatim,
)
from cards.size import fitted
from feedback.language import mark, say
from feedback.runs.runs import Delivery, DeliveryState, Run
from feedback.surveys.branching import asked as asked_with
from feedback.surveys.questions import Answer, Question, describe
from feedback.wording import scale_words

_MOVED_TITLE = 200  # characters
NO_ANSWER = "—"
_CLOSED_ANSWERED = mark("It no longer takes changes. These are the answers you gave.")
_CLOSED_UNANSWERED = mark(
    "It no longer takes answers, and none of yours were saved. You can still tell us: type **feedback** and your words."
)
_WITHDRAWN_ANSWERED = mark(
    "There is nothing more for you to do. The answers you gave are kept and can no longer be changed."
)
_WITHDRAWN_UNANSWERED = mark(
    "There is nothing for you to do. It takes no answers any more, and none of yours were saved."
)
_CLOSED_HALF_ANSWERED = mark(
    "It no longer takes answers. You had begun, but the last page was not sent, so nothing of it is counted. "
    "You can still tell us: type **feedback** and your words."
)
_ANONYMOUS = mark(
    "It takes no more answers or changes. What you answered is kept without your name, "
    "so I do not show it to you any more."
)
_LENGTHS = ((500, 1500), (500, 600), (200, 200), (120, 100), (80, 60))  # of a question and of an answer, characters


def thanks_card(run: Run, delivery: Delivery, *, notice: str = "") -> Card:
    """Return the thank-you with what was answered, and a way to change it while the run is open.

    A `notice` says that something else than saving has happened, and takes the place of the thanks.
    """
    is_open = run.takes_answers
    is_edit = delivery.revision > 1
    saved = say("Thank you — your changes are saved") if is_edit else say("Thank you — your answers are saved")
    title = say("Your answers") if notice else saved
    then = say("Next, the team reads the answers together. There is nothing more for you to do.")
    edit = [execute(say("Edit my answer"), "edit", {"run": run.run})] if is_open else []
    top = [banner(notice, color=Color.WARNING)] if notice else []

    def build(lengths: tuple[int, int]) -> Card:
        body = [*top, heading(title), hint(escape(run.survey.title)), *_answers(run, delivery, lengths), text(then)]
        return card(body, edit, fallback=f"{title}: {escape(run.survey.title)}")

    return fitted(build, _LENGTHS)


def closed_card(run: Run, delivery: Delivery | None) -> Card:
    """Return the news that the survey takes no more answers, with the answers that it has."""
    title = say("This survey is closed — thank you")
    answered = delivery if delivery and delivery.answers else None

    def build(lengths: tuple[int, int]) -> Card:
        begun = _CLOSED_HALF_ANSWERED if delivery and delivery.draft else _CLOSED_UNANSWERED
        saved = _CLOSED_ANSWERED if answered else _ANONYMOUS if _is_sealed(run, delivery) else begun
        answers = _answers(run, answered, lengths) if answered else []
        body = [heading(title), hint(escape(run.survey.title)), text(say(saved)), *answers]
        return card(body, fallback=f"{title}: {escape(run.survey.title)}")

    return fitted(build, _LENGTHS)


def withdrawn_card(run: Run, delivery: Delivery | None) -> Card:
    """Return the news that the survey was taken back, with the answers that it has: those are kept."""
    title = say("This survey was withdrawn.")
    answered = delivery if delivery and delivery.answers else None

    def build(lengths: tuple[int, int]) -> Card:
        said = _WITHDRAWN_ANSWERED if answered else _ANONYMOUS if _is_sealed(run, delivery) else _WITHDRAWN_UNANSWERED
        answers = _answers(run, answered, lengths) if answered else []
        body = [text(title, is_bold=True), hint(escape(run.survey.title)), text(say(said)), *answers]
        return card(body, fallback=f"{title} {escape(run.survey.title)}")

    return fitted(build, _LENGTHS)


def _is_sealed(run: Run, delivery: Delivery | None) -> bool:
    """Say whether somebody has answered in an anonymous run, so that nobody can say any more what."""
    return run.survey.is_anonymous and delivery is not None and delivery.state is DeliveryState.ANSWERED


def moved_card(run: Run) -> Card:
    """Return what takes the place of a survey card that was sent again."""
    return card(
        [hint(say("“{title}” is further down in this chat.", title=escape(excerpt(run.survey.title, _MOVED_TITLE))))],
        fallback=say("This survey is further down in this chat."),
    )


def _answers(run: Run, delivery: Delivery, lengths: tuple[int, int]) -> list[Element]:
    of_question, of_answer = lengths
    rows = []
    for question in asked_with(run.survey, delivery.answers):
        answer = delivery.answers.get(question.id)
        words = NO_ANSWER if answer is None else excerpt(_words(question, answer), of_answer)
        asked = stretch(excerpt(question.text, of_question), is_subtle=True, is_small=True)
        rows += [verbatim(asked), {**verbatim(words), "spacing": "none"}]
    return [section(rows)]


def _words(question: Question, answer: Answer) -> str:
    said = describe(question, answer)
    return scale_words(question.kind).get(said, said)
