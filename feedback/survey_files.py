"""Survey files: surveys as people write them, in YAML or JSON. What is read can be written and read again.

Owns the file's fields and limits. Knows neither the store nor where a file came from; a survey's version and
whether it is closed are no part of its file.
"""

import difflib
import itertools
import json
import re
import unicodedata
from collections.abc import Sequence

import yaml

from feedback.errors import FileProblem, SurveyFileRefused, quote
from feedback.file_fields import Entry
from feedback.located import MAX_BYTES, Fields, Node, Scalar, parse
from feedback.questions import CHOICE_ID_FORM, ID_FORM, Choice, Kind, Question
from feedback.surveys import MAX_QUESTIONS, Survey

MAX_TITLE = 120  # characters, as are the next four
MAX_INTRO = 2_000
MAX_QUESTION = 500
MAX_HELP = 500
MAX_CHOICE = 120
MIN_CHOICES, MAX_CHOICES = 2, 20
MAX_ID = 40

_SURVEY_FIELDS = ("id", "title", "intro", "questions")
_QUESTION_FIELDS = ("id", "kind", "text", "help", "required", "choices")
_CHOICE_FIELDS = ("id", "text")
_LATER = dict.fromkeys(("anonymous", "threshold", "arms", "assumptions", "locales", "ask_if"), "") | {
    "pages": "questions"
}
_LATER_KINDS = ("ces", "ranking", "matrix", "image_choice")
_CHOOSING = (Kind.CHOICE, Kind.CHOICES)


_LOST_LINES = re.compile(r"\W*(?:ya?ml\s+)?(id|title|intro|questions):[^\r\n]*\squestions:\s[^\r\n]*\Z")
_LINES_ARE_LOST = (
    "everything arrived in one line: the chat has dropped the line breaks. "
    "Attach the survey as a file, or paste it as JSON."
)


def read_survey(text: str) -> Survey:
    """Return the survey that a file holds. Raises `SurveyFileRefused` with every problem at once, by line.

    Takes what chats make of a file: a code fence around it, non-breaking blanks, any line ends.
    """
    if _LOST_LINES.match(text):
        raise SurveyFileRefused((FileProblem(1, "", _LINES_ARE_LOST),))
    tree = parse(text)
    problems = list(tree.problems)
    survey = _survey(Entry(tree.root, "", problems, _SURVEY_FIELDS, _LATER))
    if problems:
        raise SurveyFileRefused(tuple(sorted(problems, key=lambda one: one.line)))
    return survey


def write_survey(survey: Survey, *, as_json: bool = False) -> str:
    """Return a survey's file; reading it gives the same survey, its version and whether it is closed apart."""
    fields = _survey_fields(survey)
    if as_json:
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=MAX_BYTES)


def choice_ids(entries: Sequence[tuple[str, str]]) -> list[str]:
    """Return an id for each (id, text) of a question's choices; where the id is empty, one made from the text.

    That is the text in ASCII, such as `very-often` for “Very often”; or `c1`, `c2` … by position where nothing
    is left of the text or the id is taken.
    """
    taken = {given for given, _ in entries if given}
    ids = []
    for number, (given, text) in enumerate(entries, 1):
        found = given or _slug(text)
        if not given and (not found or found in taken):
            found = next(one for n in itertools.count(number) if (one := f"c{n}") not in taken)
        taken.add(found)
        ids.append(found)
    return ids


def _survey(entry: Entry) -> Survey:
    survey_id = _id(entry, {})
    title = entry.needed("title", MAX_TITLE)
    intro = entry.text("intro", MAX_INTRO, is_block=True)
    nodes = entry.items("questions")
    if not nodes and not entry.is_excused("questions"):
        entry.blame("questions", "there are no questions. Add “questions:” and under it one entry for each, with “- ”.")
    if len(nodes) > MAX_QUESTIONS:
        message = f"there are {len(nodes)} questions; up to {MAX_QUESTIONS} fit. Please drop some from here on."
        entry.blame("questions", message, nodes[MAX_QUESTIONS].line)
    ids: dict[str, int] = {}
    parts = [entry.child(node, f"questions[{n}]", _QUESTION_FIELDS, _LATER) for n, node in enumerate(nodes, 1)]
    return Survey(id=survey_id, title=title, intro=intro, questions=tuple(_question(part, ids) for part in parts))


def _question(entry: Entry, ids: dict[str, int]) -> Question:
    question_id = _id(entry, ids)
    kind = _kind(entry)
    return Question(
        id=question_id,
        kind=kind or Kind.TEXT,
        text=entry.needed("text", MAX_QUESTION, is_block=True),
        help=entry.text("help", MAX_HELP, is_block=True),
        required=entry.truth("required"),
        choices=_choices(entry, kind),
    )


def _id(entry: Entry, lines: dict[str, int]) -> str:
    """Return the entry's own id, and note its line for the next who wants the same one."""
    found = entry.needed("id", MAX_TITLE)
    if found and not ID_FORM.fullmatch(found):
        advice = "Use 1–40 lowercase letters, digits, “-” or “_”, starting with a letter"
        better = _slug(found).lstrip("0123456789-")
        example = f", such as {quote(better)}." if better else "."
        entry.blame("id", f"{quote(found)} cannot be an id. {advice}{example}")
    elif found and found in lines:
        entry.blame("id", f"{quote(found)} is already the id in line {lines[found]}. Give each its own.")
    lines.setdefault(found, entry.line_of("id"))
    return found


def _kind(entry: Entry) -> Kind | None:
    found = entry.needed("kind", MAX_TITLE)
    if not found or found in set(Kind):
        return Kind(found) if found else None
    options = f"Use one of: {', '.join(Kind)}."
    if found in _LATER_KINDS:
        entry.blame("kind", f"{quote(found)} is not supported yet. {options}")
        return None
    near = difflib.get_close_matches(found.lower(), list(Kind), n=1)
    hint = f"Did you mean {quote(near[0])}? " if near else ""
    entry.blame("kind", f"{quote(found)} is not a kind of question. {hint}{options}")
    return None


def _choices(entry: Entry, kind: Kind | None) -> tuple[Choice, ...]:
    nodes = entry.items("choices")
    if kind and kind not in _CHOOSING:
        if entry.has("choices"):
            entry.blame("choices", f"a question of kind {kind} has no choices. Leave them out, or use “choice”.")
        return ()
    if kind in _CHOOSING or entry.has("choices"):
        _check_number(entry, nodes)
    found = [_choice(entry, node, f"choices[{number}]") for number, node in enumerate(nodes, 1)]
    _check_repeats(entry, [(node.line, text) for node, (_, text) in zip(nodes, found, strict=True)], "text")
    _check_repeats(entry, [(node.line, given) for node, (given, _) in zip(nodes, found, strict=True)], "id")
    ids = choice_ids(found)
    return tuple(Choice(one, text) for one, (_, text) in zip(ids, found, strict=True))


def _check_number(entry: Entry, nodes: tuple[Node, ...]) -> None:
    if entry.is_excused("choices"):
        return
    if not nodes:
        entry.blame("choices", "the choices are missing. Add “choices:” and under it at least two, each with “- ”.")
    elif len(nodes) < MIN_CHOICES:
        entry.blame("choices", "there is only one choice. Add at least one more.")
    elif len(nodes) > MAX_CHOICES:
        message = f"there are {len(nodes)} choices; up to {MAX_CHOICES} fit. Please drop some from here on."
        entry.blame("choices", message, nodes[MAX_CHOICES].line)


def _choice(entry: Entry, node: Node, field: str) -> tuple[str, str]:
    """Return a choice's id, empty where the text shall make one, and its text."""
    if not isinstance(node, Fields):
        if isinstance(node, Scalar) and node.is_nothing:
            entry.blame(field, "this choice is empty. Write its text after the “- ”.", node.line)
        return "", entry.text_of(node, field, MAX_CHOICE)
    if not any(name.text in _CHOICE_FIELDS for name, _ in node.pairs):
        entry.blame(
            field, "a choice is a text, or has the fields id and text. Put a text with “: ” in quotes.", node.line
        )
        return "", ""
    part = entry.child(node, field, _CHOICE_FIELDS)
    given = part.text("id", MAX_TITLE)
    if given and not CHOICE_ID_FORM.fullmatch(given):
        part.blame("id", f"{quote(given)} cannot be an id. Use 1–40 lowercase letters, digits, “-” or “_”.")
    return given, part.needed("text", MAX_CHOICE)


def _check_repeats(entry: Entry, said: Sequence[tuple[int, str]], what: str) -> None:
    lines: dict[str, int] = {}
    for line, value in said:
        key = value.casefold()
        if value and key in lines:
            entry.blame("choices", f"{quote(value)} is already the {what} of the choice in line {lines[key]}.", line)
        lines.setdefault(key, line)


def _survey_fields(survey: Survey) -> dict[str, object]:
    fields: dict[str, object] = {"id": survey.id, "title": survey.title}
    if survey.intro:
        fields["intro"] = survey.intro
    return fields | {"questions": [_question_fields(one) for one in survey.questions]}


def _question_fields(question: Question) -> dict[str, object]:
    fields: dict[str, object] = {"id": question.id, "kind": question.kind.value, "text": question.text}
    if question.help:
        fields["help"] = question.help
    if question.required:
        fields["required"] = True
    if question.choices:
        fields["choices"] = _choice_entries(question.choices)
    return fields


def _choice_entries(choices: Sequence[Choice]) -> list[object]:
    """Return each choice as its text alone, where reading makes the same id from it, else as id and text."""
    given = [""] * len(choices)
    while (ids := choice_ids([(one, c.text) for one, c in zip(given, choices, strict=True)])) != [
        c.id for c in choices
    ]:
        given = [known or (c.id if c.id != made else "") for known, made, c in zip(given, ids, choices, strict=True)]
    return [{"id": c.id, "text": c.text} if known else c.text for known, c in zip(given, choices, strict=True)]


class _Dumper(yaml.SafeDumper):
    """Writes a text with several lines as a literal block."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def _slug(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:MAX_ID].strip("-")
