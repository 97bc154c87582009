"""Words that tell posts from employers from schools. Small on purpose: heads of phrases, not lists of "
"titles."""

from __future__ import annotations

import re

_TITLE_HEADS = frozenset(
    """
    accountant actor actuary adjuster administrator adviser advisor advocate agent aide ambassador analyst
    animator apprentice appraiser architect artist assembler assessor assistant associate attendant attorney
    auditor author bagger baker banker barista bartender biologist bookkeeper broker builder bursar busser
    buyer cadet captain caregiver caretaker carpenter cashier caterer ceo cfo chair chairman chairperson chef
    chemist chief cio cleaner clerk clinician closer cmo coach collector commander commissioner concierge
    conductor consultant contractor controller coo cook coordinator copywriter correspondent counsel
    counselor counsellor courier cpo craftsman crew cto curator custodian dancer data dealer dean decorator
    delegate dentist deputy designer detective developer director dishwasher dispatcher docent doctor
    draftsman drafter driver economist editor educator electrician engineer entrepreneur estimator examiner
    executive expert expeditor fabricator facilitator farmer fellow firefighter fitter foreman founder
    cofounder freelance freelancer fundraiser gardener geologist governess graphic groomer guard guide
    hairdresser handler handyman head helper host hostess housekeeper hygienist illustrator incharge inspector
    installer instructor intern internship interpreter interviewer inventory investigator janitor journalist
    judge keeper laborer labourer landscaper lawyer lead leader lecturer liaison librarian lifeguard lineman
    loader lobbyist machinist manager marketer mason mathematician mechanic mediator member mentor
    merchandiser merchandizer messenger mechanic midwife minister model moderator modeler mover musician nanny
    negotiator nurse nutritionist officer operative operator optician organizer originator owner packer
    painter paralegal paramedic partner pathologist patrolman performer pharmacist photographer physician
    physicist picker pilot planner plumber porter preparer presenter president presser principal printer
    processor producer professor programmer promoter proofreader proprietor psychologist psychiatrist
    publicist purchaser radiographer rancher realtor receiver receptionist recruiter reporter rep
    representative researcher reviewer rigger roofer runner sailor salesman salesperson saleswoman scholar
    scientist scout seamstress secretary seller sergeant server setter shopper singer sitter solicitor
    soldier specialist sre steward stewardess stocker stylist subcontractor superintendent supervisor
    supplier surgeon surveyor surveyor tailor teacher technician technologist teller tester therapist trader
    trainee trainer translator treasurer tutor typist underwriter usher valet vendor vet veterinarian vicar
    videographer vp volunteer waiter waitress warden webmaster welder worker writer student praktikant
    werkstudent entwickler entwicklerin ingenieur ingenieurin leiter leiterin berater beraterin berater
    mitarbeiter mitarbeiterin kaufmann kauffrau développeur développeuse ingénieur ingénieure chef
    responsable directeur directrice consultante desarrollador desarrolladora ingeniero ingeniera director
    directora gerente analista sviluppatore ingegnere consulente stagista ontwikkelaar μηχανικός
    προγραμματιστής διευθυντής разработчик инженер менеджер программист аналитик директор специалист
    """.split()
)
#: How points of a body begin; no post and no employer does.
ACTIONS = frozenset(
    """
    accomplished achieved acted administered advised analyzed analysed answered applied arranged assessed
    assigned assisted assist attended audited awarded built calculated chaired coached collaborated collected
    communicated compiled completed composed conducted consulted contributed controlled coordinated created
    cultivated delivered demonstrated designed developed directed documented drove earned edited educated
    elected employed enabled engaged enhanced ensured established evaluated examined executed expanded
    facilitated fielded filed focused formulated founded gained generated greeted guided handled helped hired
    identified implemented improved increased initiated installed instructed interviewed introduced invented
    investigated launched led maintained managed maximized mentored met monitored negotiated observed obtained
    operated ordered organized organised oversaw participated partnered performed planned prepared presented
    prevented processed produced programmed promoted provided published purchased raised received recognized
    recommended recorded recruited reduced reported represented researched resolved responded responsible
    reviewed scheduled secured selected served serves set shipped sold solved spearheaded started streamlined
    supervised supported surpassed taught tested tracked trained transformed translated updated utilized
    verified volunteered was were worked working wrote manage maintain provide prepare develop perform
    conduct create ensure review answer process handle oversee plan train support coordinate
    """.split()
)
_LITTLE_WORDS = frozenset("a an the to with as for of in on by and all our their".split())
#: Head only where nothing follows them: "Sales", "Human Resources" are posts in some resumes.
_TITLE_TAILS = re.compile(
    r"\b(?:sales|human resources|customer service|management|operations|marketing|engineering|trainee "
    r"program|"
    r"front end|back end|full stack|support|qa|devops|consulting|accounting|intern\w*|design|coordination|"
    r"merchandising|reception|staff|personnel|crew|team member)\s*(?:[ivx]{1,3}|\d)?$",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"^(?:senior|sr|junior|jr|lead|head|chief|assistant|associate|vice|deputy|interim|acting|principal|staff|general|"
    r"regional|executive|certified|registered|licensed|graduate|part[- ]time|full[- ]time|freelance|self[- "
    r"]employed)\b",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"(?:\b(?:inc|incorporated|llc|l\.l\.c|ltd|limited|llp|lp|plc|corp|corporation|co|company|companies|gmbh|ag|kg|ohg|"
    r"s\.?a\.?r?\.?l?|s\.?p\.?a|s\.?r\.?l|b\.?v|n\.?v|oy|ab|as|a/s|pty|pvt|group|holdings?|partners|associates|enterprises?|"
    r"industries|solutions|systems|services|technologies|technology|labs?|laborator(?:y|ies)|consulting|consultants|"
    r"bank|insurance|hospital|clinic|medical center|health(?:care)?|university|college|school|schools|"
    r"institute|"
    r"academy|church|foundation|association|society|agency|department|ministry|bureau|council|city of|"
    r"county|state of|"
    r"district|government|army|navy|air force|marine corps|hotel|hotels|resort|restaurant|cafe|café|store|"
    r"stores|shop|"
    r"market|markets|media|studio|studios|entertainment|network|press|publishing|motors|airlines|airways|"
    r"airport|energy|electric|oil|pharma\w*|foods?|brands|international|global|worldwide|usa|"
    r"center|centre|club|library|museum|theat(?:er|re)|company name|self[- ]employed|freelance|ο\.?ε|α\.?ε|"
    r"ε\.?π\.?ε|"
    r"ооо|оао|зао|пао|банк|университет|компания|πανεπιστήμιο|εταιρεία|τράπεζα)\b\.?)",
    re.IGNORECASE,
)
_SCHOOL = re.compile(
    r"(?:universit\w*|college|institut\w*|school|academy|polytechnic\w*|hochschule|fachhochschule|gymnasium|"
    r"école|ecole|lycée|facult\w+|conservatory|seminary|campus|community college|universidad\w*|università|"
    r"universidade|escuela|instituto|universiteit|technikum|technion|\bISD\b|university of|\bUC\b|\bMIT\b|"
    r"πανεπιστήμι\w*|πολυτεχνεί\w*|"
    r"σχολή|τει|λύκειο|университет\w*|институт\w*|академи\w*|школа|колледж|education center|learning "
    r"cent(?:er|re)|"
    r"training cent(?:er|re))",
    re.IGNORECASE,
)
_FIELD_WORDS = frozenset(
    """business management administration accounting finance marketing economics science sciences arts art
   engineering
    technology computer information systems communication communications psychology nursing education
    history english literature biology chemistry physics mathematics math law political journalism media
    design
    graphic fine music theater theatre sociology criminal justice health public policy human resources
    resource
    hospitality culinary liberal general studies study international relations social work philosophy
    electrical
    mechanical civil industrial software networking graphics fashion interior architecture agriculture
    environmental medical medicine pharmacy kinesiology exercise sports nutrition leadership organizational
    applied
    electronics mass film photography animation advertising anthropology geography geology statistics
    mathematics theology religion linguistics spanish french german secondary elementary early childhood
    special
    counseling supervision operations logistics supply chain entrepreneurship sales banking taxation auditing
    programming web development networks security data analytics aviation automotive construction
    paralegal""".split()
)
_SUBJECT = re.compile(r"(?:ology|nomics|science|sciences|istry|graphy|metrics|matics|physics)$")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def begins_as_body(text: str) -> bool:
    """Whether a line opens with a verb of doing and goes on: "Managed a team of five"."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if len(words) <= 2 or words[0] not in ACTIONS:
        return False
    plain = len(words) <= 5 and not _LITTLE_WORDS & set(words)
    return not (plain and title_score(text) >= 0.9)  # "Working RF Systems Engineer"


def title_score(text: str) -> float:
    """How much a short phrase reads like a post: 0..1."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words or len(words) > 12:
        return 0.0
    heads = [i for i, word in enumerate(words) if word in _TITLE_HEADS or word.rstrip("s") in _TITLE_HEADS]
    if heads:
        return 0.95 if heads[-1] >= len(words) - 2 else 0.8
    if _TITLE_TAILS.search(text.strip()):
        return 0.55
    return 0.5 if _LEVEL.match(text) else 0.0


def company_score(text: str) -> float:
    """How much a short phrase reads like an employer: 0..1."""
    found = list(_COMPANY.finditer(text))
    if not found:
        return 0.0
    return 0.9 if found[-1].end() >= len(text.rstrip(" .,)")) - 1 else 0.7


def is_title_like(text: str) -> bool:
    return title_score(text) >= 0.5


def is_school(text: str) -> bool:
    return bool(_SCHOOL.search(text))


def school_spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _SCHOOL.finditer(text)]


def is_subject(token: str) -> bool:
    """Whether a word names a field of study."""
    word = token.strip(",&/").casefold()
    return word in _FIELD_WORDS or bool(_SUBJECT.search(word))
