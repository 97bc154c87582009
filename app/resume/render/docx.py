"""DOCX by python-docx: the styles of a word processor (Title, Heading 1 and 2, List Bullet), no text boxes
and no tables, so that people can edit it and machines can read it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from app.kit.clock import utcnow
from app.resume.render.outline import Entry, Linked, Outline, Section
from app.resume.render.typst import Paper, Template
from app.resume.render.wording import BAR

_PAPERS = {"a4": (Mm(210), Mm(297)), "letter": (Mm(215.9), Mm(279.4))}
_BLACK = RGBColor(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes in points, margins in cm, `space` above a heading in points."""

    font: str
    size: float
    name_size: float
    heading_size: float
    margin: float
    space: float
    color: RGBColor = _BLACK
    centered: bool = False


LOOKS: dict[Template, Look] = {
    "classic": Look("Cambria", 10.5, 22, 12, 2.1, 11, centered=True),
    "modern": Look("Calibri", 10.5, 26, 13, 2.2, 13, color=RGBColor(0x1F, 0x4E, 0x79)),
    "compact": Look("Calibri", 9.5, 17, 10.5, 1.6, 10),
}


def docx_bytes(outline: Outline, template: Template, paper: Paper) -> bytes:
    page = _Page(outline, LOOKS[template], paper)
    page.write()
    target = io.BytesIO()
    page.document.save(target)
    return target.getvalue()


class _Page:
    def __init__(self, outline: Outline, look: Look, paper: Paper) -> None:
        self.outline, self.look = outline, look
        self.document: WordDocument = docx.Document()
        self.width = self._set_up_page(paper)
        self._set_up_styles()
        properties = self.document.core_properties
        properties.author = outline.name
        properties.title = f"{outline.name} - Resume" if outline.name else "Resume"
        properties.comments, properties.language = "", "en"
        properties.created = properties.modified = utcnow().replace(tzinfo=None)

    def write(self) -> None:
        self._header()
        for section in self.outline.sections:
            self.document.add_heading(section.heading, level=1)
            for entry in section.entries:
                self._entry(entry, section)

    def _set_up_page(self, paper: Paper) -> Length:
        section = self.document.sections[0]
        section.page_width, section.page_height = _PAPERS[paper]
        margin = Cm(self.look.margin)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = margin
        return Length(section.page_width - 2 * margin)

    def _set_up_styles(self) -> None:
        look = self.look
        for name, size, bold, color, above, below in (
            ("Normal", look.size, None, _BLACK, 0, 2),
            ("Title", look.name_size, True, look.color, 0, 2),
            ("Subtitle", look.heading_size, False, _BLACK, 0, 2),
            ("Heading 1", look.heading_size, True, look.color, look.space, 3),
            ("Heading 2", look.size, True, _BLACK, look.space / 2, 0),
            ("List Bullet", look.size, None, _BLACK, 0, 1),
        ):
            self._style(name, size, bold, color, above, below)
        self._plain_defaults()
        for name in ("Title", "Heading 1"):  # the default template underlines the name instead
            self._rule(name, drawn=name == "Heading 1" and look.color == _BLACK)
        tabs = self.document.styles["Heading 2"].paragraph_format.tab_stops
        tabs.add_tab_stop(self.width, WD_TAB_ALIGNMENT.RIGHT)
        dates = self.document.styles.add_style("Dates", WD_STYLE_TYPE.CHARACTER)
        dates.font.bold = False

    def _style(
        self, name: str, size: float, bold: bool | None, color: RGBColor, above: float, below: float
    ) -> None:
        style: Any = self.document.styles[name]
        style.font.size, style.font.bold, style.font.italic = Pt(size), bold, None
        style.font.color.rgb = color
        style.font.name = self.look.font
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # they win over the names
            fonts.attrib.pop(qn(f"w:{script}"), None)
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), self.look.font)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(above), Pt(below)
        style.paragraph_format.line_spacing = 1.0

    def _plain_defaults(self) -> None:
        """The default template's own size, and its subtitle in a numbered list, would show through."""
        for tag in ("w:sz", "w:szCs"):
            for size in self.document.styles.element.find(qn("w:docDefaults")).iter(qn(tag)):
                size.set(qn("w:val"), str(round(2 * self.look.size)))
        subtitle = self.document.styles["Subtitle"].element.get_or_add_pPr()
        for numbering in subtitle.findall(qn("w:numPr")):
            subtitle.remove(numbering)

    def _rule(self, style: str, *, drawn: bool) -> None:
        """The line under a heading."""
        properties = self.document.styles[style].element.get_or_add_pPr()
        for old in properties.findall(qn("w:pBdr")):
            properties.remove(old)
        if drawn:
            border, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
            for key, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "000000")):
                bottom.set(qn(f"w:{key}"), value)
            border.append(bottom)
            properties.insert_element_before(
                border, *(f"w:{tag}" for tag in ("shd", "tabs", "spacing", "ind", "jc", "outlineLvl"))
            )

    def _header(self) -> None:
        lines = []
        if self.outline.name:
            lines.append(self.document.add_paragraph(self.outline.name, style="Title"))
        if self.outline.label:
            lines.append(self.document.add_paragraph(self.outline.label, style="Subtitle"))
        if self.outline.contacts:
            line = self.document.add_paragraph()
            for number, contact in enumerate(self.outline.contacts):
                if number:
                    line.add_run(BAR)
                _linked(line, contact)
            lines.append(line)
        if self.look.centered:
            for line in lines:
                line.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def _entry(self, entry: Entry, section: Section) -> None:
        if entry.title or entry.dates:
            self._title(entry)
        if entry.subtitle or entry.link:
            line = self.document.add_paragraph()
            line.add_run(entry.subtitle).italic = True
            if entry.link:
                line.add_run(BAR if entry.subtitle else "")
                _linked(line, entry.link)
            line.paragraph_format.keep_with_next = bool(entry.paragraphs or entry.bullets)
        if entry.label or entry.text:
            line = self.document.add_paragraph()
            if entry.label:
                line.add_run(f"{entry.label}:").bold = True
                line.add_run(" ")
            line.add_run(entry.text)
        for text in entry.paragraphs:
            self.document.add_paragraph(text)
        for text in entry.bullets:
            self.document.add_paragraph(text, style="List Bullet")

    def _title(self, entry: Entry) -> None:
        line = self.document.add_heading(entry.title, level=2)
        if entry.detail:
            line.add_run(f"{BAR}{entry.detail}", style="Dates")
        if entry.dates:
            line.add_run(f"\t{entry.dates}", style="Dates")


def _linked(line: Paragraph, it: Linked) -> None:
    """python-docx reads links but does not write them."""
    if not it.url:
        line.add_run(it.text)
        return
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), line.part.relate_to(it.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run = line.add_run(it.text)
    link.append(run._r)
    line._p.append(link)
