"""The OpenAPI 3.1 document: what FastAPI derives from the code, with policies, examples and error shapes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.auth.access import policies
from app.openapi_examples import add_examples
from app.problems import MEDIA_TYPE, TYPE_PREFIX
from app.scoring.asking import REFERENCE
from app.scoring.schemas import ScoreBody, ScoredLine, ScoreLine

Json = dict[str, Any]
#: What a route reads by itself, because it takes more than one kind of body, and what it streams.
_BY_HAND: list[tuple[type[BaseModel], JsonSchemaMode]] = [
    (ScoreBody, "validation"),
    (ScoreLine, "validation"),
    (ScoredLine, "serialization"),
]
_PROBLEM: Json = {
    "title": "Problem",
    "description": "Whatever failed, in one shape (RFC 9457). Some problems have further members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "description": f"{TYPE_PREFIX}CODE: stable, for programs"},
        "title": {"type": "string", "description": "the same for every problem of this type"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what happened this time, for people"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "request_id": {"type": "string", "description": "to be quoted when you ask us about it"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into body, query or path"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": f"{TYPE_PREFIX}not-found",
            "title": "Not found",
            "status": 404,
            "detail": "no such posting",
            "instance": "/api/v1/jobs/no-such-thing/",
            "request_id": "01993b1e-7c1a-7a39-9f57-5b3f2c1d0e4a",
        }
    ],
}
_CONTENT: Json = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ALWAYS = {
    "429": "More requests than a client may send; `Retry-After` says when to come back",
    "503": "A part that is needed cannot be reached",
    "4XX": "Any other refusal",
}


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` tell policies and problems. FastAPI keeps the document it made first."""
    by_route = {(method, path): policy for method, path, policy in policies(app)}
    generate = app.openapi

    def openapi() -> Json:
        document = generate()
        schemas: Json = document["components"]["schemas"]
        if "Problem" not in schemas:
            schemas["Problem"] = _PROBLEM
            _, by_hand = models_json_schema(_BY_HAND, ref_template=REFERENCE + "{model}")
            schemas |= {name: found for name, found in by_hand["$defs"].items() if name not in schemas}
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    _complete(operation, by_route[method.upper(), path])
            add_examples(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _complete(operation: Json, policy: str) -> None:
    operation["x-policy"] = policy
    answers: Json = operation["responses"]
    for status, text in (_refusals(operation, policy) | _ALWAYS).items():
        known = answers.setdefault(status, {"description": text})
        if status == "422" or "content" not in known:
            known |= {"description": text, "content": _CONTENT}


def _refusals(operation: Json, policy: str) -> dict[str, str]:
    found = {}
    if policy != "public":
        found["401"] = "No token, or one that is not valid any more"
    if policy in ("employer", "staff"):
        found["403"] = "The account may not do this"
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        found["404"] = "There is none, or it is not yours"
    if operation.get("parameters") or operation.get("requestBody"):
        found["422"] = "A field is missing, unknown or out of its bounds"
    return found
