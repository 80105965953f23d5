"""A survey's texts in other languages (`locales`) in a survey file: read, mistakes named, and written.

A translation has everything that the text it stands for has, so that nobody meets two languages in one question.
"""

from collections.abc import Sequence

from feedback.errors import quote
from feedback.language import LANGUAGES
from feedback.surveys.choice_files import MAX_CHOICE
from feedback.surveys.file_fields import Entry
from feedback.surveys.located import Fields, Items, Node
from feedback.surveys.questions import Choice, Kind, Question, QuestionWords
from feedback.surveys.surveys import Arm, ArmWords, Words

MAX_TITLE = 120  # characters, as where it is written first; so are the next five
MAX_INTRO = 2_000
MAX_TEXT = 500
MAX_HELP = 500
MAX_ARM = 1_000
MAX_ALT = 120


def survey_words(entry: Entry, intro: str) -> tuple[Words, ...]:
    """Return a survey's title and intro in other languages."""
    found = []
    for language, part in _languages(entry, ("title", "intro")):
        title = part.needed("title", MAX_TITLE)
        found.append(Words(language, title, _also(part, "intro", MAX_INTRO, is_there=bool(intro))))
    return tuple(found)


def page_words(entry: Entry, title: str) -> tuple[Words, ...]:
    """Return a page's title in other languages."""
    if entry.has("locales") and not title:
        entry.blame("locales", "this page has no title to translate. Leave “locales” out, or give it a title.")
        return ()
    return tuple(Words(language, part.needed("title", MAX_TITLE)) for language, part in _languages(entry, ("title",)))


def question_words(entry: Entry, question: Question) -> tuple[QuestionWords, ...]:
    """Return a question's texts in other languages."""
    return tuple(
        QuestionWords(
            language=language,
            text=part.needed("text", MAX_TEXT, is_block=True),
            help=_also(part, "help", MAX_HELP, is_there=bool(question.help)),
            choices=_choices(part, "choices", question.choices, has_pictures=question.kind is Kind.IMAGE_CHOICE),
            rows=_choices(part, "rows", question.rows),
        )
        for language, part in _languages(entry, ("text", "help", "choices", "rows"))
    )


def arm_words(entry: Entry, arm: Arm) -> tuple[ArmWords, ...]:
    """Return the texts of an arm of a concept test in other languages."""
    return tuple(
        ArmWords(
            language=language,
            text=_also(part, "text", MAX_ARM, is_there=bool(arm.text)),
            alt=_also(part, "alt", MAX_ALT, is_there=bool(arm.alt)),
        )
        for language, part in _languages(entry, ("text", "alt"))
    )


def words_fields(locales: Sequence[Words | QuestionWords | ArmWords]) -> dict[str, object]:
    """Return translations as they stand in a file: nothing, or the field “locales”."""
    return {"locales": {one.language: _fields(one) for one in locales}} if locales else {}


def _languages(entry: Entry, known: Sequence[str]) -> list[tuple[str, Entry]]:
    node = entry.node("locales")
    if node is None:
        return []
    group = entry.child(node, "locales", tuple(LANGUAGES), what="language")
    given = [(language, group.node(language)) for language in LANGUAGES]
    return [(language, group.child(one, language, known)) for language, one in given if one is not None]


def _also(part: Entry, field: str, limit: int, *, is_there: bool) -> str:
    """Return a text that has to be translated where it is there, and cannot be where it is not."""
    if is_there:
        return part.needed(field, limit, is_block=True)
    if part.has(field):
        part.blame(field, f"there is no {field} to translate. Leave it out, or write it in the first language too.")
    return ""


def _choices(part: Entry, field: str, asked: Sequence[Choice], *, has_pictures: bool = False) -> tuple[Choice, ...]:
    """Return the labels of all choices or rows: by id, or as a list in the order in which they are asked."""
    node = part.node(field)
    if not asked:
        if node is not None and not part.problems:
            part.blame(field, f"there are no {field} to translate. Leave them out.")
        return ()
    if node is None:
        if not part.is_excused(field):
            part.blame(field, f"the {field} are missing. Add “{field}:” and the text of each, in the same order.")
        return ()
    found = _in_order(part, field, node, asked) if isinstance(node, Items) else _by_id(part, field, node, asked)
    read = [_choice(part, field, one, node, has_pictures=has_pictures) for one, node in found]
    _check_repeats(part, field, read)
    return tuple(read)


def _in_order(part: Entry, field: str, node: Items, asked: Sequence[Choice]) -> list[tuple[Choice, Node]]:
    if len(node.items) != len(asked):
        part.blame(field, f"there are {len(node.items)} {field} here and {len(asked)} in the question. Give all.")
        return []
    return list(zip(asked, node.items, strict=True))


def _by_id(part: Entry, field: str, node: Node, asked: Sequence[Choice]) -> list[tuple[Choice, Node]]:
    what = field.removesuffix("s")
    group = part.child(node, field, tuple(one.id for one in asked), what=what)
    missing = [one.id for one in asked if not group.has(one.id) and not group.is_excused(one.id)]
    if missing:
        names = ", ".join(quote(one) for one in missing)
        group.blame("", f"the text of the {what} {names} is missing. Every {what} needs one.")
    return [(one, own) for one in asked if (own := group.node(one.id)) is not None]


def _choice(part: Entry, field: str, asked: Choice, node: Node, *, has_pictures: bool) -> Choice:
    place = f"{field}.{asked.id}"
    if has_pictures:
        if not isinstance(node, Fields):
            part.blame(place, "a choice with a picture has the fields text and alt.", node.line)
            return Choice(asked.id, "")
        own = part.child(node, place, ("text", "alt"))
        return Choice(asked.id, own.needed("text", MAX_CHOICE), alt=own.needed("alt", MAX_CHOICE))
    text = part.text_of(node, place, MAX_CHOICE)
    if not text and not isinstance(node, Fields | Items):
        part.blame(place, "this text is empty. Write it after the name.", node.line)
    return Choice(asked.id, text)


def _check_repeats(part: Entry, field: str, found: Sequence[Choice]) -> None:
    first: dict[str, str] = {}
    for one in found:
        key = one.text.casefold()
        if key and key in first:
            part.blame(field, f"{quote(one.text)} stands for both {first[key]} and {one.id}. Give each its own text.")
        first.setdefault(key, one.id)


def _fields(words: Words | QuestionWords | ArmWords) -> dict[str, object]:
    if isinstance(words, ArmWords):
        return {name: text for name, text in (("text", words.text), ("alt", words.alt)) if text}
    if isinstance(words, Words):
        return {"title": words.title, **({"intro": words.intro} if words.intro else {})}
    fields: dict[str, object] = {"text": words.text}
    if words.help:
        fields["help"] = words.help
    for name, choices in (("rows", words.rows), ("choices", words.choices)):
        if choices:
            fields[name] = {one.id: {"text": one.text, "alt": one.alt} if one.alt else one.text for one in choices}
    return fields
