"""What is remarked about the texts of a run, theme and tags, as it leaves Hearback beside them: in files and `my data`.

Of an anonymous run no more than its pages show.
"""

from collections.abc import Mapping

import msgspec

from feedback.runs.runs import Run
from feedback.surveys.questions import Answers
from feedback.texts.text_tags import Tags, count_tags, find_tags
from feedback.texts.texts import read_places, ref_of, text_questions
from feedback.texts.themes import Themes, find_themes, shown_from, shown_themes
from store.contract import Store


class Remark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remarked about a text."""

    theme: str = ""
    is_by_hand: bool = False  # the theme
    tags: tuple[str, ...] = ()


class Remarks(msgspec.Struct, frozen=True):
    """What is remarked about the texts of a run: for each question that has any, by their refs."""

    by_question: Mapping[str, Mapping[str, Remark]]

    def on(self, answered: str, answers: Answers) -> dict[str, Remark]:
        """Return what is remarked about the texts of somebody, by question."""
        found: dict[str, Remark] = {}
        for question, remarks in self.by_question.items():
            if question in answers:
                remark = remarks.get(ref_of(question, answered, str(answers[question])))
                if remark is not None:
                    found[question] = remark
        return found


async def remarks_of(store: Store, run: Run) -> Remarks:
    """Return what is remarked about the texts of a run."""
    found: dict[str, Mapping[str, Remark]] = {}
    for one in text_questions(run):
        tags, themes = await find_tags(store, run.run, one.id), await find_themes(store, run.run, one.id)
        if not tags.by_text and not themes.themes:
            continue
        refs = await _refs(store, run, one.id) if run.survey.is_anonymous else None
        found[one.id] = _together(run, tags, themes, refs)
    return Remarks(found)


async def _refs(store: Store, run: Run, question: str) -> list[str]:
    return [one.ref for one in (await read_places(store, run)).places.get(question, ())]


def _together(run: Run, tags: Tags, themes: Themes, refs: list[str] | None) -> dict[str, Remark]:
    """Return the remarks on texts; `refs` are those there are, where that decides on what may be shown."""
    if refs is None:
        shown = [(one, one.members) for one in themes.themes if not one.is_put_away]
        tagged = dict(tags.by_text)
    else:
        shown = [(one.theme, one.members) for one in shown_themes(themes, refs, run.survey).themes]
        counted = {one.tag for one in count_tags(tags, frozenset(refs), shown_from(run.survey))}
        tagged = {ref: tuple(one for one in tags.by_text.get(ref, ()) if one in counted) for ref in refs}
    of = {ref: theme for theme, members in shown for ref in members}
    return {
        ref: Remark(of[ref].name, of[ref].is_by_hand, tagged.get(ref, ()))
        if ref in of
        else Remark(tags=tagged.get(ref, ()))
        for ref in {*of, *(ref for ref, some in tagged.items() if some)}
    }
