"""An example for every body in the OpenAPI document, made from its schema and checked against it by a test.

A field's own example or default comes first, then what its name suggests, then what its format or type asks.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]
_UUID = "01993b1e-7c1a-7a39-9f57-5b3f2c1d0e4a"
_MOMENT = "2026-11-24T09:30:00Z"
NAMED: Json = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl",
    "alt": "JavaScript",
    "answers": [{"question": "When could you start?", "answer": "In May"}],
    "bio": "Ten years of data platforms, lately with Spark.",
    "city": "Berlin",
    "code": "492039",
    "company": "acme-analytics-3f2c1d0e",
    "country": "DE",
    "cover_letter": "I built the pipeline your posting describes, twice.",
    "currency": "EUR",
    "description": "Build pipelines that other teams trust. Python, Spark, PostgreSQL.",
    "desired_title": "Data Engineer",
    "email": "ada@example.org",
    "external_application_url": "https://jobs.example.org/42",
    "full_name": "Ada Example",
    "location": "Berlin, Germany",
    "model_version": "20261124T093000Z-3f2c1d0e",
    "name": "Acme Analytics",
    "near": "Berlin",
    "new_password": "another long sentence to remember",
    "password": "a long sentence to remember",
    "phone_number": "+4930123456",
    "q": "python developer",
    "reason": "The posting asks applicants for money.",
    "salary_currency": "EUR",
    "slug": "data-engineer-acme-analytics-1d0e4a7c",
    "skills": ["Python", "Spark"],
    "tags": ["four-day-week"],
    "title": "Data Engineer",
    "website": "https://acme.example.org",
}
FORMATS: Json = {
    "uuid": _UUID,
    "date-time": _MOMENT,
    "date": "2026-11-24",
    "email": "ada@example.org",
    "uri": "https://example.org/",
    "password": "a long sentence to remember",
}


def add_examples(document: Json) -> None:
    """Gives every JSON body an example; problems have one already."""
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for kind, content in body.get("content", {}).items():
                    plain = kind.endswith("json") and content.get("schema") and "example" not in content
                    if plain and "Problem" not in str(content["schema"]):
                        content["example"] = example(content["schema"], document)


def example(schema: Json, document: Json, name: str = "", depth: int = 0) -> Any:
    """A value of `schema`: every field of an object (deeper than eight levels the required ones), one item of
    a list."""
    if "$ref" in schema:
        target = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return example(target, document, name, depth)
    for given in (*schema.get("examples", ())[:1], *schema.get("enum", ())[:1]):
        return given
    if "const" in schema:
        return schema["const"]
    suggested = NAMED.get(name, FORMATS.get(schema.get("format", "")))
    if suggested is not None and fits(schema, suggested):
        return suggested
    if schema.get("default") not in (None, "", [], {}):
        return schema["default"]
    variants = [v for v in (*schema.get("anyOf", ()), *schema.get("oneOf", ())) if v.get("type") != "null"]
    if variants:
        return example(variants[0], document, name, depth)
    if "allOf" in schema:
        return example(schema["allOf"][0], document, name, depth)
    return _by_type(schema, document, depth)


def _by_type(schema: Json, document: Json, depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties", {})
        if depth >= 8:
            fields = {key: value for key, value in fields.items() if key in schema.get("required", ())}
        return {key: example(value, document, key, depth + 1) for key, value in fields.items()}
    if kind == "array":
        few = max(1, schema.get("minItems", 0)) if depth < 8 else 0
        return [example(schema.get("items", {}), document, "", depth + 1) for _ in range(few)]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        return min(max(low, 3), schema.get("maximum", 3))
    if kind == "boolean":
        return False
    if kind == "string":
        return "Example".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 1000)]
    return None


_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "array": list, "object": dict, "boolean": bool}
_TYPES |= {"integer": int, "number": (int, float)}


def fits(schema: Json, value: Any) -> bool:
    """Whether a suggestion can stand here, as far as type, length and pattern say."""
    if "anyOf" in schema:
        return any(fits(variant, value) for variant in schema["anyOf"])
    kind = _TYPES.get(schema.get("type", ""))
    if kind is None or not isinstance(value, kind):
        return False
    if isinstance(value, list):
        return all(fits(schema.get("items", {}), item) for item in value)
    if isinstance(value, str):
        short = len(value) <= schema.get("maxLength", len(value))
        return short and re.search(schema.get("pattern", ""), value) is not None
    return True
