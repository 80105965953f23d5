"""Advice on a survey: what tends to make its answers worth less, and why. It never stops anybody.

Rules are rows of a table, each with its source. They read English, and say nothing of surveys in other languages.

Sources: [P] Pew Research Center, “Writing Survey Questions”. [D] Dillman, Smyth, Christian: Internet, Phone, Mail, and
Mixed-Mode Surveys. [K] Krosnick, Presser: Question and Questionnaire Design. [A] AAPOR, Best Practices for Survey
Research. [G] Galesic, Bosnjak 2009, on the length of web surveys. [N] Nielsen Norman Group, on survey questions.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from feedback.surveys.questions import CHOOSING, Kind, Question
from feedback.surveys.surveys import Survey
from feedback.surveys.translations import languages_of

MANY_QUESTIONS = 12
MANY_ON_A_PAGE = 6
MANY_WORDS = 30
MANY_TEXTS = 3
_ENGLISH_SHARE = 0.12  # of the words of a survey; English ones have about twice that, others seldom half


class Advice(msgspec.Struct, frozen=True):
    """One thing to look at again: the question's id (empty: the whole survey), what, and why."""

    question: str
    rule: str
    sentence: str


class Rule(msgspec.Struct, frozen=True):
    """One rule on a question. `find` returns the words that it minds, or an empty text."""

    name: str
    find: Callable[[Question], str]
    what: str  # with {found}
    why: str
    source: str


def advice_on(survey: Survey) -> list[Advice]:
    """Return what to look at again, in the order of the questions; where it is not in English, what is untranslated."""
    untranslated = list(_untranslated(survey))
    if not _is_english(survey):
        return untranslated
    found = [
        Advice(question.id, rule.name, f"{rule.what.format(found=words)} {rule.why}")
        for question in survey.questions
        for rule in RULES
        if (words := rule.find(question))
    ]
    return [*_on_the_whole(survey), *untranslated, *found]


def _untranslated(survey: Survey) -> Iterator[Advice]:
    """Give what is not in every language that the survey is in."""
    used = languages_of(survey)
    titled = [survey.locales, *(page.locales for page in survey.pages if page.title)]
    if absent := sorted({one for some in titled for one in used - {own.language for own in some}}):
        yield Advice(
            "", "not translated", f"The title, or that of a page, is not in {', '.join(absent)}. {_TWO_LANGUAGES}"
        )
    for arm in survey.arms:
        if absent := sorted(used - {own.language for own in arm.locales}):
            yield Advice("", "not translated", f"Arm {arm.id} is not in {', '.join(absent)}. {_TWO_LANGUAGES}")
    for question in survey.questions:
        if absent := sorted(used - {own.language for own in question.locales}):
            yield Advice(question.id, "not translated", f"It is not in {', '.join(absent)}. {_TWO_LANGUAGES}")


def _on_the_whole(survey: Survey) -> Iterator[Advice]:
    number = len(survey.questions)
    if number > MANY_QUESTIONS:
        yield Advice("", "too many questions", f"There are {number} questions. {_TOO_MANY}")  # [G]
    fullest = max(len(page) for page in survey.paged)
    if survey.pages and fullest > MANY_ON_A_PAGE:
        yield Advice("", "full page", f"A page has {fullest} questions. On a phone that is a lot of scrolling.")  # [D]
    texts = sum(question.kind is Kind.TEXT for question in survey.questions)
    if texts > MANY_TEXTS:
        yield Advice("", "many texts", f"There are {texts} questions for texts. {_MANY_TEXTS}")  # [G]


_TWO_LANGUAGES = "Whoever reads that meets two languages in one survey."
_TOO_MANY = "The longer a survey, the fewer finish it, and the less thought the last questions get."
_MANY_TEXTS = "Writing is the most work for people, and the first thing they skip."
_COMMON = frozenset(
    re.split(
        r"\s+",
        "the a an of to in is are was were do does did you your how what which who when where why and or it this that "
        "with for on our we us not would have has be",
    )
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def _is_english(survey: Survey) -> bool:
    """Say whether enough of the words are the small words of English."""
    words = [word.lower() for question in survey.questions for word in _WORD.findall(question.text)]
    return bool(words) and sum(word in _COMMON for word in words) >= _ENGLISH_SHARE * len(words)


def _pattern(*patterns: str, kinds: frozenset[Kind] | None = None) -> Callable[[Question], str]:
    """Return a finder of the first words of a question's text that fit."""
    expression = re.compile("|".join(patterns), re.IGNORECASE)

    def find(question: Question) -> str:
        if kinds is not None and question.kind not in kinds:
            return ""
        found = expression.search(question.text)
        return " ".join(found[0].split()) if found else ""

    return find


_SCORED = frozenset({Kind.NPS, Kind.RATING, Kind.CSAT, Kind.CES, Kind.YES_NO})
_JUDGED = "easy|simple|fast|quick|useful|helpful|clear|friendly|reliable|intuitive|satisfied|happy|affordable|accurate"
_LEADING = (
    r"\b(?:don['’]t|doesn['’]t|isn['’]t|aren['’]t|wouldn['’]t|didn['’]t|won['’]t) (?:you|it|we|they|our|this)\b",
    r"\b(?:surely|obviously|of course|undoubtedly|as everybody knows|as you know)\b",
    r"\bhow (?:much|great|good|easy|useful|helpful|amazing|satisfied) (?:do|did) you (?:love|enjoy|like)\b",
    r"\bhow (?:amazing|awesome|wonderful|fantastic|great|excellent)\b",
    r"\bour (?:amazing|award-winning|great|innovative|new and improved|best-in-class|excellent|powerful)\b",
    r"\b(?:do|would) you (?:agree|not agree|admit) that\b",
    r"\bmost (?:people|customers|users) (?:think|say|find|agree|prefer|love)\b",
)
_DOUBLE = (
    rf"\b(?:{_JUDGED})\b,? (?:and|or|as well as) \b(?:{_JUDGED})\b",
    r"\b(?:satisfied|happy) (?:are|were) you with (?:\w+ ){1,4}and (?:\w+ ?){1,4}",
    r"\b\w+(?:ing)? (?:and|as well as) (?:how|why|what) ",
    r"\band/or\b",
    r"\?.+\?",
)
_JARGON = (
    r"\b(?:leverag\w+|synerg\w+|paradigm\w*|granular\w*|holistic\w*|ideat\w+|touch ?points?|stakeholders?)\b",
    r"\b(?:use cases?|cadence)\b",
    r"\b(?:KPIs?|TCO|ROI|SSO|SLAs?|CI/CD|RBAC|UX|UI|API|SDK|GTM|ICP|PLG|MVP|OKRs?|EOL|TTV)\b",
    r"\b(?:onboarding journey|value prop\w*|pain points?|north star|best-of-breed|mission-critical|omnichannel)\b",
)
_NEGATIVES = (
    r"\b(?:not|never|no)\b[^.?!]{0,40}\b(?:not|never|unlike\w*|dis\w+|un(?:able|easy|happy|clear|satisf\w+))\b",
)
_ABSOLUTES = (r"\b(?:always|never|ever|all the time|every time|everyone|nobody|only)\b",)
_RECALL = (r"\b(?:in|over|during) the (?:last|past) (?:year|two years|\d+ (?:months|years)|few years)\b",)

_GOOD = re.compile(
    r"\b(?:excellent|great|very good|good|satisfied|agree|likely|easy|happy|love|best|better)\b", re.IGNORECASE
)
_BAD = re.compile(
    r"\b(?:terrible|awful|bad|poor|dissatisfied|disagree|unlikely|hard|difficult|unhappy|hate|worst|worse)\b",
    re.IGNORECASE,
)


def _unbalanced(question: Question) -> str:
    """Return how many choices praise and how many blame, where they are a scale and differ by more than one."""
    if question.kind not in CHOOSING - {Kind.RANKING}:
        return ""
    texts = [choice.text for choice in question.choices]
    bad = sum(bool(_BAD.search(text)) for text in texts)
    good = sum(bool(_GOOD.search(text)) and not _BAD.search(text) for text in texts)
    is_scale = good + bad >= max(3, len(texts) - 1)
    return f"{good} for good and {bad} for bad" if is_scale and abs(good - bad) > 1 else ""


def _required_text(question: Question) -> str:
    return "required" if question.required and question.kind is Kind.TEXT else ""


def _long(question: Question) -> str:
    number = len(question.text.split())
    return str(number) if number > MANY_WORDS else ""


RULES: Sequence[Rule] = (
    Rule(
        "leading",
        _pattern(*_LEADING),
        "“{found}” suggests an answer.",
        "People tend to agree with what they think you want to hear, so the figure says less than it seems to.",
        "[P][K]",
    ),
    Rule(
        "double-barrelled",
        _pattern(*_DOUBLE, kinds=_SCORED | {Kind.CHOICE, Kind.MATRIX, Kind.TEXT}),
        "“{found}” asks two things at once.",
        "Nobody can tell afterwards which of the two an answer is about: make it two questions.",
        "[P][D]",
    ),
    Rule(
        "jargon",
        _pattern(*_JARGON),
        "“{found}” may be a word of your trade.",
        "Whoever does not know it guesses instead of asking: use the word that customers use.",
        "[P][A]",
    ),
    Rule(
        "negative",
        _pattern(*_NEGATIVES),
        "“{found}” has two negatives.",
        "People who read fast answer the opposite of what they mean.",
        "[D][P]",
    ),
    Rule(
        "absolute",
        _pattern(*_ABSOLUTES, kinds=frozenset({Kind.YES_NO})),
        "“{found}” leaves only one honest answer.",
        "Hardly anything is always or never so: ask how often.",
        "[D]",
    ),
    Rule(
        "long recall",
        _pattern(*_RECALL),
        "“{found}” is a long time to remember.",
        "People guess, and recent things weigh most: ask about the last time, or the last month.",
        "[D][N]",
    ),
    Rule(
        "unbalanced scale",
        _unbalanced,
        "The choices are {found}.",
        "A scale with more room on one side moves the answers to that side.",
        "[K][P]",
    ),
    Rule(
        "required text",
        _required_text,
        "A text is {found} here.",
        "Whoever has nothing to say types anything, or leaves the survey.",
        "[N][D]",
    ),
    Rule(
        "long question",
        _long,
        "This question has {found} words.",
        "Long questions are skimmed, on phones above all: move what is not the question into the help.",
        "[D][N]",
    ),
)
