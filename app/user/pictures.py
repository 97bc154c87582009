"""Profile pictures: whatever comes in, a small JPEG of our own making goes out.

Decoding and encoding anew leaves behind what a file may carry besides the picture: place and camera, other
formats' content, code.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import warnings
from functools import cache
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import InvalidInputError, PayloadTooLargeError
from app.kit.storage import Storage

MAX_BYTES = 5_000_000
#: 64 MB in memory as RGBA.
MAX_PIXELS = 16_000_000
SIDE = 512
FORMATS = ("JPEG", "PNG", "WEBP")
POINTER = "/body/file"
FOLDER = "avatars"


@cache
def _turns() -> asyncio.Semaphore:
    """Of one process: pictures are large in memory."""
    return asyncio.Semaphore(2)


async def store(storage: Storage, data: bytes) -> str:
    """The new file's name. Raises InvalidInputError for what is no picture, PayloadTooLargeError."""
    if len(data) > MAX_BYTES:
        raise PayloadTooLargeError(f"a picture may have {MAX_BYTES // 1_000_000} MB")
    async with _turns():
        return await asyncio.to_thread(_store, storage, data)


def _store(storage: Storage, data: bytes) -> str:
    encoded = reencode(data)
    name = f"{secrets.token_hex(16)}.jpg"
    made = storage.scratch() / name
    made.write_bytes(encoded)
    storage.adopt(f"{FOLDER}/{name}", made)
    return name


def reencode(data: bytes) -> bytes:
    """A square JPEG. Raises InvalidInputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged file warns of much before it fails
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise InvalidInputError("the picture has too many pixels", pointer=POINTER)
                image.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded no larger than needed
                return _encoded(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InvalidInputError("not a JPEG, PNG or WebP picture", pointer=POINTER) from None


def _encoded(image: Image.Image) -> bytes:
    small = ImageOps.fit(image.convert("RGBA"), (SIDE, SIDE))
    flat = Image.new("RGB", small.size, "white")
    flat.paste(small, mask=small.getchannel("A"))
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def file_of(storage: Storage, name: str) -> Path | None:
    return storage.path(f"{FOLDER}/{name}")
