"""The choices of a question, and the rows of a matrix, in a survey file: read, mistakes named, and written."""

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from feedback.errors import quote
from feedback.surveys.file_fields import Entry
from feedback.surveys.located import Fields, Node, Scalar
from feedback.surveys.questions import CHOICE_ID_FORM, CHOOSING, Choice, Kind

MAX_CHOICE = 120  # characters
MAX_IMAGE = 500
MIN_CHOICES, MAX_CHOICES = 2, 20
MAX_ROWS = 10
MAX_ID = 40

_FEWER: Mapping[Kind, int] = MappingProxyType({Kind.RANKING: 10, Kind.MATRIX: 10, Kind.IMAGE_CHOICE: 10})
_CHOICE_FIELDS = ("id", "text")
_IMAGE_FIELDS = ("id", "text", "image", "alt")


def read_choices(entry: Entry, kind: Kind | None) -> tuple[Choice, ...]:
    """Return a question's choices."""
    if kind and kind not in CHOOSING:
        if entry.has("choices"):
            entry.blame("choices", f"a question of kind {kind} has no choices. Leave them out, or use “choice”.")
        return ()
    nodes = entry.items("choices")
    if kind or entry.has("choices"):
        _check_number(entry, nodes, most_choices(kind) if kind else MAX_CHOICES)
    return _read(entry, nodes, "choices", "choice", _IMAGE_FIELDS if kind is Kind.IMAGE_CHOICE else _CHOICE_FIELDS)


def read_rows(entry: Entry, kind: Kind | None) -> tuple[Choice, ...]:
    """Return the rows of a matrix."""
    if kind is not Kind.MATRIX:
        if kind and entry.has("rows"):
            entry.blame("rows", f"a question of kind {kind} has no rows. Leave them out, or use “matrix”.")
        return ()
    nodes = entry.items("rows")
    if not nodes and not entry.is_excused("rows"):
        entry.blame("rows", "the rows are missing. Add “rows:” and under it one entry for each, with “- ”.")
    if len(nodes) > MAX_ROWS:
        message = f"there are {len(nodes)} rows; up to {MAX_ROWS} fit. Please drop some from here on."
        entry.blame("rows", message, nodes[MAX_ROWS].line)
    return _read(entry, nodes, "rows", "row", _CHOICE_FIELDS)


def choice_entries(choices: Sequence[Choice]) -> list[object]:
    """Return each choice as its text alone, where reading makes the same id from it, else as its fields."""
    given = [""] * len(choices)
    while (ids := choice_ids([(one, c.text) for one, c in zip(given, choices, strict=True)])) != [
        c.id for c in choices
    ]:
        given = [known or (c.id if c.id != made else "") for known, made, c in zip(given, ids, choices, strict=True)]
    return [_entry(one, choice) for one, choice in zip(given, choices, strict=True)]


def choice_ids(entries: Sequence[tuple[str, str]]) -> list[str]:
    """Return an id for each (id, text) of a question's choices; where the id is empty, one made from the text.

    That is the text in ASCII, such as `very-often` for “Very often”; or `c1`, `c2` … by position where nothing
    is left of the text or the id is taken.
    """
    taken = {given for given, _ in entries if given}
    ids = []
    for number, (given, text) in enumerate(entries, 1):
        found = given or slug(text)
        if not given and (not found or found in taken):
            found = next(one for n in itertools.count(number) if (one := f"c{n}") not in taken)
        taken.add(found)
        ids.append(found)
    return ids


def most_choices(kind: Kind) -> int:
    """Return how many choices a question of a kind may have."""
    return _FEWER.get(kind, MAX_CHOICES)


def slug(text: str) -> str:
    """Return what an id may keep of a text."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:MAX_ID].strip("-")


def _read(entry: Entry, nodes: tuple[Node, ...], field: str, what: str, known: Sequence[str]) -> tuple[Choice, ...]:
    found = [_choice(entry, node, f"{field}[{number}]", what, known) for number, node in enumerate(nodes, 1)]
    lines = [node.line for node in nodes]
    _check_repeats(entry, field, what, [(line, one.text) for line, one in zip(lines, found, strict=True)], "text")
    _check_repeats(entry, field, what, [(line, one.id) for line, one in zip(lines, found, strict=True)], "id")
    ids = choice_ids([(one.id, one.text) for one in found])
    return tuple(Choice(made, one.text, one.image, one.alt) for made, one in zip(ids, found, strict=True))


def _check_number(entry: Entry, nodes: tuple[Node, ...], most: int) -> None:
    if entry.is_excused("choices"):
        return
    if not nodes:
        entry.blame("choices", "the choices are missing. Add “choices:” and under it at least two, each with “- ”.")
    elif len(nodes) < MIN_CHOICES:
        entry.blame("choices", "there is only one choice. Add at least one more.")
    elif len(nodes) > most:
        message = f"there are {len(nodes)} choices; up to {most} fit. Please drop some from here on."
        entry.blame("choices", message, nodes[most].line)


def _choice(entry: Entry, node: Node, field: str, what: str, known: Sequence[str]) -> Choice:
    """Return a choice; its id is empty where the text shall make one."""
    if not isinstance(node, Fields):
        if isinstance(node, Scalar) and node.is_nothing:
            entry.blame(field, f"this {what} is empty. Write its text after the “- ”.", node.line)
        elif "image" in known:
            entry.blame(field, "a choice with a picture has the fields text, image and alt.", node.line)
        return Choice("", entry.text_of(node, field, MAX_CHOICE))
    if not any(name.text in known for name, _ in node.pairs):
        entry.blame(
            field, f"a {what} is a text, or has the fields id and text. Put a text with “: ” in quotes.", node.line
        )
        return Choice("", "")
    part = entry.child(node, field, known)
    given = part.text("id", MAX_CHOICE)
    if given and not CHOICE_ID_FORM.fullmatch(given):
        part.blame("id", f"{quote(given)} cannot be an id. Use 1–40 lowercase letters, digits, “-” or “_”.")
    text = part.needed("text", MAX_CHOICE)
    return Choice(given, text, *(_image(part) if "image" in known else ()))


def _image(part: Entry) -> tuple[str, str]:
    image = part.needed("image", MAX_IMAGE)
    if image and not is_web_address(image):
        part.blame("image", "this should be the address of a picture, such as https://example.com/one.png.")
    return image, part.needed("alt", MAX_CHOICE)


def is_web_address(text: str) -> bool:
    """Say whether a text is the https address of something that a card may show."""
    try:
        parts = urlsplit(text)
        is_plain = parts.port is None and parts.username is None
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and is_plain and text.isascii() and " " not in text


def _check_repeats(entry: Entry, field: str, what: str, said: Sequence[tuple[int, str]], part: str) -> None:
    lines: dict[str, int] = {}
    for line, value in said:
        key = value.casefold()
        if value and key in lines:
            entry.blame(field, f"{quote(value)} is already the {part} of the {what} in line {lines[key]}.", line)
        lines.setdefault(key, line)


def _entry(given: str, choice: Choice) -> object:
    if not given and not choice.image:
        return choice.text
    fields = {"id": given, "text": choice.text, "image": choice.image, "alt": choice.alt}
    return {name: value for name, value in fields.items() if value}
