"""Languages: which there are, which one somebody reads, and how our own sentences, numbers and days are put in it.

The language is the one of the surrounding `speaking`, and English outside of it. It is kept in a context variable, so
every turn, task and thread has its own. A sentence is written in English where it is said; its translations are in
locales/. Knows nothing of what the sentences are about.
"""

import gettext
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from babel.core import Locale, negotiate_locale
from babel.dates import format_date
from babel.numbers import format_decimal

ENGLISH = "en"
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        ENGLISH: "English",
        "de": "Deutsch",
        "fr": "Français",
        "es": "Español",
        "pt-BR": "Português (Brasil)",
        "ja": "日本語",
        "zh-Hans": "简体中文",
        "hi": "हिन्दी",
        "ar": "العربية",
    }
)
"""Each language's tag, and its name as its readers write it."""
LOCALES = Path(__file__).parent / "locales"
DOMAIN = "hearback"

_ALIASES = {"pt": "pt_BR", "zh": "zh_Hans", "zh-hans": "zh_Hans", "zh-cn": "zh_Hans", "zh-sg": "zh_Hans"}
_BY_LOWER_CASE = {one.lower(): one for one in LANGUAGES}
_OTHER_SCRIPT = re.compile(r"zh-(hant|tw|hk|mo)\b")  # no reader of these asked for the simplified script
_IN_BABEL = {ENGLISH: "en_GB", "pt-BR": "pt_BR", "zh-Hans": "zh_Hans"}  # a day in English is “1 March 2026”
_FIRST_STRONG, _LEFT_TO_RIGHT, _RIGHT_TO_LEFT, _END = (
    "\u2068",
    "\u2066",
    "\u2067",
    "\u2069",
)  # the marks of Unicode's isolates
_RUNS_LEFT = "\u200f"  # Unicode's mark that says which way a text runs, without being seen
_TYPED = re.compile(r"\*\*([a-z][^*]*)\*\*")  # what somebody is to type
_DAY = re.compile(rf"(?<![{_LEFT_TO_RIGHT}\d-])\d{{4}}-\d\d-\d\d(?![\d-]|T\d)")  # no time that a client computes
_LINE = re.compile(r"^((?:- )?(?:\*\*|_)?)(.*?)((?:\*\*|_)?)$")  # marks of Markdown stay outside
_SMALL = 1000
_DIGITS = 28

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything inside in a language of `LANGUAGES`."""
    before = _current.set(language)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> str:
    """Return the tag of the language that is spoken here."""
    return _current.get()


@lru_cache(maxsize=1024)
def negotiate(tag: str) -> str:
    """Return the language nearest to a tag such as “de-AT”; English where there is none."""
    return find_language(tag) or ENGLISH


def find_language(tag: str) -> str:
    """Return the language nearest to a tag, or an empty text where there is none."""
    asked = tag.strip().replace("_", "-").lower()
    if _OTHER_SCRIPT.match(asked):
        return ""
    wanted = [asked, asked.partition("-")[0]]
    found = negotiate_locale(wanted, list(LANGUAGES), sep="-", aliases=_ALIASES) or ""
    return _BY_LOWER_CASE.get(found.lower(), "")


def say(sentence: str, /, **facts: object) -> str:
    """Return a sentence of ours in the language spoken, with facts put in its {places}.

    A literal here is what translators see. Where the language is written from right to left, facts and what is to be
    typed are isolated, so that they do not turn the sentence around.
    """
    return _filled(_catalogue(current()).gettext(sentence), facts)


def say_number(one: str, many: str, n: int, **facts: object) -> str:
    """Return a sentence that counts, in the form for `n`; the place {n} gets the number as it is written there."""
    return _filled(_catalogue(current()).ngettext(one, many, n), {"n": whole(n), **facts})


def mark(sentence: str) -> str:
    """Return the sentence as it is: it is said later, and translators have to see it here."""
    return sentence


def whole(number: int) -> str:
    """Return a whole number with the separators of the language spoken."""
    if abs(number) < _SMALL:
        return str(number)
    with localcontext(prec=_DIGITS):  # a library that botbuilder brings leaves fewer to everybody
        return str(format_decimal(number, locale=_in_babel(current())))


def number(value: float) -> str:
    """Return a number as it is answered: its own digits, no groups, the decimal mark of the language spoken."""
    plain = f"{value:.15g}"  # as many digits as every float keeps
    return plain.replace(".", decimal_mark()) if "." in plain else plain


def decimal_mark() -> str:
    """Return what stands between whole and part of a number in the language spoken."""
    return _mark_of(current())


def day(value: date) -> str:
    """Return a day in words, such as “1 March 2026”."""
    return str(format_date(value, "long", locale=_in_babel(current())))


def is_right_to_left() -> bool:
    """Say whether the language spoken is written from right to left."""
    return _direction(current()) == "rtl"


def isolated(words: str) -> str:
    """Return words so that, in a language from right to left, they keep their own direction and turn nothing around."""
    if not is_right_to_left():
        return words
    words = _with_days(words)
    if words.startswith(_FIRST_STRONG):
        return words
    has_other = any(unicodedata.bidirectional(one) == "L" for one in words)
    return f"{_FIRST_STRONG}{words}{_END}" if has_other else words


def ours(sentence: str) -> str:
    """Return a sentence of ours that begins with other people's words, so that it runs as its language does.

    It does so even where it is treated as a text of theirs later, and its isolates are taken out.
    """
    return f"{_RUNS_LEFT}{sentence}" if is_right_to_left() else sentence


def as_text(words: str) -> str:
    """Return a message without a card so that, in a language from right to left, every line runs that way anywhere."""
    if not is_right_to_left() or words.startswith("```"):
        return words
    return "\n".join(_LINE.sub(rf"\1{_RIGHT_TO_LEFT}\2{_END}\3", line) if line else line for line in words.split("\n"))


def _filled(sentence: str, facts: Mapping[str, object]) -> str:
    if not is_right_to_left():
        return sentence.format(**facts) if facts else sentence
    own = {name: isolated(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
    filled = sentence.format(**own) if facts else sentence
    return _with_days(_TYPED.sub(f"**{_LEFT_TO_RIGHT}\\g<1>{_END}**", filled))


def _with_days(words: str) -> str:
    """Return words with each year-month-day from left to right: between Arabic letters it would read the other way."""
    return _DAY.sub(f"{_LEFT_TO_RIGHT}\\g<0>{_END}", words)


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    with (LOCALES / language / f"{DOMAIN}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def _in_babel(language: str) -> str:
    return _IN_BABEL.get(language, language)


@lru_cache
def _direction(language: str) -> str:
    return str(Locale.parse(_in_babel(language)).text_direction)


@lru_cache
def _mark_of(language: str) -> str:
    return str(format_decimal(Decimal("0.5"), locale=_in_babel(language)))[1:2]
