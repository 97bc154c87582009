"""Which language a text is in, by its script and its commonest little words."""

from __future__ import annotations

import re

_LITTLE: dict[str, frozenset[str]] = {
    "en": frozenset("the and of to in for with on by at from as is are was were an a".split()),
    "de": frozenset("und der die das in mit für von zu im den des als auf bei eine einer zur zum".split()),
    "fr": frozenset("et de la le les des du en pour dans avec au aux une un sur par chez".split()),
    "es": frozenset("y de la el los las en con para del por una un al como se".split()),
    "it": frozenset("e di la il per con del della in dei delle al nel una un gli presso".split()),
    "pt": frozenset("e de do da em para com os as no na dos das uma um ao pela".split()),
    "nl": frozenset("en van de het een in met voor op te bij aan als door".split()),
    "pl": frozenset("i w z na do oraz dla od przy po jako".split()),
}
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ru", re.compile("[а-яё]", re.IGNORECASE)),
    ("el", re.compile("[α-ωά-ώ]", re.IGNORECASE)),
    ("he", re.compile("[א-ת]")),
    ("ar", re.compile("[ء-ي]")),
)
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)
MIN_WORDS = 20


def language_of(text: str) -> str:
    """ISO 639-1 code, "" if the text is too short or nothing stands out."""
    words = [word.casefold() for word in _WORD.findall(text[:20_000])]
    if not words:
        return ""
    letters = sum(map(len, words))
    for code, script in _SCRIPTS:
        share = len(script.findall(text[:20_000])) / letters
        if share > 0.5:
            return "uk" if code == "ru" and len(_UKRAINIAN.findall(text)) > 0.02 * letters else code
    if len(words) < MIN_WORDS:
        return ""
    counts = {code: sum(word in little for word in words) for code, little in _LITTLE.items()}
    best = max(counts, key=counts.__getitem__)
    second = max(count for code, count in counts.items() if code != best)
    return best if counts[best] >= 0.04 * len(words) and counts[best] > 1.3 * second else ""
