"""The shape of the embedded index, and how text becomes terms.

All text of a posting is one field, `all`, in which a title is said four times and a skill twice: BM25 over
it is BM25F with those field weights (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple
weighted fields", CIKM 2004). One field instead of four also means one list of postings a term, which is
what makes finding the best few fast. Values of one field are apart, so no phrase runs from one to the next.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import tantivy

from app.search.engine import IndexBrokenError, Posting, date_key, salary_key

#: Raised when the meaning of the fields changes: an index of another version is rebuilt.
VERSION = 4
TITLE_WEIGHT, SKILL_WEIGHT = 4, 2
#: Characters of a description that are indexed; real ones are shorter.
MAX_DESCRIPTION = 20_000
#: Each posting belongs to one of so many random parts of the market; broad searches count in a few.
PARTS = 64
#: Signs that are part of a language's name; between all others words end.
_SIGNS = re.compile(r"(?<![^\W_])([cfj])(\+\+|#)", re.IGNORECASE)
_SPELLED = {"++": "plusplus ", "#": "sharp "}
LONGEST_TERM = 60
STEMMED, PLAIN = "stemmed", "plain"
#: Ends of a title offered while typing: "senior data engineer" also counts for "data engineer".
MAX_TAILS = 4
LONGEST_SUGGESTION = 80
#: The one value of the field `repost`; postings that stand for themselves have none.
REPOST = 1


def schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # signed: this version of the library deletes by no unsigned term
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_text_field("all", tokenizer_name=STEMMED)
    builder.add_text_field("words", tokenizer_name=PLAIN, index_option="basic")
    builder.add_text_field("location", tokenizer_name=PLAIN)
    for name in ("place", "title_tail", "company_name"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("job_type", "remote", "skill", "company", "country"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("posted", "date_key", "salary_key", "salary_low", "salary_high"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_integer_field("part", indexed=True)
    builder.add_integer_field("repost", indexed=True, fast=True)
    return builder.build()


@lru_cache(maxsize=2)
def analyzer(name: str) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(LONGEST_TERM))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    if name == STEMMED:
        builder = builder.filter(tantivy.Filter.stemmer("english"))
    return builder.build()


def terms_of(name: str, text: str) -> list[str]:
    """As they are in the index."""
    return list(analyzer(name).analyze(spelled(text)))


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Raises IndexBrokenError for whatever the library says about files it cannot make sense of: its errors,
    and where it did not expect any, the panic of its Rust code (which Python has no importable name for)."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise IndexBrokenError(f"{doing}: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise IndexBrokenError(f"{doing}: {error}") from None


def spelled(text: str) -> str:
    """ "C++" and "C#" in letters: the engine's tokenizer that knows signs is half as fast as the one that
    does not."""
    if "+" not in text and "#" not in text:
        return text
    return _SIGNS.sub(lambda found: found[1] + _SPELLED[found[2]], text)


def register(index: tantivy.Index) -> tantivy.Index:
    for name in (STEMMED, PLAIN):
        index.register_tokenizer(name, analyzer(name))
    return index


def document(posting: Posting) -> tantivy.Document:
    made = tantivy.Document()
    made.add_integer("id", posting.id)
    title, skills = spelled(posting.title), spelled(" . ".join(posting.skills))
    for text, times in ((title, TITLE_WEIGHT), (skills, SKILL_WEIGHT)):
        for _ in range(times):
            made.add_text("all", text)
        made.add_text("words", text)
    made.add_text("all", posting.company)
    made.add_text("words", posting.company)
    made.add_text("all", spelled(posting.description[:MAX_DESCRIPTION]))
    made.add_text("location", posting.location)
    _add_raw(made, posting)
    _add_numbers(made, posting)
    return made


def _add_raw(made: tantivy.Document, posting: Posting) -> None:
    for place in posting.places:
        made.add_text("place", place)
    for skill in dict.fromkeys(skill.lower() for skill in posting.skills):
        made.add_text("skill", skill)
    for tail in tails(posting.title):
        made.add_text("title_tail", tail)
    made.add_text("company_name", posting.company.lower()[:LONGEST_SUGGESTION])
    made.add_text("company", posting.company_slug)
    made.add_text("job_type", posting.job_type)
    made.add_text("remote", posting.remote)
    if posting.country:
        made.add_text("country", posting.country)
    if posting.repost:
        made.add_integer("repost", REPOST)


def _add_numbers(made: tantivy.Document, posting: Posting) -> None:
    made.add_unsigned("posted", max(posting.posted, 0))
    made.add_unsigned("date_key", date_key(posting))
    made.add_unsigned("salary_key", salary_key(posting))
    low = posting.salary_low if posting.salary_low is not None else posting.salary_high
    high = posting.salary_high if posting.salary_high is not None else posting.salary_low
    if low is not None and high is not None:
        made.add_unsigned("salary_low", low)
        made.add_unsigned("salary_high", high)
    made.add_integer("part", part_of(posting.id))


def part_of(job_id: int) -> int:
    """By a hash, so that neighbours in time fall into different parts."""
    return hashlib.blake2b(job_id.to_bytes(8, "little", signed=True), digest_size=1).digest()[0] % PARTS


def tails(title: str) -> list[str]:
    """The title and its ends, folded: what somebody may begin to type."""
    words = title.lower().split()
    ends = (" ".join(words[start:]) for start in range(min(len(words), MAX_TAILS)))
    return [end for end in ends if len(end) <= LONGEST_SUGGESTION and end[:1].isalnum()]
