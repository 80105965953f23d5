"""Every kind of question as text: how it is asked, with its rules said, and how what is typed becomes an answer.

What counts as an answer is decided in feedback/surveys/checking.py, as for cards.
"""

import re
import unicodedata
from collections.abc import Sequence

from cards.elements import escape
from feedback.language import decimal_mark, mark, number, say
from feedback.surveys.questions import Answer, Choice, Kind, Question, describe
from feedback.wording import scale_words

WORDS = "**back** · **skip** · **later** · **cancel**"
NO_CHOICE = "-"  # in a matrix
_PARTS = re.compile(r"[\s,;，、،؛；]+")
_EXAMPLE = 3.5
_YES_NO = {"yes": "true", "y": "true", "no": "false", "n": "false"}

_RULES: dict[Kind, str] = {
    Kind.NPS: mark("Type a number from 0 to 10. 0 means not at all likely, 10 means extremely likely."),
    Kind.RATING: mark("Type a number of stars from 1 to 5."),
    Kind.CSAT: mark("Type a number from 1 to 5."),
    Kind.CES: mark("Type a number from 1 to 7."),
    Kind.CHOICE: mark("Type the number of your choice, from 1 to {choices}."),
    Kind.CHOICES: mark("Type the numbers of your choices with commas between them, such as 1, 2."),
    Kind.IMAGE_CHOICE: mark("Type the number of your choice, from 1 to {choices}."),
    Kind.RANKING: mark("Type all the numbers in your order, the first place first, such as {order}."),
    Kind.MATRIX: mark(
        "Type one number for each of the lines {lines}, in their order, such as {ones}. A {nothing} leaves a line out."
    ),
    Kind.TEXT: mark("Type your answer in one message."),
    Kind.YES_NO: mark("Type yes or no."),
    Kind.NUMBER: mark("Type a number in digits, such as 12 or {example}."),
    Kind.DATE: mark("Type a day as year-month-day, such as 2026-03-01."),
}


def ask(question: Question, number: int, of: str, answer: Answer | None = None) -> str:
    """Return a question as a message. `number` counts from 1; `answer` is what is kept so far."""
    place = {"number": number, "of": of}
    heading = say("Question {number} of {of}", **place)
    if question.required:
        heading = say("Question {number} of {of}, required", **place)
    parts = [f"**{heading}**", escape(question.text)]
    if question.help:
        parts.append(escape(question.help))
    parts += [_listed(question), f"_{_rule(question)}_"]
    if answer is not None:
        so_far = escape(describe(question, answer))
        parts.append(say("Your answer so far: {answer}. **skip** leaves it as it is.", answer=so_far))
    return "\n\n".join(part for part in parts if part)


def read(question: Question, text: str) -> object:
    """Return what was typed in the form in which it can be checked."""
    plain = _in_ascii_digits(text.strip())
    match question.kind:
        case Kind.CHOICE | Kind.IMAGE_CHOICE:
            return _one(question.choices, plain)
        case Kind.CHOICES | Kind.RANKING:
            return _some(question.choices, plain)
        case Kind.MATRIX:
            return _by_row(question, plain)
        case Kind.YES_NO | Kind.CSAT | Kind.CES:
            return _in_words(question.kind).get(plain.casefold(), plain)
        case Kind.RATING:
            own = plain.lower().removesuffix("stars").removesuffix("star").strip()
            return _in_words(question.kind).get(plain.casefold(), own)
        case Kind.NUMBER:
            return _with_point(plain)
        case Kind.TEXT:
            return text
        case _:
            return plain


def _in_words(kind: Kind) -> dict[str, str]:
    """Return what somebody may type instead of a step of a scale, or of true and false, in small letters."""
    if kind is Kind.YES_NO:
        return _YES_NO | {say("Yes").casefold(): "true", say("No").casefold(): "false"}
    return {words.casefold(): step for step, words in scale_words(kind).items()}


def _rule(question: Question) -> str:
    places = range(len(question.choices), 0, -1)
    return say(
        _RULES[question.kind],
        choices=len(question.choices),
        order=", ".join(map(str, places)),
        lines=_letters(question),
        ones=", ".join(["1"] * len(question.rows)),
        nothing=NO_CHOICE,
        example=number(_EXAMPLE),
    )


def _listed(question: Question) -> str:
    if question.kind in {Kind.CSAT, Kind.CES}:
        return _list([f"{step} – {words}" for step, words in scale_words(question.kind).items()])
    choices = _list([f"{number} – {_choice(one)}" for number, one in enumerate(question.choices, 1)])
    rows = _list([f"{_letter(number)} – {escape(row.text)}" for number, row in enumerate(question.rows)])
    if not rows:
        return choices
    return "\n\n".join([say("The lines:"), rows, say("The choices for each:"), choices])


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _choice(choice: Choice) -> str:
    if not choice.alt:
        return escape(choice.text)
    return say("{choice} (picture: {shows})", choice=escape(choice.text), shows=escape(choice.alt))


def _letters(question: Question) -> str:
    last = len(question.rows) - 1
    return _letter(0) if not last else say("A to {last}", last=_letter(last))


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


def _in_ascii_digits(said: str) -> str:
    """Return what was typed with the digits of any script, such as ٣ or ３, as 0 to 9."""
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in said)


def _with_point(said: str) -> str:
    """Return a number with the decimal mark of the language spoken as one with a point; anything else stays."""
    has_own = decimal_mark() != "." and said.count(decimal_mark()) == 1 and "." not in said
    return said.replace(decimal_mark(), ".") if has_own else said.replace("٫", ".")
