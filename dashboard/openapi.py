"""The description of the read API, by OpenAPI 3.1, made from the shapes that it really gives."""

from collections.abc import Mapping
from functools import cache

import msgspec

from dashboard.api import RunDetail, RunFigures, Runs
from dashboard.notes import NoteRows
from dashboard.sending import TYPES
from dashboard.trends import OverTime

VERSION = "3.1.0"
RUN = "/api/runs/{run}"
_RUN = {"name": "run", "in": "path", "required": True, "schema": {"type": "string"}, "example": "pulse-1"}
_TEXT = {"type": "string"}
_ASKED = {
    "words": "All of them are in it, in any form of case: in the text, a mark or the author's name.",
    "by": "Part of the author's name.",
    "company": "Part of the name of a company that it is about.",
    "product": "Part of the name of the product that it is about.",
    "tag": "One of its tags.",
    "kind": "`note` or `feedback`; without it, both.",
    "after": "The `after` of the answer before, for the next ones.",
}
_REFUSED: Mapping[str, object] = {
    "401": {"description": "No token, or one that is not good any more."},
    "403": {"description": "The token is for something else, or whoever made it is no admin any more."},
}
_MISSING: Mapping[str, object] = {"404": {"description": "There is no such run, or nothing of that kind."}}


class Resource(msgspec.Struct, frozen=True):
    """What can be asked for, by which token, and the shape that is given."""

    path: str
    name: str
    about: str
    purpose: str
    shape: type[msgspec.Struct]
    asked: Mapping[str, str] = {}  # parameters of the query, and what they mean


RESOURCES = (
    Resource("/api/runs", "listRuns", "The latest runs", "results", Runs),
    Resource(RUN, "getRun", "One run, with its waves", "results", RunDetail),
    Resource(f"{RUN}/results", "getResults", "A run's results, with intervals", "results", RunFigures),
    Resource(f"{RUN}/over-time", "getOverTime", "The figures of the runs that belong with it", "results", OverTime),
    Resource("/api/notes", "listNotes", "Notes and feedback, newest first", "notes", NoteRows, _ASKED),
)


@cache
def description() -> bytes:
    """Return the description as JSON."""
    shapes = [one.shape for one in RESOURCES]
    schemas, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    paths = {one.path: _operation(one, _json(schema)) for one, schema in zip(RESOURCES, schemas, strict=True)}
    for form in ("csv", "xlsx", "json"):
        about = f"Everybody's answers as {form.upper()}; the download is recorded in the audit"
        file = Resource(f"{RUN}/export.{form}", f"exportAnswers{form.capitalize()}", about, "answers", msgspec.Struct)
        paths[file.path] = _operation(file, {"description": "The file, as a stream.", "content": {TYPES[form]: {}}})
    return msgspec.json.encode(
        {
            "openapi": VERSION,
            "info": {
                "title": "Hearback: runs, results and notes",
                "version": "1",
                "description": "Read only. Tokens are made by an admin in the dashboard, under Access.",
            },
            "paths": paths,
            "security": [{"token": []}],
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _operation(one: Resource, answer: Mapping[str, object]) -> dict[str, object]:
    asked = [{"name": name, "in": "query", "schema": _TEXT, "description": words} for name, words in one.asked.items()]
    answers = {"200": answer, **_REFUSED, **({} if one.path == "/api/runs" else _MISSING)}
    return {
        "get": {
            "operationId": one.name,
            "summary": one.about,
            "description": f"Needs a token for “{one.purpose}”.",
            "parameters": [*([_RUN] if one.path.startswith(RUN) else []), *asked],
            "responses": answers,
        }
    }


def _json(schema: Mapping[str, object]) -> dict[str, object]:
    return {"description": "As described.", "content": {"application/json": {"schema": schema}}}
