"""Headings of a resume and what they announce.

A line is a heading if its words are in the lexicon and it looks like one, or if it looks exactly like the
headings that are (upper case, bold, larger, at the same edge) and announces something else.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from features.resume.language_names import LANGUAGES
from features.resume.records import Field, Line, ReadDocument, Section, SectionKind

MAX_HEADING_CHARS = 60
MAX_HEADING_WORDS = 7
MAX_SECTIONS = 80
#: Words of the heading, folded, without "professional", "and" and the like, see `_core`.
_LEXICON: dict[SectionKind, str] = {
    "summary": "summary|profile|objective|about|about me|overview|statement|career objective|career summary|"
    "career profile|career goal|career goals|career statement|goal|goals|introduction|bio|biography|synopsis|"
    "executive profile|value proposition|personal statement|objectives|career overview|profil|kurzprofil|"
    "ueber mich|a propos|resumen|perfil|profilo|perfil profesional|περιληψη|προφιλ|о себе|обо мне|цель",
    "work": "experience|work experience|employment|employment history|work history|career history|"
    "experiences|work experiences|job history|positions|positions held|work|job experience|internship|"
    "internships|"
    "internship experience|internships experience|teaching experience|military experience|military service|"
    "experience highlights|industry experience|background|work background|job|jobs|other experience|"
    "additional experience|relevant experience|related experience|previous experience|past experience|"
    "current experience|technical experience|management experience|sales experience|clinical experience|"
    "legal experience|career|career experience|employment experience|working experience|practical experience|"
    "it experience|research experience|academic experience|engineering experience|leadership experience|"
    "berufserfahrung|werdegang|beruflicher werdegang|praktika|experience professionnelle|"
    "experiences professionnelles|parcours professionnel|experiencia|experiencia laboral|experiencia "
    "profesional|"
    "esperienza|esperienze|esperienze lavorative|esperienza lavorativa|experiencia profissional|werkervaring|"
    "επαγγελματικη εμπειρια|εργασιακη εμπειρια|προϋπηρεσια|опыт|опыт работы|трудовой опыт",
    "education": "education|educational background|education background|educational qualification|"
    "educational qualifications|academic background|academic qualification|academic qualifications|academics|"
    "academic history|education history|studies|degrees|degree|education training|education trainings|"
    "training education|education certification|education certifications|education credentials|academic|"
    "education skills|academic education|scholastic|academic profile|educational details|education "
    "development|"
    "higher education|education certificates|education licenses|education achievements|education honors|"
    "education awards|formal education|schooling|"
    "ausbildung|bildung|studium|formation|formations|etudes|formacion|formacion academica|educacion|estudios|"
    "istruzione|istruzione e formazione|formacao|formacao academica|opleiding|opleidingen|εκπαιδευση|σπουδες|"
    "образование",
    "skills": "skills|skill|skill set|skillset|skill sets|technical skills|key skills|core skills|"
    "competencies|"
    "core competencies|core competences|areas of expertise|area of expertise|expertise|technical expertise|"
    "technologies|technical proficiencies|"
    "technical proficiency|proficiencies|strengths|key strengths|qualifications|core qualifications|"
    "key qualifications|summary of skills|skills summary|skills abilities|knowledge skills|tools|"
    "tools technologies|technical knowledge|computer skills|it skills|software skills|software|"
    "areas of strength|technical summary|technical competencies|key competencies|skills competencies|"
    "programming skills|abilities|soft skills|hard skills|special skills|specialties|specialities|"
    "skills expertise|skills qualifications|skill highlights|skills highlights|highlights|core strengths|"
    "technology|technology skills|technical|capabilities|technical qualifications|technology summary|"
    "summary of qualifications|qualifications summary|qualification summary|highlights of qualifications|"
    "experience summary|technical profile|"
    "skills tools|languages technologies|skills interests|other skills|additional skills|personal skills|"
    "kenntnisse|faehigkeiten|kompetenzen|edv kenntnisse|it kenntnisse|competences|habilidades|competencias|"
    "aptitudes|competenze|vaardigheden|δεξιοτητες|ικανοτητες|навыки|ключевые навыки|профессиональные навыки",
    "languages": "languages|language|language skills|languages spoken|foreign languages|language proficiency|"
    "spoken languages|linguistic skills|languages known|sprachen|sprachkenntnisse|langues|idiomas|lingue|"
    "talen|"
    "γλωσσες|ξενες γλωσσες|языки|знание языков|иностранные языки",
    "certificates": "certificates|certificate|certifications|certification|licenses|license|licences|"
    "licenses certifications|certifications licenses|certificates licenses|licensure|credentials|"
    "training certifications|certifications training|training|trainings|courses|course|coursework|"
    "relevant coursework|professional development|training courses|courses certifications|certifications "
    "courses|"
    "courses certificates|licensure certifications|certifications credentials|continuing education|"
    "training certificates|certified|additional training|professional training|specialized training|"
    "trainings certifications|skills certifications|certifications skills|"
    "licenses certificates|certifications achievements|accreditations|zertifikate|weiterbildung|certificats|"
    "certificados|certificaciones|certificazioni|certificaten|πιστοποιησεις|πιστοποιητικα|σεμιναρια|сертификаты|курсы",
    "projects": "projects|project|key projects|selected projects|academic projects|personal projects|"
    "project experience|side projects|project history|notable projects|major projects|portfolio|projekte|"
    "projets|"
    "proyectos|progetti|projetos|projecten|εργα|проекты",
    "awards": "awards|award|honors|honours|achievements|accomplishments|awards honors|honors awards|"
    "awards achievements|achievements awards|key achievements|recognition|awards recognition|recognitions|"
    "scholarships|distinctions|accomplishments awards|awards accomplishments|selected accomplishments|"
    "career accomplishments|key accomplishments|career highlights|major accomplishments|achievement|"
    "activities honors|honors activities|academic achievements|academic honors|scholarships awards|"
    "auszeichnungen|prix|premios|premi|"
    "διακρισεις|βραβεια|награды|достижения",
    "publications": "publications|publication|papers|articles|presentations|publications presentations|"
    "presentations publications|research|patents|books|talks|conferences|exhibitions|selected publications|"
    "selected exhibitions|veroeffentlichungen|"
    "publikationen|publicaciones|pubblicazioni|δημοσιευσεις|публикации",
    "volunteer": "volunteer|volunteering|volunteer experience|volunteer work|community service|"
    "community involvement|volunteer activities|community|volunteerism|volunteer service|community volunteer|"
    "civic activities|ehrenamt|benevolat|voluntariado|volontariato|vrijwilligerswerk|εθελοντισμος|"
    "волонтерство",
    "interests": "interests|hobbies|hobbies interests|interests hobbies|activities|interests activities|"
    "activities interests|extracurricular activities|extra curricular activities|extracurricular|"
    "personal interests|leisure|hobby|affiliations|memberships|affiliation|membership|"
    "affiliations memberships|associations|organizations|"
    "memberships affiliations|activities affiliations|associations memberships|activities organizations|"
    "clubs|"
    "interessen|hobbys|loisirs|centres d interet|intereses|interessi|interesses|ενδιαφεροντα|χομπι|"
    "интересы|хобби|увлечения",
    "references": "references|reference|referees|recommendations|referenzen|referencias|referenze|"
    "συστασεις|рекомендации",
    "personal": "personal|personal information|personal details|personal data|additional information|"
    "other information|contact|contact information|contact details|contacts|information|additional|"
    "additional details|miscellaneous|other|other details|personal profile|persoenliche daten|kontakt|"
    "contacto|datos personales|contatti|"
    "dati personali|προσωπικα στοιχεια|στοιχεια επικοινωνιας|личная информация|контакты|"
    "military|declaration|availability|work authorization|visa status|citizenship|security clearance|"
    "clearance|social media|links",
}  # fmt: skip
_KIND_OF: dict[str, SectionKind] = {
    words: kind for kind, forms in _LEXICON.items() for words in forms.split("|")
}
#: Words that change nothing about what a heading announces.
_FILLERS = frozenset(
    "professional and of the in with my a an key relevant general main detailed e et y i und und & selected "
    "other brief und und executive und primary full "
    "current &".split()
)
#: Alone these are as likely an item of a list; they must look like the other headings.
_WEAK = frozenset(
    "work job jobs career background academic technical technology software tools training trainings "
    "course courses research community activities information additional other military references reference "
    "language languages goal goals highlights personal about project projects positions abilities strengths "
    "contact contacts recognition bio community license licenses leisure conferences articles links "
    "presentations qualifications coursework studies degrees credentials expertise technologies profile "
    "books "
    "organizations objective internship internships".split()
)
_SPACED_OUT = re.compile(r"^(?:\w ){3,}\w$")
_EDGES = " \t:;.-–—_=*#|~•·●▪■►>»/\\[](){}"
_WORD = re.compile(r"[^\W\d_]+")
_INLINE = re.compile(r"^([^\W\d_][\w &/,'’-]{2,40}?)\s*:\s*(\S.*)$")
_INLINE_KINDS = (
    "skills",
    "languages",
    "certificates",
    "education",
    "interests",
    "summary",
    "references",
    "work",
)


def folded(text: str) -> str:
    """Case and accents removed, umlauts written out, words joined by single spaces."""
    text = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    text = unicodedata.normalize("NFD", text)
    text = unicodedata.normalize("NFC", "".join(c for c in text if not unicodedata.combining(c) or c == "̆"))
    return " ".join(_WORD.findall(text))


def heading_kind(text: str) -> SectionKind | None:
    """What a line of these words announces, whatever it looks like."""
    bare = text.strip(_EDGES)
    if _SPACED_OUT.match(bare):
        bare = bare.replace(" ", "")
    if not bare or len(bare) > MAX_HEADING_CHARS or any(char.isdigit() for char in bare):
        return None
    words = folded(bare).split()
    if not words or len(words) > MAX_HEADING_WORDS:
        return None
    exact = _KIND_OF.get(" ".join(words))
    if exact:
        return exact
    core = [word for word in words if word not in _FILLERS]
    return _KIND_OF.get(" ".join(core)) or _joint_kind(core)


def _joint_kind(words: list[str]) -> SectionKind | None:
    """ "Summary of Skills & Experience": both halves are headings; the first decides."""
    for cut in range(1, len(words)):
        first, second = _KIND_OF.get(" ".join(words[:cut])), _KIND_OF.get(" ".join(words[cut:]))
        if first and second:
            return first
    return None


@dataclass(frozen=True, slots=True)
class Look:
    """What headings of one resume have in common. `big` = larger than the body."""

    upper: bool
    bold: bool
    big: bool
    left: int
    colon: bool

    @property
    def distinct(self) -> bool:
        return self.upper or self.bold or self.big


def look_of(line: Line, text: str) -> Look:
    bare = text.strip(_EDGES)
    upper = bare.isupper() and sum(char.isalpha() for char in bare) > 2
    return Look(upper, line.bold, line.size > 1.08, round(line.left * 25), text.rstrip().endswith(":"))


def find_sections(document: ReadDocument) -> tuple[Section, ...]:
    """The document cut at its headings; the part above the first one is the "header"."""
    headings = _headings(document)
    text = document.text
    marks: list[tuple[SectionKind, Field[str] | None, int, int]] = [("header", None, 0, 0)]
    marks += [(kind, title, title.start, body) for kind, title, body in headings]
    ends = [mark[2] for mark in marks[1:]] + [len(text)]
    sections = []
    for (kind, title, _, body), end in zip(marks, ends, strict=True):
        if title is not None or text[body:end].strip():
            sections.append(Section(kind, body, max(body, end), title))
    return tuple(sections)


def lines_in(document: ReadDocument, section: Section) -> list[Line]:
    """Lines of a section; the rest of a heading's own line ("Skills: a, b") counts as one."""
    found: list[Line] = []
    for line in document.lines:
        if section.start <= line.start < section.end:
            found.append(line)
        elif line.start < section.start < line.end:
            found.append(replace(line, start=section.start, bullet=False))
    return found


def _headings(document: ReadDocument) -> list[tuple[SectionKind, Field[str], int]]:
    """(kind, heading, start of the body)."""
    text, lines = document.text, document.lines
    known = [(i, kind) for i, line in enumerate(lines) if (kind := _known(line, text)) is not None]
    strong = [i for i, _ in known if not _is_weak(text[lines[i].start : lines[i].end])]
    looks = [look_of(lines[i], text[lines[i].start : lines[i].end]) for i in strong]
    usual = max(looks, key=looks.count) if looks else None
    found: list[tuple[SectionKind, Field[str], int]] = []
    kinds = dict(known)
    for i, line in enumerate(lines):
        words = text[line.start : line.end]
        if i in kinds and _believed(line, words, usual, strong=i in strong):
            found.append((kinds[i], _title(line, words, 0.95 if i in strong else 0.8), line.end))
        elif i not in kinds and (inline := _inline(words, line)):
            found.append((inline[0], Field(inline[1], line.start, line.start + inline[2], 0.7), inline[3]))
        elif i not in kinds and usual is not None and _looks_same(line, words, usual, lines, i):
            found.append(("other", _title(line, words, 0.5), line.end))
        if len(found) >= MAX_SECTIONS:
            break
    return found


def _title(line: Line, words: str, confidence: float) -> Field[str]:
    bare = words.strip(_EDGES)
    start = line.start + words.find(bare)
    return Field(bare, start, start + len(bare), confidence)


def _known(line: Line, text: str) -> SectionKind | None:
    if line.end - line.start > MAX_HEADING_CHARS + 8 or (line.bullet and line.size <= 1.08):
        return None
    words = text[line.start : line.end]
    if "\t" in words.strip() or words.rstrip(" ")[-1:] in (".", ","):
        return None
    if words[:1].islower() and not (line.bold or line.size > 1.08 or line.heading):
        return None  # the last word of a broken sentence
    return heading_kind(words)


def _is_weak(words: str) -> bool:
    return folded(words) in _WEAK


def _believed(line: Line, words: str, usual: Look | None, *, strong: bool) -> bool:
    look = look_of(line, words)
    if usual is None:
        return line.heading or look.distinct or line.gap != 0 or strong
    if usual == look or line.heading:
        return True
    if usual.distinct:
        same = sum((usual.upper == look.upper, usual.bold == look.bold, usual.big == look.big))
        return same == 3 or (strong and same >= 2) or (strong and (look.distinct or line.gap >= 0.4))
    return strong or abs(look.left - usual.left) <= 0


def _inline(words: str, line: Line) -> tuple[SectionKind, str, int, int] | None:
    """ "Languages: English, Greek" as a section of one line: (kind, title, length of title, body start)."""
    match = _INLINE.match(words)
    if match is None or line.bullet:
        return None
    kind = heading_kind(match.group(1))
    if kind == "languages" and not any(
        word.casefold() in LANGUAGES for word in _WORD.findall(match.group(2))
    ):
        return None  # "Languages: Python, Java"
    if kind not in _INLINE_KINDS or (kind == "work" and _is_weak(match.group(1))):
        return None
    return kind, match.group(1), len(match.group(1)), line.start + match.start(2)


def _looks_same(line: Line, words: str, usual: Look, lines: tuple[Line, ...], i: int) -> bool:
    """A heading whose words we do not know. Only a look that body text never has can prove that."""
    look = look_of(line, words)
    if line.heading and usual.big and line.size > 1.15:
        return i > 0
    if not (usual.distinct and look == usual and len(words) < 40 and i > 2 and not line.bullet):
        return False
    if any(char.isdigit() for char in words) or "\t" in words or len(words.split()) > 4:
        return False
    proof = usual.big or (usual.upper and line.gap >= 0.4)
    return proof and i + 1 < len(lines)
