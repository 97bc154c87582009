"""OpenAPI 3.1 as one readable HTML page, rendered here: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any

Json = dict[str, Any]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#1b1f24;background:#fff}
code,.path{font:14px ui-monospace,monospace}summary{cursor:pointer;padding:.4rem 0}
details{border-top:1px solid #d5d9de}table{border-collapse:collapse;width:100%;margin:.4rem 0 1rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #eceef0}
.method{display:inline-block;min-width:4.5rem;font-weight:600}h2{margin-top:2.5rem;text-transform:capitalize}
.policy{float:right;color:#57606a}nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#14171a}a{color:#8ab4f8}
th,td,details{border-color:#30363c}}
"""


def render(document: Json) -> str:
    schemas = document.get("components", {}).get("schemas", {})
    operations = sorted(_operations(document), key=lambda item: item[0])
    groups = [(tag, list(items)) for tag, items in groupby(operations, key=lambda item: item[0])]
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag, _ in groups)
    info = document["info"]
    body = "".join(
        f'<h2 id="{escape(tag)}">{escape(tag)}</h2>' + "".join(_operation(*item[1:]) for item in items)
        for tag, items in groups
    )
    shapes = "".join(_schema(name, schema) for name, schema in sorted(schemas.items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info.get('description', ''))}</p>"
        f'<p>Machine-readable: <a href="/api/openapi.json">/api/openapi.json</a></p>'
        f'<nav>{links}<a href="#shapes">shapes</a></nav>{body}'
        f'<h2 id="shapes">Shapes</h2>{shapes}</body></html>'
    )


def _operations(document: Json) -> Iterator[tuple[str, str, str, Json]]:
    """(tag, path, method, operation), in the document's order."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (operation.get("tags") or ["other"])[0], path, method.upper(), operation


def _operation(path: str, method: str, operation: Json) -> str:
    parameters = "".join(_parameter(item) for item in operation.get("parameters", []))
    table = f"<table><tr><th>Parameter<th>Type<th>Meaning</tr>{parameters}</table>" if parameters else ""
    body = operation.get("requestBody", {}).get("content", {})
    sent = "".join(f"<p>Body: {_type(item['schema'])}</p>" for item in body.values())
    answers = "".join(
        f"<tr><td>{escape(code)}<td>{_answer(answer)}<td>{escape(answer.get('description', ''))}</tr>"
        for code, answer in operation.get("responses", {}).items()
    )
    return (
        f'<details><summary><span class="method">{method}</span><span class="path">{escape(path)}</span>'
        f'<span class="policy">{escape(operation.get("x-policy", ""))}</span></summary>'
        f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>{table}{sent}"
        f"<table><tr><th>Status<th>Answer<th></tr>{answers}</table></details>"
    )


def _parameter(item: Json) -> str:
    required = " (required)" if item.get("required") else ""
    return (
        f"<tr><td><code>{escape(item['name'])}</code>{required}<td>{_type(item.get('schema', {}))}"
        f"<td>{escape(item.get('description') or item.get('schema', {}).get('description', ''))}</tr>"
    )


def _answer(answer: Json) -> str:
    return " ".join(_type(item.get("schema", {})) for item in answer.get("content", {}).values())


def _schema(name: str, schema: Json) -> str:
    required = set(schema.get("required", []))
    rows = "".join(
        f"<tr><td><code>{escape(key)}</code>{' (required)' if key in required else ''}<td>{_type(item)}"
        f"<td>{escape(item.get('description', ''))}</tr>"
        for key, item in schema.get("properties", {}).items()
    )
    return (
        f'<details id="shape-{escape(name)}"><summary>{escape(name)}</summary>'
        f"<p>{escape(schema.get('description', ''))}</p><table>{rows}</table></details>"
    )


def _type(schema: Json) -> str:
    """A schema in a few words: its type, the values or bounds it allows, and a link if it has a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(_type(item) for item in schema[key])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(f"<code>{escape(repr(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return "list of " + _type(schema.get("items", {}))
    return escape(" ".join([schema.get("format") or schema.get("type") or "any", *_bounds(schema)]))


def _bounds(schema: Json) -> list[str]:
    words = {
        "minimum": "≥",
        "maximum": "≤",
        "exclusiveMinimum": ">",
        "minLength": "length ≥",
        "maxLength": "length ≤",
        "default": "=",
    }
    return [f"{word} {schema[key]}" for key, word in words.items() if schema.get(key) not in (None, "")]
