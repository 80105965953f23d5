"""Tags: what a reader calls a text, by hand. Rules of names and numbers; texts are named by their refs alone."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from feedback.errors import Refusal
from feedback.results.suppression import is_shown
from feedback.texts.kept_about import change_kept, find_kept
from store.contract import Store

LONGEST = 40  # characters of a tag
MOST_TAGS = 100  # different ones about a question
MOST_ON_A_TEXT = 10
MOST_TEXTS = 20_000  # with tags, for one question: a document holds these


class NoSuchTag(Refusal):
    """A tag has from 1 to 40 letters, without line breaks."""


class TooManyTags(Refusal):
    """A text can have 10 tags, and a question 100 different ones on 20,000 texts. Take one away first."""


class Tags(msgspec.Struct, frozen=True, omit_defaults=True):
    """The tags of a question's texts."""

    by_text: Mapping[str, tuple[str, ...]] = {}  # ref -> tags, in the order in which they were given


class TagCount(msgspec.Struct, frozen=True):
    """A tag, and on how many texts that may be read it is."""

    tag: str
    n: int


async def find_tags(store: Store, run: str, question: str) -> Tags:
    """Return the tags of a question's texts."""
    return await find_kept(store, run, question, Tags)


async def add_tag(store: Store, run: str, question: str, ref: str, said: str) -> str:
    """Put a tag on a text and return it as it is kept. Harmless to repeat. Raises `NoSuchTag` and `TooManyTags`."""
    tag = read_tag(said)

    def change(tags: Tags) -> Tags:
        has = tags.by_text.get(ref, ())
        if tag in has:
            return tags
        different = {one for some in tags.by_text.values() for one in some} | {tag}
        after = {**tags.by_text, ref: (*has, tag)}
        if len(has) == MOST_ON_A_TEXT or len(different) > MOST_TAGS or len(after) > MOST_TEXTS:
            raise TooManyTags
        return Tags(after)

    await change_kept(store, run, question, Tags, change)
    return tag


async def remove_tag(store: Store, run: str, question: str, ref: str, said: str) -> str:
    """Take a tag off a text and return it. Harmless to repeat. Raises `NoSuchTag`."""
    tag = read_tag(said)

    def change(tags: Tags) -> Tags:
        left = tuple(one for one in tags.by_text.get(ref, ()) if one != tag)
        others = {text: some for text, some in tags.by_text.items() if text != ref}
        return Tags({**others, ref: left} if left else others)

    await change_kept(store, run, question, Tags, change)
    return tag


def read_tag(said: str) -> str:
    """Return a tag as it is kept: in small letters, without “#”. Raises `NoSuchTag`."""
    tag = " ".join(unicodedata.normalize("NFKC", said).casefold().lstrip("# ").split())
    if not 0 < len(tag) <= LONGEST or not tag.isprintable():
        raise NoSuchTag
    return tag


def count_tags(tags: Tags, refs: Collection[str], threshold: int) -> list[TagCount]:
    """Return how many texts have each tag, the most frequent first; of those that are, not of what was removed.

    With a threshold: none on fewer texts than that, and none that leaves fewer without it.
    """
    counts = Counter(tag for ref, some in tags.by_text.items() if ref in refs for tag in some)
    whole = len(refs)
    shown = [
        TagCount(tag, n)
        for tag, n in counts.items()
        if is_shown(n, threshold) and (n == whole or is_shown(whole - n, threshold))
    ]
    return sorted(shown, key=lambda one: (-one.n, one.tag))


def tagged(tags: Tags, refs: Sequence[str], tag: str) -> set[str]:
    """Return those of some texts that have a tag."""
    return {ref for ref in refs if tag in tags.by_text.get(ref, ())}
