"""Survey files: surveys as people write them, in YAML or JSON. What is read can be written and read again.

Owns the file's fields and limits. Knows neither the store nor where a file came from; a survey's version and
whether it is closed are no part of its file.
"""

import difflib
import json
import re

import yaml
from msgspec.structs import replace

from feedback.errors import FileProblem, SurveyFileRefused, quote
from feedback.surveys.arm_files import arm_fields, read_arms, read_threshold
from feedback.surveys.choice_files import choice_entries, read_choices, read_rows, slug
from feedback.surveys.condition_files import condition_fields, read_conditions
from feedback.surveys.file_fields import Entry
from feedback.surveys.locale_files import page_words, question_words, survey_words, words_fields
from feedback.surveys.located import MAX_BYTES, parse
from feedback.surveys.questions import ID_FORM, Kind, Question
from feedback.surveys.surveys import MAX_PAGES, MAX_QUESTIONS, Page, Survey

MAX_TITLE = 120  # characters, as are the next three
MAX_INTRO = 2_000
MAX_QUESTION = 500
MAX_HELP = 500

_SURVEY_FIELDS = ("id", "title", "intro", "anonymous", "threshold", "arms", "locales", "pages", "questions")
_PAGE_FIELDS = ("title", "locales", "questions")
_QUESTION_FIELDS = ("id", "kind", "text", "help", "required", "choices", "rows", "ask_if", "locales")
_LATER = {"assumptions": ""}
_LOST_LINES = re.compile(r"\W*(?:ya?ml\s+)?(id|title|intro|pages|questions):[^\r\n]*\squestions:\s[^\r\n]*\Z")
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


def _survey(entry: Entry) -> Survey:
    survey_id = _id(entry, {})
    title = entry.needed("title", MAX_TITLE)
    intro = entry.text("intro", MAX_INTRO, is_block=True)
    threshold = read_threshold(entry)
    arms = read_arms(entry)
    pages, parts = _pages(entry)
    nodes = [part for page in parts for part in page]
    if len(nodes) > MAX_QUESTIONS:
        message = f"there are {len(nodes)} questions; up to {MAX_QUESTIONS} fit. Please drop some from here on."
        entry.blame("pages" if pages else "questions", message, nodes[MAX_QUESTIONS].line)
    ids: dict[str, int] = {}
    paged = [[_question(part, ids) for part in page] for page in parts]
    questions = tuple(one for page in read_conditions(parts, paged) for one in page)
    return Survey(
        id=survey_id,
        title=title,
        intro=intro,
        questions=questions,
        pages=pages,
        locales=survey_words(entry, intro),
        is_anonymous=threshold > 0,
        threshold=threshold,
        arms=arms,
    )


def _pages(entry: Entry) -> tuple[tuple[Page, ...], list[list[Entry]]]:
    """Return the pages, none where the survey has but questions, and the questions' entries on each."""
    if not entry.has("pages"):
        return (), [_question_entries(entry, "")]
    if entry.has("questions"):
        entry.blame("questions", "with “pages:”, every question belongs to a page. Move these to one of them.")
    nodes = entry.items("pages")
    if not nodes and not entry.is_excused("pages"):
        entry.blame("pages", "there are no pages. Add one entry for each, with “- ”, or use “questions:” alone.")
    if len(nodes) > MAX_PAGES:
        message = f"there are {len(nodes)} pages; up to {MAX_PAGES} fit. Please drop some from here on."
        entry.blame("pages", message, nodes[MAX_PAGES].line)
    places = [f"pages[{number}]" for number in range(1, len(nodes) + 1)]
    found = [entry.child(node, place, _PAGE_FIELDS, _LATER) for node, place in zip(nodes, places, strict=True)]
    parts = [_question_entries(one, " on this page") for one in found]
    titles = [one.text("title", MAX_TITLE) for one in found]
    words = [page_words(one, title) for one, title in zip(found, titles, strict=True)]
    pages = zip(parts, titles, words, strict=True)
    return tuple(Page(len(some), title, own) for some, title, own in pages), parts


def _question_entries(entry: Entry, where: str) -> list[Entry]:
    nodes = entry.items("questions")
    if not nodes and not entry.is_excused("questions"):
        message = f"there are no questions{where}. Add “questions:” and under it one entry for each, with “- ”."
        entry.blame("questions", message)
    return [entry.child(node, f"questions[{n}]", _QUESTION_FIELDS, _LATER) for n, node in enumerate(nodes, 1)]


def _question(entry: Entry, ids: dict[str, int]) -> Question:
    question_id = _id(entry, ids)
    kind = _kind(entry)
    question = Question(
        id=question_id,
        kind=kind or Kind.TEXT,
        text=entry.needed("text", MAX_QUESTION, is_block=True),
        help=entry.text("help", MAX_HELP, is_block=True),
        required=entry.truth("required"),
        choices=read_choices(entry, kind),
        rows=read_rows(entry, kind),
    )
    return replace(question, locales=question_words(entry, question))


def _id(entry: Entry, lines: dict[str, int]) -> str:
    """Return the entry's own id, and note its line for the next who wants the same one."""
    found = entry.needed("id", MAX_TITLE)
    if found and not ID_FORM.fullmatch(found):
        advice = "Use 1–40 lowercase letters, digits, “-” or “_”, starting with a letter"
        better = slug(found).lstrip("0123456789-")
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
    near = difflib.get_close_matches(found.lower(), list(Kind), n=1)
    hint = f"Did you mean {quote(near[0])}? " if near else ""
    entry.blame("kind", f"{quote(found)} is not a kind of question. {hint}{options}")
    return None


def _survey_fields(survey: Survey) -> dict[str, object]:
    fields: dict[str, object] = {"id": survey.id, "title": survey.title}
    if survey.intro:
        fields["intro"] = survey.intro
    if survey.is_anonymous:
        fields |= {"anonymous": True, "threshold": survey.threshold}
    if survey.arms:
        fields["arms"] = arm_fields(survey.arms)
    fields |= words_fields(survey.locales)
    asked = [[_question_fields(one) for one in page] for page in survey.paged]
    if not survey.pages:
        return fields | {"questions": asked[0]}
    pages = zip(survey.pages, asked, strict=True)
    return fields | {
        "pages": [
            ({"title": one.title} if one.title else {}) | words_fields(one.locales) | {"questions": some}
            for one, some in pages
        ]
    }


def _question_fields(question: Question) -> dict[str, object]:
    fields: dict[str, object] = {"id": question.id, "kind": question.kind.value, "text": question.text}
    if question.help:
        fields["help"] = question.help
    if question.required:
        fields["required"] = True
    if question.rows:
        fields["rows"] = choice_entries(question.rows)
    if question.choices:
        fields["choices"] = choice_entries(question.choices)
    if question.ask_if:
        fields["ask_if"] = condition_fields(question.ask_if)
    return fields | words_fields(question.locales)


class _Dumper(yaml.SafeDumper):
    """Writes a text with several lines as a literal block."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
