"""What customers read is said in every language: nothing unmarked, nothing untranslated, no catalogue out of step."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment.catalogues import Sentence, as_mo, as_po, path_of, read_catalogue, sentences, sentences_in, updated
from feedback.language import ENGLISH, LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
OTHERS = sorted(set(LANGUAGES) - {ENGLISH})
COVERED: dict[str, set[str]] = {  # module -> what in it customers never meet
    "bot/answering.py": set(),
    "bot/everyone.py": set(),
    "bot/handler.py": set(),
    "bot/messages.py": {"status_message"},
    "bot/router.py": set(),
    "cards/errors.py": set(),
    "cards/help.py": set(),
    "cards/inputs.py": set(),
    "cards/notes.py": {"note_card", "notes_card", "_found", "_marks"},
    "cards/pauses.py": set(),
    "cards/person.py": set(),
    "cards/promises.py": {"arm_title"},
    "cards/size.py": set(),
    "cards/survey.py": {"preview_card"},
    "cards/thanks.py": set(),
    "dialogs/answer.py": set(),
    "dialogs/typed.py": set(),
    "feedback/surveys/checking.py": set(),
    "feedback/surveys/questions.py": {"Condition"},
    "feedback/wording.py": set(),
}
SAYING = {"say", "say_number", "mark"}
TECHNICAL = {"type", "style", "size", "weight", "spacing", "width", "verb", "mode"}  # keys of cards, with no words
PROSE = re.compile(r"[A-Za-z’']{2,}[,.:;]? +[a-z]{2,}|^[A-Z][a-z]{2,}[.:!?]?$")
_ALIKE = 15  # letters that two languages may share by chance: “{n} questions, {time}.”
PLACE = re.compile(r"\{(\w+)\}")
TYPED = re.compile(r"\*\*.*?\*\*")

FOUND = sentences()


def _unmarked(tree: ast.AST, left_out: set[str]) -> Iterator[str]:
    """Give the words in quotes that people could read and translators would not see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in left_out:
            continue
        if isinstance(node, ast.Call) and _callee(node) in SAYING | {"compile", "LookupError"}:
            for one in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if not isinstance(one, ast.Constant):
                    yield from _unmarked(ast.Module([ast.Expr(one)], []), left_out)
            continue
        is_log = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if (
            is_log
            or is_docstring
            or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"msg", "REMOVED", "__all__"})
        ):
            continue
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                is_technical = isinstance(key, ast.Constant) and key.value in TECHNICAL
                yield from () if is_technical else _unmarked(ast.Module([ast.Expr(ast.Tuple([value]))], []), left_out)
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and PROSE.search(node.value):
            yield node.value
        yield from _unmarked(node, left_out)


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


@pytest.mark.parametrize("module", COVERED)
def test_everything_that_customers_read_is_marked(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    assert list(_unmarked(tree, COVERED[module])) == []


def test_every_module_that_speaks_to_customers_is_looked_at() -> None:
    """Modules for admins alone say a few customers' sentences over; refusals are found by their docstrings."""
    others = {"bot/commands.py", "dialogs/sketch.py", "feedback/errors.py", "feedback/language.py"}
    speaking = {
        path.relative_to(ROOT).as_posix()
        for room in ("bot", "broadcast", "cards", "dialogs", "feedback")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\b(?:say|say_number|mark)\(", path.read_text(encoding="utf-8"))
    }
    assert speaking - others == set(COVERED)


@pytest.mark.parametrize("module", COVERED)
def test_what_is_marked_by_a_name_is_said_where_it_is_used(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    named = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _callee(node.value) == "mark"
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper() and not target.id.startswith("_")
    }
    used = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
    saying = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and _callee(one) == "say"]
    said = {id(one.args[0]) for one in saying if one.args}
    assert [f"{one.id}, line {one.lineno}" for one in used if one.id in named and id(one) not in said] == []


@pytest.mark.parametrize(
    "source", ['text("Hello there")', 'f"You have {n} left"', 'x = {"label": "Later"}', 'T = "Back"']
)
def test_words_that_are_not_marked_are_found(source: str) -> None:
    assert list(_unmarked(ast.parse(source), set()))


@pytest.mark.parametrize("source", ['say("Hello there")', 'x = {"type": "Column"}', 'log.info("nobody came")'])
def test_words_that_are_marked_or_not_for_people_are_left_alone(source: str) -> None:
    assert list(_unmarked(ast.parse(source), set())) == []


def test_sentences_are_found_wherever_they_are_said(tmp_path: Path) -> None:
    path = tmp_path / "errors.py"
    path.write_text(
        'class NothingToSay(Refusal):\n    """Write\n    it."""\n\n\nA = mark("a")\nB = say("b {x}", x=say("c"))\n'
        'D = say_number("one", "many", 2)\nE = say(A)\n'
    )
    found = [(one.one, one.many) for one in sentences_in(path, "errors.py")]
    assert found == [("Write it.", ""), ("a", ""), ("b {x}", ""), ("c", ""), ("one", "many")]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_a_translation(language: str) -> None:
    missing = []
    for message in updated(language, FOUND):
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(forms):
            missing.append(message.id)
    assert missing == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_and_the_commands_of_its_sentence(language: str) -> None:
    wrong = [
        (one.one, form)
        for one, form in _forms(language)
        if not _fits(one, form) or sorted(TYPED.findall(form)) != sorted(TYPED.findall(one.one))
    ]
    assert wrong == []


def _forms(language: str) -> Iterator[tuple[Sentence, str]]:
    catalogue = read_catalogue(language)
    for one in FOUND:
        message = catalogue.get((one.one, one.many) if one.many else one.one)
        strings = message.string if message else ()
        for form in strings if isinstance(strings, tuple | list) else (strings,):
            yield one, str(form)


def _fits(one: Sentence, form: str) -> bool:
    """Say whether a form has the same places; that for one, two or none may say so in words."""
    wanted, found = set(PLACE.findall(one.many or one.one)), set(PLACE.findall(form))
    return found == wanted or (bool(one.many) and found == wanted - {"n"})


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_all_its_plural_forms(language: str) -> None:
    catalogue = read_catalogue(language)
    for one in FOUND:
        if one.many:
            message = catalogue.get((one.one, one.many))
            assert message is not None
            assert len(message.string) == catalogue.num_plurals


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_matches_the_source_and_is_compiled(language: str) -> None:
    catalogue = updated(language, FOUND)
    advice = "run: python -m deployment.catalogues"
    assert path_of(language).read_bytes() == as_po(catalogue), advice
    assert path_of(language).with_suffix(".mo").read_bytes() == as_mo(catalogue), advice


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_no_copy_of_the_english(language: str) -> None:
    same = {form for one, form in _forms(language) if form == one.one and len(PLACE.sub("", form)) > _ALIKE}
    assert same == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_documented(language: str) -> None:
    assert f"| `{language}` | {LANGUAGES[language]} |" in (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
