"""Files of the pages, served under names that change with their content, so that browsers may keep them.

Ours lie in `static/`; htmx comes from npm by the lock file. A machine that could not fetch it serves the
pages without: all of them work by links and forms alone.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.auth.access import PUBLIC
from app.errors import NotFoundError

FOLDER = Path(__file__).parent / "static"
HTMX = FOLDER.parent / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
KEPT = "public, max-age=31536000, immutable"
router = APIRouter(prefix="/static", include_in_schema=False, dependencies=[PUBLIC])


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    content: bytes
    zipped: bytes
    media_type: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """By the name in the folder; read once per process."""
    own = [path for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES]
    return {path.name: _read(path) for path in [*own, HTMX] if path.is_file()}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    zipped = gzip.compress(content, 9, mtime=0)
    return Asset(f"{path.stem}-{digest}{path.suffix}", content, zipped, TYPES[path.suffix])


def asset_url(name: str) -> str:
    """Raises KeyError for a file that is not there."""
    return f"/static/{assets()[name].name}"


def has_asset(name: str) -> bool:
    return name in assets()


@router.get("/{name}")
async def read_asset(name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """Raises NotFoundError, also for the name of an older content.

    Compressed once and for all. Pages themselves are not: beside what a visitor typed they hold the secret of
    a form, which the length of compressed answers would give away letter by letter (BREACH).
    """
    found = next((asset for asset in assets().values() if asset.name == name), None)
    if found is None:
        raise NotFoundError("no such file")
    headers = {"Cache-Control": KEPT, "Vary": "Accept-Encoding"}
    if _takes_gzip(accept_encoding):
        return Response(
            found.zipped, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"}
        )
    return Response(found.content, media_type=found.media_type, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    names = [
        part.split(";")[0].strip().lower()
        for part in accepted.split(",")
        if ";q=0" not in part.replace(" ", "")
    ]
    return "gzip" in names
