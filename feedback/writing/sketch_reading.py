"""What an author types, as the parts of a survey: a title, a kind, choices one to a line. Knows no sketches.

What cannot be read raises `NotTaken` with a sentence.
"""

from collections.abc import Mapping

from feedback.errors import quote
from feedback.surveys.choice_files import MAX_CHOICE, choice_ids
from feedback.surveys.file_fields import clean_block, clean_line
from feedback.surveys.questions import Choice, Kind
from feedback.writing.sketch_edits import NotTaken

NOTHING_WORDS = frozenset({"skip", "-", "none"})
KIND_WORDS: dict[Kind, str] = {
    Kind.NPS: "How likely to recommend, 0 to 10 (NPS)",
    Kind.RATING: "Stars, 1 to 5",
    Kind.CSAT: "How satisfied, in 5 steps (CSAT)",
    Kind.CES: "How much they agree that it was easy, in 7 steps (CES)",
    Kind.CHOICE: "One of some choices",
    Kind.CHOICES: "Any number of some choices",
    Kind.RANKING: "Choices to put in order",
    Kind.MATRIX: "The same choices for several rows",
    Kind.IMAGE_CHOICE: "One of some pictures",
    Kind.YES_NO: "Yes or no",
    Kind.TEXT: "A text in their own words",
    Kind.NUMBER: "A number",
    Kind.DATE: "A day",
}


def find_kind(words: str) -> Kind | None:
    """Return the kind that somebody names: by its word, its number in the list, or what the list says."""
    said = clean_line(words).casefold()
    for number, (kind, label) in enumerate(KIND_WORDS.items(), 1):
        if said in {kind.value, kind.value.replace("_", " "), str(number), label.casefold()}:
            return kind
    return None


def one_line(words: str, what: str, limit: int) -> str:
    """Return a text on one line that must be there; `what` names it in the sentence."""
    said = clean_line(words)
    if not said:
        raise NotTaken(sentence=f"Please give it a {what}.")
    return within(said, limit)


def optional(words: str, limit: int) -> str:
    """Return a text that may be left out, with its lines."""
    said = clean_block(words)
    return "" if said.lower() in NOTHING_WORDS else within(said, limit)


def within(said: str, limit: int) -> str:
    """Return a text that has no more characters than the limit."""
    if len(said) > limit:
        raise NotTaken(sentence=f"This has {len(said):,} characters; up to {limit:,} fit. Please shorten it.")
    return said


def lines_of(words: str, what: str, least: int, most: int, *, is_cut: bool = True) -> list[str]:
    """Return the lines of an answer, without the marks of a list before them."""
    lines = [clean_line(line.strip().removeprefix("- ").removeprefix("* ")) for line in clean_block(words).split("\n")]
    found = [line for line in lines if line]
    if len(found) < least:
        number = "at least two, each" if least > 1 else "at least one, each"
        raise NotTaken(
            sentence=f"There {'is' if len(found) == 1 else 'are'} {len(found) or 'no'} {what}"
            f"{'' if len(found) == 1 else 's'} in this. Write {number} on a line of its own."
        )
    if len(found) > most:
        raise NotTaken(sentence=f"There are {len(found)} {what}s; up to {most} fit.")
    for place, line in enumerate(found):
        if line.casefold() in {one.casefold() for one in found[:place]}:
            raise NotTaken(sentence=f"{quote(line)} is there twice. Each {what} needs words of its own.")
        if is_cut:
            within(line, MAX_CHOICE)
    return found


def picture(line: str) -> Choice:
    """Return a choice with a picture, still without an id, from “text | address | what it shows”."""
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - text, address, description
        sentence = f"{quote(line)} lacks something. Write: text | https://… | what the picture shows."
        raise NotTaken(sentence=sentence)
    return Choice("", parts[0], parts[1], parts[2])


def with_ids(texts: list[str], known: Mapping[str, str]) -> tuple[Choice, ...]:
    """Return choices or rows with these texts. `known` is text -> id of those that keep their ids."""
    ids = choice_ids([(known.get(text, ""), text) for text in texts])
    return tuple(Choice(one, text) for one, text in zip(ids, texts, strict=True))
