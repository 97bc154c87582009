"""A request of the score route as it comes: one JSON document, or a line of JSON for each pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.errors import InvalidInputError
from app.scoring import stream
from app.scoring.schemas import ScoreBody, ScoreOptions
from serving.language_schemas import MAX_FILE_BYTES

JSON, NDJSON = "application/json", "application/x-ndjson"
#: A file as base64, and the rest.
MAX_BODY = MAX_FILE_BYTES * 4 // 3 + 1_000_000
REFERENCE = "#/components/schemas/"
#: What the route takes, for OpenAPI.
EITHER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": f"{REFERENCE}ScoreBody"}},
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": f"a `ScoreLine` a line, at most "
                    f"{stream.MOST_LINES} lines; options are in the query",
                }
            },
        },
    }
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            NDJSON: {"schema": {"type": "string", "description": "a `ScoredLine` for each line, in order"}}
        }
    },
    413: {"description": "too many bytes, lines or pages"},
}


class StreamQuery(ScoreOptions):
    """Options of an NDJSON stream; a JSON body holds its own. `dry_run` is for both."""

    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    body: ScoreBody | None
    lines: list[bytes]
    query: StreamQuery


async def asked(request: Request, query: Annotated[StreamQuery, Query()]) -> Asked:
    """Raises InvalidInputError, RequestValidationError and PayloadTooLargeError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == NDJSON:
        return Asked(None, stream.split(await request.body()), query)
    if kind not in ("", JSON):
        raise InvalidInputError(f"send {JSON} or {NDJSON}")
    if query.model_fields_set - {"dry_run"}:
        raise InvalidInputError("options stand in the body of a JSON request", pointer="/query")
    try:
        return Asked(ScoreBody.model_validate_json(await request.body() or b"{}"), [], query)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None


AskedOf = Annotated[Asked, Depends(asked)]
