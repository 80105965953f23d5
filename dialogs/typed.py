"""Every kind of question as text: how it is asked, with its rules said, and how what is typed becomes an answer.

What counts as an answer is decided in feedback/checking.py, as for cards.
"""

import re
from collections.abc import Sequence

from cards.elements import escape
from cards.inputs import SCALE_WORDS
from feedback.questions import Answer, Choice, Kind, Question, describe

WORDS = "**back** · **skip** · **later** · **cancel**"
NO_CHOICE = "-"  # in a matrix
_PARTS = re.compile(r"[\s,;]+")
_YES_NO = {"yes": "true", "y": "true", "no": "false", "n": "false"}

_RULES: dict[Kind, str] = {
    Kind.NPS: "Type a number from 0 to 10. 0 means not at all likely, 10 means extremely likely.",
    Kind.RATING: "Type a number of stars from 1 to 5.",
    Kind.CSAT: "Type a number from 1 to 5.",
    Kind.CES: "Type a number from 1 to 7.",
    Kind.CHOICE: "Type the number of your choice, from 1 to {choices}.",
    Kind.CHOICES: "Type the numbers of your choices with commas between them, such as 1, 2.",
    Kind.IMAGE_CHOICE: "Type the number of your choice, from 1 to {choices}.",
    Kind.RANKING: "Type all the numbers in your order, the first place first, such as {order}.",
    Kind.MATRIX: "Type one number for each of the lines {lines}, in their order, such as {ones}. "
    f"A {NO_CHOICE} leaves a line out.",
    Kind.TEXT: "Type your answer in one message.",
    Kind.YES_NO: "Type yes or no.",
    Kind.NUMBER: "Type a number in digits, such as 12 or 3.5.",
    Kind.DATE: "Type a day as year-month-day, such as 2026-03-01.",
}


def ask(question: Question, number: int, of: str, answer: Answer | None = None) -> str:
    """Return a question as a message. `number` counts from 1; `answer` is what is kept so far."""
    required = ", required" if question.required else ""
    parts = [f"**Question {number} of {of}{required}**", escape(question.text)]
    if question.help:
        parts.append(escape(question.help))
    parts += [_listed(question), f"_{_rule(question)}_"]
    if answer is not None:
        parts.append(f"Your answer so far: {escape(describe(question, answer))}. **skip** leaves it as it is.")
    return "\n\n".join(part for part in parts if part)


def read(question: Question, text: str) -> object:
    """Return what was typed in the form in which it can be checked."""
    plain = text.strip()
    match question.kind:
        case Kind.CHOICE | Kind.IMAGE_CHOICE:
            return _one(question.choices, plain)
        case Kind.CHOICES | Kind.RANKING:
            return _some(question.choices, plain)
        case Kind.MATRIX:
            return _by_row(question, plain)
        case Kind.YES_NO:
            return _YES_NO.get(plain.lower(), plain)
        case Kind.CSAT | Kind.CES:
            steps = {words.casefold(): step for step, words in SCALE_WORDS[question.kind].items()}
            return steps.get(plain.casefold(), plain)
        case Kind.RATING:
            return plain.lower().removesuffix("stars").removesuffix("star").strip()
        case _:
            return text


def _rule(question: Question) -> str:
    places = range(len(question.choices), 0, -1)
    return _RULES[question.kind].format(
        choices=len(question.choices),
        order=", ".join(map(str, places)),
        lines=_letters(question),
        ones=", ".join(["1"] * len(question.rows)),
    )


def _listed(question: Question) -> str:
    if question.kind in {Kind.CSAT, Kind.CES}:
        return _list([f"{step} – {words}" for step, words in SCALE_WORDS[question.kind].items()])
    choices = _list([f"{number} – {_choice(one)}" for number, one in enumerate(question.choices, 1)])
    rows = _list([f"{_letter(number)} – {escape(row.text)}" for number, row in enumerate(question.rows)])
    return f"The lines:\n\n{rows}\n\nThe choices for each:\n\n{choices}" if rows else choices


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _choice(choice: Choice) -> str:
    return escape(choice.text) + (f" (picture: {escape(choice.alt)})" if choice.alt else "")


def _letters(question: Question) -> str:
    last = len(question.rows) - 1
    return "A" if not last else f"A to {_letter(last)}"


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _one(choices: Sequence[Choice], said: str) -> str:
    """Return the id of a choice named by its number, its text or its id; anything else stays what it is."""
    if said.isascii() and said.isdecimal() and 1 <= int(said[:4]) <= len(choices):
        return choices[int(said[:4]) - 1].id
    texts = {one.text.casefold(): one.id for one in choices}
    return texts.get(said.casefold(), said)


def _some(choices: Sequence[Choice], said: str) -> list[str]:
    whole = _one(choices, said)
    if whole in {one.id for one in choices}:
        return [whole]
    return [_one(choices, part) for part in _PARTS.split(said.rstrip(".")) if part]


def _by_row(question: Question, said: str) -> object:
    parts = [part for part in _PARTS.split(said.rstrip(".")) if part]
    if len(parts) != len(question.rows):
        return said
    rows = zip(question.rows, parts, strict=True)
    return {row.id: "" if part == NO_CHOICE else _one(question.choices, part) for row, part in rows}
