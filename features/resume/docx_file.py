"""WordprocessingML (ECMA-376 part 1) -> lines; runs only in the confined child.

Read directly with lxml: python-docx loads the whole package and knows no text boxes. No DTD is accepted, so
there are no entities to resolve; relationships are read for the addresses of hyperlinks and never followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from lxml import etree  # type: ignore[import-untyped]

from features.resume.errors import MalformedFileError, NoTextError
from features.resume.raw import RawDocument, RawLine

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
MAX_DEPTH = 60
MAX_NOTED_CHARS = 500
#: Text of more than one of these in a cell makes it a column, not a cell of a table.
_CELL_PARAGRAPHS = 1
_HEADING = re.compile(r"(?:heading|title|titre|überschrift|section)", re.IGNORECASE)
_TINY_HALF_POINTS = 4
_WHITE = ("FFFFFF", "FEFEFE", "FDFDFD", "FCFCFC")


class Parts(Protocol):
    names: list[str]

    def read(self, name: str) -> bytes: ...


class Look(NamedTuple):
    size: float = 0.0  # half-points, 0 = not said
    bold: bool | None = None
    hidden: bool | None = None
    white: bool | None = None
    heading: bool = False
    bullet: bool = False


class _Hidden:
    def __init__(self) -> None:
        self.by_trick: dict[str, list[str]] = {}

    def add(self, trick: str, text: str) -> None:
        self.by_trick.setdefault(trick, []).append(text)

    def notes(self) -> list[tuple[str, str, int, str]]:
        return [
            ("hidden_text", trick, 0, " ".join(found)[:MAX_NOTED_CHARS])
            for trick, found in self.by_trick.items()
            if " ".join(found).strip()
        ]


def read_docx(package: Parts, limits: dict[str, Any]) -> RawDocument:
    """Header, body, footer. Raises MalformedFileError, NoTextError."""
    body = _xml(package.read("word/document.xml"))
    reader = _Reader(_styles(_xml(package.read("word/styles.xml"))))
    lines: list[RawLine] = []
    for name in sorted(n for n in package.names if re.fullmatch(r"word/header\d*\.xml", n)):
        lines += reader.lines(_xml(package.read(name)))
    lines = list(dict.fromkeys(lines))  # first-page and following headers often repeat
    lines += reader.lines(body.find(f"{W}body") if body is not None else None)
    seen = {line.text for line in lines}
    for name in sorted(n for n in package.names if re.fullmatch(r"word/footer\d*\.xml", n)):
        lines += [line for line in reader.lines(_xml(package.read(name))) if line.text not in seen]
    if not any(char.isalpha() for line in lines for char in line.text):
        raise NoTextError
    links, foreign = _relations(_xml(package.read("word/_rels/document.xml.rels")))
    notes = reader.hidden.notes()
    if foreign:
        notes.append(("external_reference", "parts outside the file were not loaded", 0, ""))
    return RawDocument("docx", _relative(lines), 1, notes, links)


def _xml(data: bytes) -> Any:
    """The root element, None for a missing part."""
    if not data:
        return None
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\x00" in data:
        raise MalformedFileError(
            "This Word file declares entities, which none needs; please save it again and retry."
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise MalformedFileError from None
    if root.getroottree().docinfo.doctype:
        raise MalformedFileError
    return root


def _relations(root: Any) -> tuple[list[str], bool]:
    """(addresses of hyperlinks, whether other parts lie outside the file)."""
    links, foreign = [], False
    for relation in root.iter(_REL) if root is not None else ():
        if relation.get("TargetMode") != "External":
            continue
        if str(relation.get("Type", "")).endswith("/hyperlink"):
            links.append(str(relation.get("Target", ""))[:2048])
        else:
            foreign = True
    return links[:100], foreign


def _styles(root: Any) -> dict[str, Look]:
    """Style id -> look, inheritance (basedOn) resolved, "" = the document's defaults."""
    if root is None:
        return {"": Look()}
    default = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")
    looks = {"": _run_look(default)}
    raw = {style.get(f"{W}styleId", ""): style for style in root.iter(f"{W}style")}

    def look(name: str, depth: int) -> Look:
        if name in looks or name not in raw or depth > 20:
            return looks.get(name, looks[""])
        style = raw[name]
        based = style.find(f"{W}basedOn")
        parent = look(based.get(f"{W}val", ""), depth + 1) if based is not None else looks[""]
        label = style.find(f"{W}name")
        title = label.get(f"{W}val", "") if label is not None else ""
        properties = style.find(f"{W}pPr")
        own = _merge(parent, _run_look(style.find(f"{W}rPr")))
        heading = bool(_HEADING.match(title)) or _has_outline(properties)
        bullet = "bullet" in title.lower() or (
            properties is not None and properties.find(f"{W}numPr") is not None and not heading
        )
        looks[name] = own._replace(heading=heading or parent.heading, bullet=bullet or parent.bullet)
        return looks[name]

    for name in raw:
        look(name, 0)
    return looks


def _has_outline(properties: Any) -> bool:
    level = properties.find(f"{W}outlineLvl") if properties is not None else None
    return level is not None and str(level.get(f"{W}val", "9")) in "012345678"


def _run_look(properties: Any) -> Look:
    if properties is None:
        return Look()
    size = properties.find(f"{W}sz")
    colour = properties.find(f"{W}color")
    value = colour.get(f"{W}val", "") if colour is not None else ""
    return Look(
        size=_number(size.get(f"{W}val", "0")) if size is not None else 0.0,
        bold=_toggle(properties, "b"),
        hidden=_toggle(properties, "vanish") or _toggle(properties, "specVanish"),
        white=(str(value).upper() in _WHITE) if value else None,
    )


def _toggle(properties: Any, name: str) -> bool | None:
    found = properties.find(f"{W}{name}")
    return None if found is None else str(found.get(f"{W}val", "1")) not in ("0", "false", "off")


def _number(value: Any) -> float:
    try:
        return min(max(float(value), 0.0), 2000.0)
    except ValueError:
        return 0.0


def _merge(base: Look, over: Look) -> Look:
    return Look(
        over.size or base.size,
        base.bold if over.bold is None else over.bold,
        base.hidden if over.hidden is None else over.hidden,
        base.white if over.white is None else over.white,
        base.heading,
        base.bullet,
    )


class _Reader:
    """Walks blocks; collects what is hidden."""

    def __init__(self, styles: dict[str, Look]) -> None:
        self._styles = styles
        self.hidden = _Hidden()

    def lines(self, block: Any) -> list[RawLine]:
        return list(self._block(block, 0)) if block is not None else []

    def _block(self, block: Any, depth: int) -> Iterator[RawLine]:
        if depth > MAX_DEPTH:
            return
        for child in block:
            if child.tag == f"{W}p":
                yield from self._paragraph(child, depth)
            elif child.tag == f"{W}tbl":
                for row in child.iter(f"{W}tr"):
                    if _nearest_table(row) is child:
                        yield from self._row(row, depth)
            elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml", f"{W}ins", f"{W}moveTo"):
                yield from self._block(child, depth + 1)

    def _row(self, row: Any, depth: int) -> Iterator[RawLine]:
        """A row of single short cells is one line; a cell of several lines is read as a column. A date or
        label cell before such a column joins its first line."""
        cells = [list(self._block(cell, depth + 1)) for cell in _cells(row)]
        cells = [kept for cell in cells if (kept := [line for line in cell if line.text.strip()])]
        if not cells:
            return
        if all(len(cell) <= _CELL_PARAGRAPHS for cell in cells):
            first = cells[0][0]
            yield first._replace(text="\t".join(cell[0].text for cell in cells), table=len(cells) > 2)
            return
        label = cells[0] if len(cells) == 2 else []
        if len(label) == 1 and len(label[0].text) < 40 and not label[0].heading:
            joined = cells[1][0]._replace(text=f"{label[0].text}\t{cells[1][0].text}", gap=1.0)
            yield from [joined, *cells[1][1:]]
            return
        for cell in cells:
            yield cell[0]._replace(gap=-1.0)
            yield from cell[1:]

    def _paragraph(self, paragraph: Any, depth: int) -> Iterator[RawLine]:
        properties = paragraph.find(f"{W}pPr")
        style = properties.find(f"{W}pStyle") if properties is not None else None
        base = self._styles.get(style.get(f"{W}val", "") if style is not None else "", self._styles[""])
        bullet = properties is not None and properties.find(f"{W}numPr") is not None
        shaded = _is_shaded(paragraph, properties)
        run: list[tuple[str, Look]] = []
        boxes: list[Any] = []
        for text, look, hidden in self._runs(paragraph, base, boxes):
            trick = _trick(look, hidden, shaded)
            if trick and text.strip():
                self.hidden.add(trick, text)
            elif not trick:
                run.append((text, look))
        heading = base.heading or _has_outline(properties)
        before = _number(_attribute(properties, "spacing", "before")) / 240
        yield from _as_lines(run, heading, (bullet or base.bullet) and not heading, before, _left(properties))
        for box in boxes:
            yield from self._block(box, depth + 1)

    def _runs(self, paragraph: Any, base: Look, boxes: list[Any]) -> Iterator[tuple[str, Look, bool]]:
        """(text, look, whether marked as deleted); text boxes met on the way are collected."""
        stack = [iter(paragraph)]
        look = base
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
                continue
            tag = child.tag
            if tag in (f"{W}del", f"{W}moveFrom", f"{MC}Fallback", f"{W}pPr", f"{W}instrText", f"{W}rPr"):
                continue
            if tag.endswith("}txbxContent"):
                boxes.append(child)
                continue
            if tag == f"{W}r":
                look = self._look(child, base)
            text = _leaf(child)
            if text:
                yield text, look, False
            elif len(stack) < MAX_DEPTH:
                stack.append(iter(child))

    def _look(self, run: Any, base: Look) -> Look:
        properties = run.find(f"{W}rPr")
        if properties is None:
            return base
        style = properties.find(f"{W}rStyle")
        named = self._styles.get(style.get(f"{W}val", "")) if style is not None else None
        look = _merge(base, named) if named is not None else base
        return _merge(look, _run_look(properties))


def _leaf(child: Any) -> str:
    tag = child.tag
    if tag == f"{W}t":
        return child.text or ""
    if tag in (f"{W}tab", f"{W}ptab"):
        return "\t"
    if tag in (f"{W}br", f"{W}cr"):
        return "\n"
    if tag == f"{W}noBreakHyphen":
        return "-"
    return "•" if tag == f"{W}sym" else ""


def _trick(look: Look, deleted: bool, shaded: bool) -> str:
    if deleted or look.hidden:
        return "marked as hidden"
    if 0 < look.size < _TINY_HALF_POINTS:
        return "smaller than 2 pt"
    return "colour of the background" if look.white and not shaded else ""


def _is_shaded(paragraph: Any, properties: Any) -> bool:
    """Whether white text may be legible here: coloured cell, paragraph or run, or a shape of unknown fill."""
    holders = [paragraph, *paragraph.iterancestors()]
    for holder in holders:
        if holder.tag.endswith("}txbxContent"):
            return True
        if holder.tag in (f"{W}body", f"{W}hdr", f"{W}ftr"):
            break
    shades = paragraph.iter(f"{W}shd", f"{W}highlight")
    cells = [h for h in holders if h.tag in (f"{W}tc", f"{W}tbl")]
    inherited = [
        s for c in cells for s in c.iterfind(f"{W}{'tcPr' if c.tag.endswith('tc') else 'tblPr'}/{W}shd")
    ]
    fills = [str(s.get(f"{W}fill", s.get(f"{W}val", ""))).upper() for s in (*shades, *inherited)]
    background = paragraph.getroottree().getroot().find(f"{W}background")
    return background is not None or any(fill not in ("", "AUTO", "NONE", *_WHITE) for fill in fills)


def _as_lines(
    runs: list[tuple[str, Look]], heading: bool, bullet: bool, before: float, left: float
) -> Iterator[RawLine]:
    """One line for each line break; an empty paragraph is one empty line (white space for the next one)."""
    text = "".join(part for part, _ in runs)
    letters = sum(len(part.strip()) for part, _ in runs)
    bold = letters > 0 and 2 * sum(len(part.strip()) for part, look in runs if look.bold) > letters
    size = max((look.size for part, look in runs if part.strip()), default=0.0)
    for i, line in enumerate(text.split("\n")):
        yield RawLine(
            line, size=size, bold=bold, gap=before if i == 0 else 0.0, left=left, heading=heading,
            bullet=bullet and i == 0,
        )  # fmt: skip


def _attribute(properties: Any, element: str, name: str) -> str:
    found = properties.find(f"{W}{element}") if properties is not None else None
    return str(found.get(f"{W}{name}", "0")) if found is not None else "0"


def _left(properties: Any) -> float:
    """Indent as a share of a page 8.5 inches wide (twips)."""
    return min(_number(_attribute(properties, "ind", "left")) / 12_240, 1.0)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == f"{W}tc":
            yield child
        elif child.tag == f"{W}sdt":
            yield from (cell for cell in child.iter(f"{W}tc"))


def _nearest_table(row: Any) -> Any:
    return next((a for a in row.iterancestors() if a.tag == f"{W}tbl"), None)


def _relative(lines: list[RawLine]) -> list[RawLine]:
    """Sizes relative to the commonest one, empty paragraphs counted as white space above the next line."""
    weights: dict[float, int] = {}
    for line in lines:
        weights[line.size] = weights.get(line.size, 0) + len(line.text)
    body = max(weights, key=weights.__getitem__) or 22.0
    out: list[RawLine] = []
    empty = 0.0
    for line in lines:
        if not line.text.strip():
            empty += 1.0
            continue
        gap = line.gap if line.gap < 0 else line.gap + empty
        out.append(line._replace(size=(line.size or body) / body, gap=gap))
        empty = 0.0
    return out
