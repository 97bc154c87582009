"""Files of the pages, served under names that change with their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Response

from app.auth.access import PUBLIC
from app.errors import NotFoundError

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
KEPT = "public, max-age=31536000, immutable"
router = APIRouter(prefix="/static", include_in_schema=False, dependencies=[PUBLIC])


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    content: bytes
    media_type: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """By the name in the folder; read once per process."""
    return {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(f"{path.stem}-{digest}{path.suffix}", content, TYPES[path.suffix])


def asset_url(name: str) -> str:
    """Raises KeyError for a file that is not there."""
    return f"/static/{assets()[name].name}"


@router.get("/{name}")
async def read_asset(name: str) -> Response:
    """Raises NotFoundError, also for the name of an older content."""
    found = next((asset for asset in assets().values() if asset.name == name), None)
    if found is None:
        raise NotFoundError("no such file")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": KEPT})
