"""JSON pointers (RFC 6901) into plain JSON values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def child(pointer: str, key: str | int) -> str:
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def parts(pointer: str) -> list[str]:
    """ "/work/0/name" -> ["work", "0", "name"]; "" is the whole value."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def resolve(value: Any, pointer: str) -> Any:
    """What the pointer names. Raises KeyError when there is nothing."""
    for part in parts(pointer):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif (
            isinstance(value, list) and part.isdecimal() and str(int(part)) == part and int(part) < len(value)
        ):
            value = value[int(part)]
        else:
            raise KeyError(pointer)
    return value


def exists(value: Any, pointer: str) -> bool:
    try:
        resolve(value, pointer)
    except KeyError:
        return False
    return True


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """(pointer, value) of everything that is no object and no list, in order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, child(pointer, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, child(pointer, number))
    else:
        yield pointer, value


def without(value: Any, hidden: frozenset[str], pointer: str = "") -> Any:
    """A copy without what the pointers name."""
    if isinstance(value, dict):
        inside = ((key, item, child(pointer, key)) for key, item in value.items())
        return {key: without(item, hidden, at) for key, item, at in inside if at not in hidden}
    if isinstance(value, list):
        numbered = ((item, child(pointer, number)) for number, item in enumerate(value))
        return [without(item, hidden, at) for item, at in numbered if at not in hidden]
    return value
