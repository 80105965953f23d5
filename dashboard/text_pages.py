"""What people wrote in their own words: read, searched, tagged and grouped into themes. Roles are in table.py.

Whoever may see results may read. Changes are an admin's, by forms that work without scripts, and go into the audit:
never with a text, nor with words that a machine took from texts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from aiohttp import web

from dashboard.text_views import (
    LOOKED_AT,
    OTHERS,
    Asked,
    TextRow,
    TextsPage,
    asked_of,
    number_shown,
    on_page,
    theme_rows,
)
from dashboard.visit import Visit
from feedback.audit import Record, record_change
from feedback.errors import Refusal
from feedback.runs.runs import Run, find_run
from feedback.texts.text_tags import TagCount, Tags, add_tag, count_tags, find_tags, remove_tag, tagged
from feedback.texts.texts import Place, Reading, read_texts, search_texts, text_questions
from feedback.texts.themes import (
    NoSuchTheme,
    ShownThemes,
    find_themes,
    merge_themes,
    move_text,
    put_away_theme,
    rename_theme,
    shown_from,
    shown_themes,
    take_back_theme,
)
from store.contract import Store

Form = Mapping[str, str]


class NoSuchText(Refusal):
    """There is no such text any more: its author may have changed it a moment ago. Reload and look."""


async def texts(visit: Visit) -> web.StreamResponse:
    """Show the texts of a question with their themes and tags."""
    return await _page(visit, visit.request.query)


async def tag(visit: Visit) -> web.StreamResponse:
    """Put a tag on a text, or take one off."""
    return await _changed(visit, "tag", _TAG_ACTS[visit.request.match_info["act"]])


async def theme(visit: Visit) -> web.StreamResponse:
    """Have themes made, or correct them."""
    return await _changed(visit, "theme", _THEME_ACTS[visit.request.match_info["act"]])


async def _page(visit: Visit, said: Mapping[str, str], *, problem: str = "", status: int = 200) -> web.StreamResponse:
    run = await find_run(visit.parts.store, visit.request.match_info["run"])
    questions = text_questions(run)
    asked = asked_of(run.run, questions, said)
    reading = await visit.parts.readings.look(run)
    is_making = visit.parts.theme_desk.is_at_work(run.run, asked.question)  # before they are read: they may end now
    try:
        page = await _texts_page(visit, reading, asked)
    except NoSuchTheme as gone:  # merged, or made again
        asked, problem, status = msgspec.structs.replace(asked, theme=""), problem or str(gone), max(status, 404)
        page = await _texts_page(visit, reading, asked)
    return visit.page(
        "texts.html",
        status=status,
        run=run,
        questions=questions,
        question=next((one for one in questions if one.id == asked.question), None),
        page=page,
        withheld=reading.withheld,
        problem=problem,
        is_making=is_making,
        trouble=visit.parts.theme_desk.trouble(run.run, asked.question),
        others_name=OTHERS,
    )


async def _texts_page(visit: Visit, reading: Reading, asked: Asked) -> TextsPage | None:
    """Return what is shown of a question; None where none of it may be. Raises `NoSuchTheme`."""
    places = reading.places.get(asked.question)
    if places is None:
        return None
    store, run, refs = visit.parts.store, reading.run, [one.ref for one in places]
    themes, tags = await find_themes(store, run.run, asked.question), await find_tags(store, run.run, asked.question)
    shown = shown_themes(themes, refs, run.survey)
    counted = count_tags(tags, frozenset(refs), shown_from(run.survey))
    wanted = _tagged(_in_theme(places, shown, asked.theme), tags, counted, asked.tag)
    hits = await search_texts(store, run, asked.question, wanted, asked.words) if asked.words else None
    found = wanted if hits is None else hits.places
    here, number, pages = on_page(found, asked.page)
    return TextsPage(
        asked=msgspec.structs.replace(asked, page=number),
        rows=await _rows(visit, run, asked.question, here, shown, tags),
        n=number_shown(run, len(found), len(places)),
        whole=len(places),
        pages=pages,
        themes=themes,
        theme_rows=theme_rows(shown, themes, len(places), await _quotes(visit, reading, asked.question, shown)),
        put_away=shown.put_away,
        others=shown.others,
        tags=tuple(counted),
        searched=hits.among if hits is not None and hits.among < len(wanted) else None,
        is_cut=reading.is_cut,
    )


async def _quotes(visit: Visit, reading: Reading, question: str, shown: ShownThemes) -> dict[str, str]:
    """Return the clearest texts of each theme, by their refs."""
    wanted = {ref for one in shown.themes for ref in one.members[:LOOKED_AT]}
    places = [one for one in reading.places[question] if one.ref in wanted]
    return {one.place.ref: one.text for one in await read_texts(visit.parts.store, reading.run, question, places)}


async def _rows(
    visit: Visit, run: Run, question: str, here: Sequence[Place], shown: ShownThemes, tags: Tags
) -> tuple[TextRow, ...]:
    said = await read_texts(visit.parts.store, run, question, here)
    of = {ref: one.theme for one in shown.themes for ref in one.members}
    return tuple(TextRow(one, of.get(one.place.ref), tags.by_text.get(one.place.ref, ())) for one in said)


def _tagged(places: Sequence[Place], tags: Tags, counted: Sequence[TagCount], named: str) -> Sequence[Place]:
    """Return the places with a tag, or all where none is named; a tag that may not be counted is on none."""
    if not named:
        return places
    chosen = tagged(tags, [one.ref for one in places], named) if named in {one.tag for one in counted} else set()
    return [one for one in places if one.ref in chosen]


def _in_theme(places: Sequence[Place], shown: ShownThemes, named: str) -> Sequence[Place]:
    """Return the places in a theme, or in none, or all. Raises `NoSuchTheme`."""
    if not named:
        return places
    if named == OTHERS:
        inside = {ref for one in shown.themes for ref in one.members}
        return [one for one in places if one.ref not in inside]
    found = next((frozenset(one.members) for one in shown.themes if one.theme.id == named), None)
    if found is None:
        raise NoSuchTheme
    return [one for one in places if one.ref in found]


class Act(msgspec.Struct, frozen=True):
    """What somebody does: who, about which texts, and what the form says."""

    visit: Visit
    run: Run
    asked: Asked
    form: Form
    places: Sequence[Place]

    @property
    def about(self) -> tuple[Store, str, str]:
        """Where it is kept: the store, the run and the question."""
        return self.visit.parts.store, self.run.run, self.asked.question

    @property
    def theme(self) -> str:
        """The theme that the form is about."""
        return self.form.get("of", "")

    @property
    def name(self) -> str:
        """The name that the form gives."""
        return self.form.get("name", "")

    @property
    def ref(self) -> str:
        """The text that the form is about. Raises `NoSuchText`."""
        ref = self.form.get("text", "")
        if not any(one.ref == ref for one in self.places):
            raise NoSuchText
        return ref


async def _changed(visit: Visit, what: str, change: Callable[[Act], Awaitable[str]]) -> web.StreamResponse:
    """Change something, record it, and lead back to where the form was; or say there why that is not possible."""
    form = {name: one for name, one in (await visit.request.post()).items() if isinstance(one, str)}
    run = await find_run(visit.parts.store, visit.request.match_info["run"])
    asked = asked_of(run.run, text_questions(run), form)
    act = Act(visit, run, asked, form, (await visit.parts.readings.look(run)).places.get(asked.question, ()))
    try:
        after = await change(act)
    except Refusal as refused:
        return await _page(visit, form, problem=str(refused), status=400)
    on = f"{run.run}, {asked.question}"
    record = Record(at=visit.parts.now(), who=visit.person.id, what=what, on=on, after=after)
    await record_change(visit.parts.store, record)
    where = f"{asked.address(page=asked.page)}#text-{act.ref}" if "text" in form else f"{asked.only()}#themes"
    return web.Response(status=303, headers={"Location": where})


async def _add(act: Act) -> str:
    return f"added “{await add_tag(*act.about, act.ref, act.name)}”"


async def _remove(act: Act) -> str:
    return f"removed “{await remove_tag(*act.about, act.ref, act.name)}”"


async def _make(act: Act) -> str:
    await act.visit.parts.theme_desk.make(act.run, act.asked.question, act.places)
    return "made by machine"


async def _rename(act: Act) -> str:
    await rename_theme(*act.about, act.theme, act.name)
    return f"{act.theme} named “{' '.join(act.name.split())}”"


async def _merge(act: Act) -> str:
    into = act.form.get("into", "")
    await merge_themes(*act.about, act.theme, into)
    return f"{act.theme} merged into {into}"


async def _put_away(act: Act) -> str:
    await put_away_theme(*act.about, act.theme)
    return f"{act.theme} put away"


async def _take_back(act: Act) -> str:
    await take_back_theme(*act.about, act.theme)
    return f"{act.theme} taken back"


async def _move(act: Act) -> str:
    into = act.form.get("into", "")
    await move_text(*act.about, act.ref, into)
    return f"a text moved into {into}" if into else "a text moved out of its theme"


_TAG_ACTS: Mapping[str, Callable[[Act], Awaitable[str]]] = {"add": _add, "remove": _remove}
_THEME_ACTS: Mapping[str, Callable[[Act], Awaitable[str]]] = {
    "make": _make,
    "rename": _rename,
    "merge": _merge,
    "put-away": _put_away,
    "take-back": _take_back,
    "move": _move,
}
