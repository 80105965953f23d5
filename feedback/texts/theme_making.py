"""Themes by machine: which answers to a question are about the same, by the words they share. Knows no store.

It runs in a process of its own (`python -m feedback.theme_making`, theme_machine.py starts it), which gives up by
itself when it takes too long or too much memory; so the library is never loaded where requests are answered. Words are
weighed by TF-IDF and grouped by non-negative matrix factorization (Lee and Seung, Nature 401, 1999), both of
scikit-learn. The same answers give the same themes, in whatever order they come.
"""

import re
import resource
import sys
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec

CPU_S = 60  # of one making
MEMORY = 2 * 1024**3  # bytes of address space
LONGEST = 2_000  # characters of an answer that are looked at
MOST_WORDS = 5_000  # different ones, the most frequent
MOST_THEMES = 12
PER_THEME = 3  # themes grow with the square root of the answers: 3 of 20, 6 of 120, 12 of 430
NAMED_BY = 3  # words
SEED = 1
_FAINT = 0.1  # of the weight of the first word of a name, which a further one has to exceed
_SURE = 0.4  # of an answer's weight has to lie on one theme
_ENGLISH = "en"
_KINDS = "LNM"  # letters, numbers, and marks, without which an Indian word falls apart
_IDEOGRAPHS = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KATAKANA = re.compile("[\u30a0-\u30ff\u31f0-\u31ff]")
_HIRAGANA = re.compile("[\u3040-\u309f]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer


class Task(msgspec.Struct, frozen=True):
    """Answers, and how many of them at least are a theme, or are needed to name one by their word."""

    texts: tuple[str, ...]
    least: int


class Found(msgspec.Struct, frozen=True):
    """A theme: the words that tell it from the others, and the places of its answers, the clearest first."""

    words: tuple[str, ...]
    members: tuple[int, ...]


def found_in(task: Task) -> list[Found]:
    """Return the themes of some answers, the largest first; an answer is in one of them at most."""
    order = sorted(range(len(task.texts)), key=lambda place: (task.texts[place], place))
    spoken = [_words_of(task.texts[place]) for place in order]
    used = Counter(word for words in spoken for word in set(words))
    if sum(count >= task.least for count in used.values()) < 2:  # noqa: PLR2004 - nothing to tell apart
        return []
    weights, words = _factors(spoken, task.least)
    themes = [
        Found(_name(words, column), tuple(order[row] for row in rows))
        for column, rows in enumerate(_members(weights))
        if len(rows) >= task.least
    ]
    named = ((one, task.texts) for one in themes if one.words)
    return sorted((_as_written(*one) for one in named), key=lambda one: (-len(one.members), one.words))


def _factors(spoken: Sequence[Sequence[str]], least: int) -> tuple[Any, list[list[tuple[str, float]]]]:
    """Return how much each answer is of each theme, and the words of each theme by their weight."""
    from sklearn.decomposition import NMF  # noqa: PLC0415 - only this process pays for it
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    vectors = TfidfVectorizer(analyzer=list, min_df=least, max_features=MOST_WORDS, sublinear_tf=True)
    matrix = vectors.fit_transform(spoken)
    names = vectors.get_feature_names_out()
    wanted = max(2, min(MOST_THEMES, round((len(spoken) / PER_THEME) ** 0.5), len(names)))
    model = NMF(wanted, init="nndsvda", random_state=SEED, max_iter=400, tol=1e-3)
    with warnings.catch_warnings(action="ignore"):  # that it stopped early, or fits exactly
        weights = model.fit_transform(matrix)
    words = [sorted(zip(names, row, strict=True), key=lambda one: (-one[1], one[0])) for row in model.components_]
    return weights, words


def _members(weights: Any) -> list[list[int]]:  # noqa: ANN401 - a matrix of numpy, which ships no type here
    """Return the answers of each theme, the clearest first; those that are of several alike are of none."""
    themes: list[list[tuple[float, int]]] = [[] for _ in range(weights.shape[1])]
    for row, found in enumerate(weights.tolist()):
        whole = sum(found)
        theme = max(range(len(found)), key=lambda one: (found[one], -one))
        if whole > 0 and found[theme] >= _SURE * whole:
            themes[theme].append((-found[theme], row))
    return [[row for _, row in sorted(one)] for one in themes]


def _name(words: Sequence[Sequence[tuple[str, float]]], theme: int) -> tuple[str, ...]:
    """Return the words that name a theme; parts of words that are there already say nothing new."""
    found: list[str] = []
    for word, weight in words[theme]:
        if len(found) == NAMED_BY or weight <= _FAINT * words[theme][0][1]:
            break
        if not any(word in one or one in word for one in found):
            found.append(word)
    return tuple(found)


def _as_written(theme: Found, texts: Sequence[str]) -> Found:
    """Return a theme with its words as most people have written them."""
    forms = {word: Counter[str]() for word in theme.words}
    for place in theme.members:
        for form in _runs(unicodedata.normalize("NFKC", texts[place][:LONGEST])):
            if form.casefold() in forms:
                forms[form.casefold()][form] += 1
    best = (min(seen.items(), key=lambda one: (-one[1], one[0]))[0] if seen else word for word, seen in forms.items())
    return Found(tuple(best), theme.members)


def _words_of(text: str) -> list[str]:
    """Return what an answer is compared by: its words without the small ones, and in scripts without spaces parts."""
    runs = [one.casefold() for one in _runs(unicodedata.normalize("NFKC", text[:LONGEST]))]
    small = _small_words(_language_of(runs))
    return [part for run in runs if run not in small for part in _parts(run)]


def _runs(text: str) -> Iterator[str]:
    """Give what is written without anything between it, in one kind of script."""
    for script, letters in groupby(text, _script):
        if script:
            yield "".join(letters)


@lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    if unicodedata.category(letter)[0] not in _KINDS:
        return ""
    found = {"ideographs": _IDEOGRAPHS, "katakana": _KATAKANA, "hiragana": _HIRAGANA, "unspaced": _UNSPACED}
    return next((name for name, letters in found.items() if letters.match(letter)), "spaced")


def _parts(run: str) -> list[str]:
    """Return a word as it is; of a script without spaces, every two letters, or three where letters say less.

    Hiragana alone is mostly grammar; numbers and single letters tell nothing apart.
    """
    match _script(run[0]):
        case "hiragana":
            return []
        case "ideographs":
            return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]
        case "unspaced":
            parts = [run[at : at + 3] for at in range(len(run) - 2)]
            return [
                one for one in parts if unicodedata.category(one[0])[0] != "M"
            ]  # a mark belongs to what is before it
        case _:
            return [] if len(run) < 2 or run.isnumeric() else [run]  # noqa: PLR2004


def _language_of(runs: Sequence[str]) -> str:
    """Return the language that most of the small words are of; English where one word alone says so."""
    hits = {language: sum(one in _small_words(language) for one in runs) for language in _languages()}
    best = max(hits, key=lambda one: (hits[one], one == _ENGLISH, one))
    doubt = 1 if all(one.isascii() for one in runs) else 0
    return best if hits[best] > max(doubt, hits[_ENGLISH]) else _ENGLISH


@lru_cache(maxsize=1)
def _languages() -> tuple[str, ...]:
    from stop_words import LANGUAGE_MAPPING  # noqa: PLC0415 - only this process reads the lists

    return tuple(sorted(LANGUAGE_MAPPING))


@lru_cache(maxsize=64)
def _small_words(language: str) -> frozenset[str]:
    from stop_words import get_stop_words  # noqa: PLC0415

    listed = (unicodedata.normalize("NFKC", one).casefold() for one in get_stop_words(language))
    return frozenset(part for one in listed for part in _runs(one))


def keep_to_limits() -> None:
    """Let the system end this process where it takes too long or too much memory."""
    for limit, most in ((resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_AS, MEMORY)):
        with suppress(ValueError, OSError):  # a system that keeps no such limit
            resource.setrlimit(limit, (most, most))


def main() -> None:
    """Read a task from standard input and write its themes to standard output, within the limits."""
    keep_to_limits()
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(found_in(task)))


if __name__ == "__main__":
    main()
