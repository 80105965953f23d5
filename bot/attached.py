"""An audience that comes as a file with the message: read, told line by line where it is wrong, and kept as a list.

Knows nothing of what the audience is for. A list that is kept has a name, and needs no file any more.
"""

import asyncio
import re
from collections.abc import Callable

from msgspec.structs import replace

from bot.turn import Reply, Turn
from cards.elements import counted
from cards.surveys import left_out_card
from feedback.errors import AudienceFileRefused, FileNotNamed, NothingToSay, OneFileOnly, PeopleFileRefused
from feedback.people.audience_words import is_attached, read_audience, write_audience
from feedback.people.people_files import PeopleFile, read_people
from feedback.people.people_lists import keep_list
from feedback.runs.timing import Asked

ATTACHED = "attached csv"
PASTED = "pasted"  # what a list is named after that was not in a file
USAGE = "send <survey> to attached csv [skip wrong lines], with the people as a CSV file"
_ATTACHED = re.compile(r"\battached\b", re.IGNORECASE)
_SKIP = re.compile(r"[\s,]*\bskip wrong lines\b", re.IGNORECASE)


async def asked_with_file(turn: Turn, words: str, read: Callable[[str], Asked]) -> tuple[Asked, list[Reply]]:
    """Return what is asked, a list in the place of “attached csv”, and what there is to tell of its file.

    The people may also be pasted in the lines below. Raises a `Refusal`.
    """
    first, _, below = words.partition("\n")
    if not _ATTACHED.search(first):
        if turn.files:
            raise FileNotNamed
        return read(words), []
    asked = read(_SKIP.sub("", first).strip())
    audience = asked.audience.strip(" .,!?")
    if not is_attached(audience):
        if turn.files:
            raise FileNotNamed
        return asked, []
    file = await _people(turn, below, skips=_SKIP.search(first) is not None)
    name = turn.files[0].name if turn.files else PASTED
    kept = await keep_list(turn.store, file, name=name, by=turn.person.id, now=turn.now)
    await turn.record("list", kept.id, after=counted(kept.people, "person", "people"))
    told = [Reply("Lines were left out.", left_out_card(file.problems, kept.people))] if file.problems else []
    return replace(asked, audience=write_audience(read_audience(audience, attached=kept.id))), told


async def _people(turn: Turn, below: str, *, skips: bool) -> PeopleFile:
    """Return the people of the one file attached, or of the lines below."""
    if len(turn.files) > 1:
        raise OneFileOnly(files=len(turn.files))
    text = await turn.parts.fetch_file(turn.files[0]) if turn.files else below.strip("`\n ")
    if not text.strip():
        raise NothingToSay(usage=USAGE)
    is_allowed = turn.parts.is_allowed_tenant
    try:
        return await asyncio.to_thread(read_people, text, is_allowed=is_allowed, skip_wrong_lines=skips)
    except PeopleFileRefused as refused:
        raise AudienceFileRefused(refused.problems) from None
