"""Keeps the catalogues in feedback/locales/ in step with the source: `python -m deployment.catalogues`.

It finds every sentence that is said, adds what is new to each catalogue, drops what is gone, and compiles them. What
has no translation yet stays empty, and tests/rules/test_languages.py names it.
"""

import ast
import inspect
import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import msgspec

from feedback.language import DOMAIN, ENGLISH, LANGUAGES, LOCALES

with warnings.catch_warnings():  # the Babel that botbuilder asks for imports a module that Python is giving up
    warnings.simplefilter("ignore", DeprecationWarning)
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("app.py", "bot", "broadcast", "cards", "dialogs", "feedback")
SAYS = frozenset({"say", "mark"})
REFUSALS = frozenset(
    {
        "AnswersRefused",
        "LanguageUnknown",
        "NotAllowed",
        "NothingToAnswer",
        "NothingToSay",
        "NotYourSurvey",
        "Refusal",
        "RunIsClosed",
        "RunIsRecalled",
        "RunUnknown",
        "UnknownAction",
    }
)
"""The refusals that customers can meet: their docstrings are the sentences."""
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # the real time would change the files every time


class Sentence(msgspec.Struct, frozen=True):
    """Something that is said: where, and the form for many where it counts."""

    one: str
    many: str
    place: str


def sentences(root: Path = ROOT) -> list[Sentence]:
    """Return every sentence in the source, in its order."""
    files = [
        path for room in ROOMS for path in ([root / room] if room.endswith(".py") else (root / room).rglob("*.py"))
    ]
    return [one for path in sorted(files) for one in sentences_in(path, str(path.relative_to(root)))]


def sentences_in(path: Path, name: str) -> Iterator[Sentence]:
    """Give the sentences of one file. Those that are no literals were marked elsewhere."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    for node in sorted(nodes, key=lambda one: (getattr(one, "lineno", 0), getattr(one, "col_offset", 0))):
        if isinstance(node, ast.ClassDef) and node.name in REFUSALS and path.name in {"errors.py", "actions.py"}:
            yield Sentence(inspect.cleandoc(ast.get_docstring(node) or "").replace("\n", " "), "", name)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            said = [one.value if isinstance(one, ast.Constant) else None for one in node.args[:2]]
            if node.func.id in SAYS and isinstance(said[0], str):
                yield Sentence(said[0], "", name)
            elif node.func.id == "say_number" and isinstance(said[0], str) and isinstance(said[1], str):
                yield Sentence(said[0], said[1], name)


def template(found: Sequence[Sentence]) -> Catalog:
    """Return a catalogue without translations."""
    catalogue = Catalog(project="Hearback", domain=DOMAIN, creation_date=_EPOCH)
    for one in found:
        catalogue.add((one.one, one.many) if one.many else one.one, locations=[(one.place, None)])
    return catalogue


def path_of(language: str) -> Path:
    """Return where the catalogue of a language is."""
    return LOCALES / language / f"{DOMAIN}.po"


def read_catalogue(language: str) -> Catalog:
    """Return the catalogue of a language; an empty one where there is none yet."""
    if not path_of(language).exists():
        return Catalog(locale=language.replace("-", "_"), domain=DOMAIN, creation_date=_EPOCH)
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"), domain=DOMAIN)


def updated(language: str, found: Sequence[Sentence]) -> Catalog:
    """Return the catalogue of a language with exactly the sentences found, and the translations that it has of them."""
    old = read_catalogue(language)
    new = Catalog(
        locale=old.locale, project="Hearback", domain=DOMAIN, creation_date=_EPOCH, revision_date=_EPOCH, fuzzy=False
    )
    new.header_comment = f"# Hearback in {LANGUAGES[language]}. How to translate: docs/languages.md"
    for message in template(found):
        if message.id:
            known = old.get(message.id)
            new.add(message.id, known.string if known else None, locations=message.locations)
    return new


def as_po(catalogue: Catalog) -> bytes:
    """Return a catalogue as translators edit it."""
    text = BytesIO()
    write_po(text, catalogue, width=100, sort_output=False, include_lineno=False)
    return text.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return a catalogue as it is read by the service."""
    text = BytesIO()
    write_mo(text, catalogue)
    return text.getvalue()


def main() -> int:
    """Bring every catalogue up to date; return how many sentences lack a translation."""
    found, missing = sentences(), 0
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        catalogue = updated(language, found)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(as_po(catalogue))
        path_of(language).with_suffix(".mo").write_bytes(as_mo(catalogue))
        without = [one.id for one in catalogue if one.id and not (all(one.string) if one.pluralizable else one.string)]
        missing += len(without)
        print(f"{language}: {len(catalogue)} sentences, {len(without)} without a translation")
    return min(missing, 1)


if __name__ == "__main__":
    sys.exit(main())
