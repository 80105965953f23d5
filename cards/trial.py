"""A survey that its author tries out: the cards that people will get, marked as a test. No answer is kept.

Answers to earlier pages travel in the card itself, as nothing else may hold them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cards.elements import Card, Color, Element, Style, banner, card, escape, execute, hint
from cards.size import fits
from cards.survey import Position, survey_card
from cards.thanks import thanks_card
from feedback.errors import Problem
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState
from feedback.surveys.questions import Answers
from feedback.surveys.surveys import Survey

_MARK = "Test — nothing that you answer here is kept"
_DONE = "Test — these answers would be kept. They were checked, and kept nowhere."


def trial_card(
    survey: Survey,
    revision: int,
    page: int = 0,
    *,
    answers: Answers,
    arm: str = "",
    raw: Mapping[str, object] | None = None,
    problems: Sequence[Problem] = (),
) -> Card | None:
    """Return a page as people get it who see an arm. `answers` are those so far, `raw` what stands in its inputs.

    None: the answers so far are too long to be carried in a card.
    """
    arm = _arm(survey, arm)
    real = survey_card(
        _run(survey),
        answers={**answers, **(raw or {})},
        problems={one.question: one.sentence for one in problems},
        at=Position(page, 0, answers, arm),
    )
    here = {one.id for one in survey.paged[page]}
    data: dict[str, object] = {
        "rev": revision,
        "page": page,
        "arm": arm,
        "earlier": {name: answer for name, answer in answers.items() if name not in here},
    }
    buttons = [execute(_title(real), "trial", data, style=Style.POSITIVE)]
    if any(one.get("verb") == "back" for one in _list(real, "actions")):
        buttons.append(execute("Back", "trial", {**data, "goes": "back"}))
    whole = card(
        [banner(_MARK, color=Color.ACCENT), *_seen(survey, arm), *_list(real, "body")],
        [*buttons, _leave(revision)],
        fallback=_MARK,
    )
    return whole if fits(whole) else None


def tried_card(survey: Survey, revision: int, answers: Answers, arm: str = "") -> Card:
    """Return what would be kept, as people see it after they have answered. A test again is of the next arm."""
    delivery = Delivery("test", "test", DeliveryState.ANSWERED, 0, answers=answers, revision=1)
    shown = thanks_card(_run(survey), delivery, notice=_DONE)
    arms, arm = [one.id for one in survey.arms], _arm(survey, arm)
    next_arm = arms[(arms.index(arm) + 1) % len(arms)] if arms else ""
    title = f"Test with arm {next_arm}" if next_arm else "Test again"
    again = execute(title, "trial", {"rev": revision, "goes": "begin", "arm": next_arm})
    return card(_list(shown, "body"), [_leave(revision), again], fallback=f"{_MARK}: {escape(survey.title)}")


def _arm(survey: Survey, wanted: str) -> str:
    """Return the arm to try out: the one that is wanted, or else the first; an empty text where there are none."""
    arms = [one.id for one in survey.arms]
    return wanted if wanted in arms else "".join(arms[:1])


def _seen(survey: Survey, arm: str) -> list[Element]:
    """Return the sentence that says which of the designs is tried out; nothing where there is one for everybody."""
    return [hint(f"You see arm {escape(arm)}, one of {len(survey.arms)}; others see another one.")] if arm else []


def _leave(revision: int) -> Element:
    return execute("Back to the survey", "sketch", {"rev": revision, "words": "preview"})


def _run(survey: Survey) -> Run:
    """Return a run that is nowhere, for the cards that show one."""
    return Run("test", survey, "me", RunState.SENDING, datetime.min.replace(tzinfo=UTC), "")


def _title(real: Card) -> str:
    return str(_list(real, "actions")[0]["title"])


def _list(whole: Card, field: str) -> list[Element]:
    found = whole[field]
    return list(found) if isinstance(found, list) else []
