"""The letters of a PDF page with their boxes and look; runs only in the confined child.

Nothing here decides on reading order. What cannot be seen is kept apart, with the trick that hides it: the
page is also drawn small and grey, and letters that leave no trace on the picture are not there for a reader
(white on white, covered, clipped away, switched-off layers). Coordinates are points, origin bottom left.
"""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

TINY_POINTS = 2.0
#: Grey levels (0..255) between the darkest and lightest pixel of a word that a person could still read.
MIN_CONTRAST = 14
#: Pixels a point when drawing the page to see which letters show.
SCALE = 1.5
MAX_PIXELS = 6_000_000
_INVISIBLE_MODES = (3, 7)
_FORCE_BOLD = 1 << 18
_MAX_CHARS = 400_000


class Style(NamedTuple):
    """Look of a text object. `size` in points on the page."""

    size: float
    bold: bool
    embedded: bool
    mode: int
    alpha: int
    upright: bool
    colour: tuple[int, int, int]


class Font(NamedTuple):
    bold: bool
    embedded: bool


class Glyph(NamedTuple):
    char: str
    x0: float
    x1: float
    y: float  # baseline
    top: float
    bottom: float
    style: Style
    obj: int


class PageGlyphs(NamedTuple):
    width: float
    height: float
    glyphs: list[Glyph]
    hidden: list[tuple[str, Glyph]]  # (which trick, letter)
    unmapped: int


def page_glyphs(page: Any, textpage: Any) -> PageGlyphs:
    """Reads one loaded page (raw pdfium handles)."""
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    box = _page_box(page, width, height)
    found, unmapped = _all_glyphs(textpage)
    visible: list[Glyph] = []
    hidden: list[tuple[str, Glyph]] = []
    for glyph in found:
        trick = _trick(glyph, box)
        if trick:
            hidden.append((trick, glyph))
        else:
            visible.append(glyph)
    faint = _faint_strips(page, visible, box) if visible else set()
    if faint:
        hidden += [("colour of the background", g) for g in visible if _strip(g) in faint]
        visible = [g for g in visible if _strip(g) not in faint]
    return PageGlyphs(width, height, visible, hidden, unmapped)


def _page_box(page: Any, width: float, height: float) -> tuple[float, float, float, float]:
    """left, bottom, right, top of what is shown (the crop box)."""
    box = pdfium.FS_RECTF()
    if pdfium.FPDF_GetPageBoundingBox(page, box) and box.right > box.left:
        return box.left, box.bottom, box.right, box.top
    return 0.0, 0.0, width, height


def _all_glyphs(textpage: Any) -> tuple[list[Glyph], int]:
    count = pdfium.FPDFText_CountChars(textpage)
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    styles: dict[int, Style] = {}
    fonts: dict[int, Font] = {}
    glyphs: list[Glyph] = []
    unmapped = 0
    high = 0
    for i in range(min(count, _MAX_CHARS)):
        if pdfium.FPDFText_IsGenerated(textpage, i) == 1:
            continue
        code = pdfium.FPDFText_GetUnicode(textpage, i)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0
        high = 0
        if code == 2:
            code = 0x2D  # pdfium's mark for a hyphen at the end of a line
        if code in (0, 0xFFFD, 0xFFFE, 0xFFFF) or code > 0x10FFFF:
            unmapped += 1
            continue
        if code in (10, 13):
            continue
        handle = pdfium.FPDFText_GetTextObject(textpage, i)
        key = ctypes.cast(handle, ctypes.c_void_p).value or 0
        style = styles.get(key)
        if style is None:
            style = styles[key] = _style(textpage, i, handle, fonts)
        pdfium.FPDFText_GetCharOrigin(textpage, i, x, y)
        pdfium.FPDFText_GetLooseCharBox(textpage, i, box)
        left = x.value if style.upright else box.left
        glyphs.append(Glyph(chr(code), left, max(box.right, left), y.value, box.top, box.bottom, style, key))
    return glyphs, unmapped


def _style(textpage: Any, i: int, handle: Any, fonts: dict[int, Font]) -> Style:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(textpage, i, matrix)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5 or 1.0
    pointer = pdfium.FPDFTextObj_GetFont(handle) if handle else None
    key = ctypes.cast(pointer, ctypes.c_void_p).value or 0 if pointer else 0
    if key not in fonts:
        fonts[key] = _font(textpage, i, pointer)
    red, green, blue, alpha = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(255)
    pdfium.FPDFText_GetFillColor(textpage, i, red, green, blue, alpha)
    return Style(
        size=pdfium.FPDFText_GetFontSize(textpage, i) * scale,
        bold=fonts[key].bold,
        embedded=fonts[key].embedded,
        mode=pdfium.FPDFTextObj_GetTextRenderMode(handle) if handle else 0,
        alpha=alpha.value,
        upright=abs(matrix.b) < 0.05 * scale and matrix.a > 0,
        colour=(red.value, green.value, blue.value),
    )


def _font(textpage: Any, i: int, pointer: Any) -> Font:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(textpage, i, name, 128, flags)
    lowered = name.raw.split(b"\0", 1)[0].lower()
    named = any(word in lowered for word in (b"bold", b"black", b"heavy"))
    forced = bool(flags.value & _FORCE_BOLD) and b"demi" in lowered
    heavy = pdfium.FPDFText_GetFontWeight(textpage, i) >= 600
    return Font(named or forced or heavy, bool(pointer) and pdfium.FPDFFont_GetIsEmbedded(pointer) == 1)


def _trick(glyph: Glyph, box: tuple[float, float, float, float]) -> str:
    """Which of the plain tricks hides this letter, "" if none."""
    if glyph.style.mode in _INVISIBLE_MODES:
        return "invisible render mode"
    if glyph.style.alpha < 13:
        return "transparent"
    if 0 < glyph.style.size < TINY_POINTS:
        return "smaller than 2 pt"
    middle_x, middle_y = (glyph.x0 + glyph.x1) / 2, (glyph.top + glyph.bottom) / 2
    if not (box[0] - 1 <= middle_x <= box[2] + 1 and box[1] - 1 <= middle_y <= box[3] + 1):
        return "outside the page"
    return ""


_Strip = tuple[int, int, tuple[int, int, int]]


def _strip(glyph: Glyph) -> _Strip:
    """Letters are judged in pieces of about 60 points of one line and one colour, so that a sentence whose
    end runs off a dark panel is not judged as a whole."""
    return int(glyph.x0 // 60), int(glyph.y), glyph.style.colour


def _faint_strips(page: Any, glyphs: list[Glyph], box: tuple[float, float, float, float]) -> set[_Strip]:
    """Pieces of text that leave no mark on the drawn page. A letter that our own fallback fonts lack would
    draw nothing either, so only embedded fonts and Latin-1 letters are judged."""
    scale = min(SCALE, (MAX_PIXELS / max(1.0, (box[2] - box[0]) * (box[3] - box[1]))) ** 0.5)
    wide, high = int((box[2] - box[0]) * scale) + 1, int((box[3] - box[1]) * scale) + 1
    if wide < 8 or high < 8 or scale < 0.2:
        return set()
    pieces: dict[_Strip, list[float]] = {}
    for glyph in glyphs:
        if glyph.char.isspace() or not (glyph.style.embedded or ord(glyph.char) < 0x100):
            continue
        area = pieces.setdefault(_strip(glyph), [glyph.x0, glyph.bottom, glyph.x1, glyph.top])
        area[0], area[1] = min(area[0], glyph.x0), min(area[1], glyph.bottom)
        area[2], area[3] = max(area[2], glyph.x1), max(area[3], glyph.top)
    picture, stride = _draw(page, wide, high)
    if not picture:
        return set()
    return {
        key
        for key, (x0, y0, x1, y1) in pieces.items()
        if _contrast(
            picture,
            stride,
            (int((x0 - box[0]) * scale) - 1, int((x1 - box[0]) * scale) + 2),
            (int((box[3] - y1) * scale) - 1, int((box[3] - y0) * scale) + 2),
            (wide, high),
        )
        < MIN_CONTRAST
    }


def _draw(page: Any, wide: int, high: int) -> tuple[bytes, int]:
    """(grey pixels, bytes a row)."""
    bitmap = pdfium.FPDFBitmap_CreateEx(wide, high, pdfium.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        return b"", 0
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, wide, high, 0xFFFFFFFF)
        flags = (
            pdfium.FPDF_GRAYSCALE | pdfium.FPDF_RENDER_LIMITEDIMAGECACHE | pdfium.FPDF_RENDER_NO_SMOOTHIMAGE
        )
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, wide, high, 0, flags)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        return ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * high), stride
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)


def _contrast(
    picture: bytes, stride: int, across: tuple[int, int], down: tuple[int, int], size: tuple[int, int]
) -> int:
    left, right = max(0, across[0]), min(size[0], across[1])
    rows = range(max(0, down[0]), min(size[1], down[1]))
    if right - left < 1 or not rows:
        return 255
    strips = [picture[row * stride + left : row * stride + right] for row in rows]
    return max(map(max, strips)) - min(map(min, strips))
