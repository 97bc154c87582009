"""`jobpilot doctor --audit-urls`: addresses written into the code, where only settings may name them (S-077).

Reads the syntax tree, so comments and docstrings do not count. What may stay is listed in ALLOWED.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("app", "serving", "training", "models", "features")
ADDRESS = re.compile(r"localhost|127\.0\.0\.1|0\.0\.0\.0|(?:https?|wss?)://[a-z0-9]|:(?:8000|3000|5000)\b")
#: (file, text in the literal) -> why it may stay.
ALLOWED: dict[tuple[str, str], str] = {
    ("app/settings.py", ""): "the defaults of the settings themselves",
    ("serving/settings.py", ""): "the defaults of the settings themselves",
    ("app/settings_audit.py", ""): "names what production must refuse",
    ("app/url_audit.py", ""): "names what is looked for",
    ("app/supervisor/run.py", "127.0.0.1"): "children of the local supervisor listen on loopback only",
    (
        "app/supervisor/run.py",
        "http://127.0.0.1:",
    ): "children of the local supervisor listen on loopback only",
    ("app/openapi_examples.py", "example.org"): "examples in the documentation",
    ("app/resume/render/child.py", "127.0.0.1:9"): "a dead proxy: the PDF compiler downloads nothing",
    ("app/resume/document.py", "jsonresume/resume-schema"): "the schema's name",
    ("features/resume/export.py", "jsonresume/resume-schema"): "the schema's name",
    ("features/resume/docx_file.py", "schemas.openxmlformats.org"): "XML namespaces: names, never fetched",
    ("features/resume/testing.py", "schemas.openxmlformats.org"): "XML namespaces: names, never fetched",
    ("app/search/benchmark_http.py", "127.0.0.1"): "the benchmark starts its own system on loopback",
    ("app/search/provider.py", "://host/name"): "says how an address is written",
    ("features/postgres.py", "localhost"): "libpq's own default host",
    ("app/ingestion/build_places.py", "geonames.org"): "attribution",
    ("app/ingestion/readers/hn.py", "news.ycombinator.com"): "where each imported posting was published",
    ("app/job/jsonld.py", "schema.org"): "the vocabulary's name",
    ("training/taxonomy_sources.py", "data.europa.eu/esco"): "ESCO's concept ids",
}


@dataclass(frozen=True, slots=True)
class Finding:
    file: str
    line: int
    text: str


def audit(root: Path | None = None, packages: tuple[str, ...] = PACKAGES) -> list[Finding]:
    """Literals that hold an address and are not allowed, by file and line; tests are not read."""
    root = root or _installed()
    return [
        finding
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
        if "tests" not in path.relative_to(root).parts
        for finding in _findings(path, path.relative_to(root).as_posix())
    ]


def _installed() -> Path:
    return Path(__file__).parent.parent


def _findings(path: Path, name: str) -> Iterator[Finding]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    silent = {id(node) for node in _docstrings(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in silent:
            continue
        if ADDRESS.search(node.value) and not _allowed(name, node.value):
            yield Finding(name, node.lineno, " ".join(node.value.split())[:80])


def _allowed(name: str, text: str) -> bool:
    return any(name == file and part in text for file, part in ALLOWED)


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value
