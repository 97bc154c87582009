"""What changed between two documents, value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from app.resume.pointers import child, leaves
from app.resume.schemas import Change


@dataclass(frozen=True, slots=True)
class _Place:
    """The same thing in the older and in the newer document."""

    old: str = ""
    new: str = ""

    def child(self, old: str | int, new: str | int) -> _Place:
        return _Place(child(self.old, old), child(self.new, new))


def changes(before: Any, after: Any, at: _Place | None = None) -> Iterator[Change]:
    """Items of a list are compared with what they were, also when others came before them; an item that
    moved was removed and added."""
    at = at or _Place()
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from changes(before.get(key), after.get(key), at.child(key, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, at)
    elif before != after:
        yield Change(path=at.old if after is None else at.new, before=before, after=after)


def _lists(before: list[Any], after: list[Any], at: _Place) -> Iterator[Change]:
    old, new = ([json.dumps(item, sort_keys=True) for item in side] for side in (before, after))
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from _block(before, after, range(i1, i2), range(j1, j2), at)


def _block(before: list[Any], after: list[Any], old: range, new: range, at: _Place) -> Iterator[Change]:
    """Items between two that stayed: pairs that are the same thing, changed; then what is left over."""
    free = list(new)
    for i in old:
        j = next((j for j in free if _same_thing(before[i], after[j])), None)
        if j is None:
            yield Change(path=child(at.old, i), before=before[i], after=None)
        else:
            free.remove(j)
            yield from changes(before[i], after[j], at.child(i, j))
    for j in free:
        yield Change(path=child(at.new, j), before=None, after=after[j])


def _same_thing(before: Any, after: Any) -> bool:
    """Texts that share most of their words; entries that share a value."""
    if isinstance(before, str) and isinstance(after, str):
        old, new = set(before.split()), set(after.split())
        return 2 * len(old & new) >= max(len(old), len(new))
    old_values, new_values = dict(leaves(before)), dict(leaves(after))
    return any(old_values[key] == new_values.get(key) for key in old_values)
