"""The proof that a tailored resume says nothing its source does not say.

What may be missing: whole entries, whole items of a list, whole texts, whole sentences of a text. What may
change: the order of entries and items. Everything else must be as it was, where it was: a bullet stays with
its job, a job keeps its dates, its title and its employer, and nothing is said twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.resume.pointers import child, leaves, parts, resolve
from app.resume.sentences import shortened

#: Texts of which sentences may be left out, and which may be left out whole.
PROSE = frozenset({"summary", "description", "reference"})
#: Parts of the document that state nothing about the person.
APART = ("$schema", "meta", "x-jobpilot")


@dataclass(frozen=True, slots=True)
class Cited:
    """Where the text at a path comes from; no `sentences` means all of it."""

    source: str
    sentences: tuple[int, ...] = ()


def problems(
    source: Mapping[str, Any],
    result: Mapping[str, Any],
    origins: Mapping[str, Cited],
    hidden: Collection[str] = (),
) -> list[str]:
    """What is wrong with `result`; empty if every text of it stands in `source` where `origins` (path ->
    origin) says. Both are documents as JSON values; `hidden` names what may be missing besides."""
    source, result = _facts(source), _facts(result)
    texts = dict(leaves(result))
    found = [f"{path} has an origin and no text" for path in sorted(origins.keys() - texts.keys())]
    for path, text in texts.items():
        cited = origins.get(path)
        found += [f"{path} has no origin"] if cited is None else _text(source, path, text, cited)
    if not found:
        found += _twice(origins)
        found += _mixed(origins)
        found += _torn(source, result, origins, hidden)
    return found


def _facts(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in APART}


def _text(source: Mapping[str, Any], path: str, text: Any, cited: Cited) -> Iterator[str]:
    if shape(path) != shape(cited.source):
        yield f"{path} cites {cited.source}, which is something else"
        return
    try:
        original = resolve(source, cited.source)
        stated = _shortened(original, cited) if isinstance(original, str) else None
    except (KeyError, IndexError):
        yield f"{path} cites {cited.source}, where nothing is"
        return
    if cited.sentences and not _may_shorten(cited.source):
        yield f"{path} may not be shortened"
    if text != stated:
        yield f"{path} is not what {cited.source} says"


def _shortened(original: str, cited: Cited) -> str:
    numbers = cited.sentences
    if not numbers:
        return original
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise IndexError("sentences keep their order, and none comes twice")
    return shortened(original, numbers)


def _may_shorten(pointer: str) -> bool:
    *_, owner, last = ["", *parts(pointer)]
    return last in PROSE or owner == "highlights"


def shape(pointer: str) -> str:
    """The pointer with every number replaced: what kind of value it names."""
    return "".join("/*" if part.isdecimal() else child("", part) for part in parts(pointer))


def _twice(origins: Mapping[str, Cited]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for path, cited in origins.items():
        if cited.source in seen:
            yield f"{path} and {seen[cited.source]} both cite {cited.source}"
        seen[cited.source] = path


def _mixed(origins: Mapping[str, Cited]) -> Iterator[str]:
    """One entry of the result is one entry of the source, at every level, and the other way round."""
    forth: dict[str, set[str]] = defaultdict(set)
    back: dict[str, set[str]] = defaultdict(set)
    for path, cited in origins.items():
        for made, given in zip(_entries(path), _entries(cited.source), strict=True):
            forth[made].add(given)
            back[given].add(made)
    for made, sources in forth.items():
        if len(sources) > 1:
            yield f"{made} is put together from {', '.join(sorted(sources))}"
    for given, copies in back.items():
        if len(copies) > 1:
            yield f"{given} was divided into {', '.join(sorted(copies))}"


def _entries(pointer: str) -> list[str]:
    """The list items it goes through: "/work/0/highlights/2" -> ["/work/0", "/work/0/highlights/2"]."""
    steps = parts(pointer)
    ends = [number + 1 for number, step in enumerate(steps) if step.isdecimal()]
    return ["".join(child("", step) for step in steps[:end]) for end in ends]


def _torn(
    source: Mapping[str, Any],
    result: Mapping[str, Any],
    origins: Mapping[str, Cited],
    hidden: Collection[str],
) -> Iterator[str]:
    """Facts of an entry that was kept are kept with it: a job without its end would go on, and a group of
    skills with nothing in it would be a skill."""
    owners = {"/basics": "/basics"} if "basics" in source else {}
    for path, cited in origins.items():
        owners |= dict(zip(_entries(path), _entries(cited.source), strict=True))
    for made, given in owners.items():
        whole = resolve(source, given)
        if not isinstance(whole, dict):
            continue
        if whole.get("keywords") and not _has(result, made + "/keywords") and not hidden:
            yield f"{made} lost all its keywords"
        for pointer in _scalars(whole, given):
            key = pointer.removeprefix(given)
            if not (_covered(pointer, hidden) or _has(result, made + key)):
                yield f"{made} lost {key}"


def _scalars(entry: Mapping[str, Any], pointer: str) -> Iterator[str]:
    """Texts of an object outside of lists, prose left out."""
    for key, value in entry.items():
        at = child(pointer, key)
        if isinstance(value, dict):
            yield from _scalars(value, at)
        elif not isinstance(value, list) and key not in PROSE:
            yield at


def _covered(pointer: str, hidden: Collection[str]) -> bool:
    return any(pointer == one or pointer.startswith(one + "/") for one in hidden)


def _has(document: Mapping[str, Any], pointer: str) -> bool:
    try:
        resolve(document, pointer)
    except KeyError:
        return False
    return True


def as_cited(origins: Sequence[Any]) -> dict[str, Cited]:
    """From the document's own list (`document.Origin`); of two with one path the later counts."""
    return {origin.path: Cited(origin.source, tuple(origin.sentences)) for origin in origins}
