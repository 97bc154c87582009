"""Characters as PDF and Word writers leave them -> characters as people mean them. One line at a time."""

from __future__ import annotations

import re
import unicodedata

#: Presentation forms and look-alikes. NFKC would do this too, but also turn "m²" into "m2", "½" into "1/2".
_LETTERS = str.maketrans(
    {
        "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st",
        "\ufb06": "st", "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2004": " ", "\u2005": " ",
        "\u2006": " ", "\u2007": " ", "\u2008": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ",
        "\u205f": " ", "\u3000": " ", "\u00ad": None, "\u200b": None, "\u200c": None, "\u2060": None,
        "\ufeff": None, "\u200e": None, "\u200f": None, "\u2011": "-", "\u2010": "-", "\ufffd": None,
        "\u2028": " ", "\u2029": " ", "\ufffe": None, "\uffff": None, "\x0b": " ", "\x0c": " ",
        "\x7f": None, "\x85": "…", "\x91": "‘", "\x92": "’", "\x93": "“", "\x94": "”", "\x95": "•",
        "\x96": "–", "\x97": "—", "\u200d": None,
        "\u202a": None, "\u202b": None, "\u202c": None, "\u202d": None, "\u202e": None,
        "\u2066": None, "\u2067": None, "\u2068": None, "\u2069": None,
    }
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x80-\x84\x86-\x90\x98-\x9f]")
#: Symbol fonts put their bullets into the private use area.
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
#: UTF-8 read as Windows-1252: a lead byte as a Latin letter, its followers as punctuation.
_FOLLOWER = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
#: After a two-byte lead only signs count: two accented letters in a row are a word.
_SIGN = "\x80-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf€‚„…†‡‰‹‘’“”•–—˜™›"
_MOJIBAKE = re.compile(f"[\xc2-\xdf][{_SIGN}]|[\xe0-\xef][{_FOLLOWER}]{{2}}|\xf0[{_FOLLOWER}]{{3}}")
#: What such sequences stand for in practice: accented Latin, Greek, Cyrillic; punctuation, arrows, bullets.
_PLAUSIBLE = ((0xA0, 0x58F), (0x2000, 0x27BF), (0xFB00, 0xFB06), (0xFF01, 0xFF5E), (0x1F300, 0x1FAFF))
#: The same where the writer lost control characters: full-width colon and comma, no-break space.
_BROKEN = re.compile("ï¼(?=[\\s,]|$)|ï¼(?=\\w)")
#: A capital inside a word or before another capital is no French or Portuguese word ("Ângela" is one).
_LONE = re.compile("(?<=[a-z.,;:)%0-9])\xc2|\xc2(?=[\\s\xc2]|$)|(?<!\\w)\xc2(?=[A-Z][a-z])")
_SPACES = re.compile(r"[ \r\f]+")
_AROUND_TAB = re.compile(r" ?\t[ \t]*")

MAX_ROUNDS = 50
BULLETS = "•·∙●○◦▪▫■□◆◇►▶▸‣⁃➢➤➔→✓✔✗★☆❖✦❑❒◘¤§"


def clean(line: str) -> str:
    """NFC, plain spaces, no control or zero-width characters, ligatures opened, mojibake mended, private-use
    bullets as "•". Tabs stay: they separate cells. Idempotent: what a round uncovers, the next one mends."""
    for _ in range(MAX_ROUNDS):
        cleaned = _once(line)
        if cleaned == line:
            break
        line = cleaned
    return line


def _once(line: str) -> str:
    if not line.isascii():
        line = mend(line)
        line = _PRIVATE.sub("•", line.translate(_LETTERS))
        line = unicodedata.normalize("NFC", line)
    line = _CONTROL.sub("", line.replace("\x0b", " "))
    return _AROUND_TAB.sub("\t", _SPACES.sub(" ", line)).strip()


def mend(line: str) -> str:
    """UTF-8 that was once decoded as Windows-1252, where a sequence proves it."""
    if "Â" in line or "â" in line or "ï" in line or "Ã" in line or "Î" in line or "Ð" in line:
        line = _MOJIBAKE.sub(_decoded, line)
        line = _BROKEN.sub(": ", line)
        if "Â" in line:
            line = _LONE.sub(" ", line)
    return line


def _decoded(match: re.Match[str]) -> str:
    raw = match.group()
    try:
        data = b"".join(_byte(char) for char in raw)
        char = data.decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return raw
    return char if any(low <= ord(char) <= high for low, high in _PLAUSIBLE) else raw


def _byte(char: str) -> bytes:
    return char.encode("cp1252") if ord(char) > 0xFF else char.encode("latin-1")
