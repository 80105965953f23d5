"""The description of the read API, by OpenAPI 3.1, made from the shapes that it really gives."""

from functools import cache

import msgspec

from dashboard.api import RunFigures, Runs, RunSummary
from dashboard.sending import TYPES

VERSION = "3.1.0"
_RUN = {"name": "run", "in": "path", "required": True, "schema": {"type": "string"}, "example": "pulse-1"}
_REFUSED = {
    "401": {"description": "No token, or one that is not good any more."},
    "403": {"description": "The token is for something else, or whoever made it is no admin any more."},
}
_MISSING = {"404": {"description": "There is no such run."}}


@cache
def description() -> bytes:
    """Return the description as JSON."""
    shapes = (Runs, RunSummary, RunFigures)
    schemas, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    listed, one, figures = schemas
    paths = {
        "/api/runs": {"get": _operation("listRuns", "The latest runs", "results", _answer(listed))},
        "/api/runs/{run}": {"get": _operation("getRun", "One run", "results", _answer(one), has_run=True)},
        "/api/runs/{run}/results": {
            "get": _operation(
                "getResults", "A run's results, with intervals", "results", _answer(figures), has_run=True
            )
        },
    }
    for form in ("csv", "xlsx", "json"):
        about = f"Everybody's answers as {form.upper()}; the download is recorded in the audit"
        file: dict[str, object] = {"200": {"description": "The file, as a stream.", "content": {TYPES[form]: {}}}}
        operation = _operation(f"exportAnswers{form.capitalize()}", about, "answers", file, has_run=True)
        paths[f"/api/runs/{{run}}/export.{form}"] = {"get": operation}
    return msgspec.json.encode(
        {
            "openapi": VERSION,
            "info": {
                "title": "Hearback: runs and results",
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


def _operation(
    name: str, summary: str, purpose: str, answers: dict[str, object], *, has_run: bool = False
) -> dict[str, object]:
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Needs a token for “{purpose}”.",
        "parameters": [_RUN] if has_run else [],
        "responses": {**answers, **_REFUSED, **(_MISSING if has_run else {})},
    }


def _answer(schema: dict[str, object]) -> dict[str, object]:
    return {"200": {"description": "As described.", "content": {"application/json": {"schema": schema}}}}
