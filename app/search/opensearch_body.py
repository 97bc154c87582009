"""The JSON that OpenSearch is asked with: mapping, documents, queries."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from app.search.engine import (
    MAX_COUNT,
    SALARY_BANDS,
    Clause,
    Facet,
    Filters,
    Order,
    Posting,
    Request,
    Unit,
    date_key,
    salary_key,
)
from app.search.tantivy_schema import MAX_DESCRIPTION, SKILL_WEIGHT, TITLE_WEIGHT, tails
from app.search.vocabulary import MOST, SHORTEST, TWO_FROM

Json = dict[str, Any]
CORRECTED_WEIGHT = 0.5
MOST_BUCKETS = 15
FIELDS = (f"title^{TITLE_WEIGHT}", f"skills^{SKILL_WEIGHT}", "company", "description")
FACETS: dict[Facet, str] = {
    "job_type": "job_type",
    "remote": "remote",
    "skills": "skill",
    "company": "company_slug",
    "country": "country",
}
ORDERS: dict[Order, list[Json]] = {
    "relevance": [{"_score": "desc"}, {"id": "desc"}],
    "date": [{"date_key": "desc"}],
    "salary": [{"salary_key": "desc"}],
}
#: Letters and digits; of the signs only those that are part of a language's name.
PATTERN = r"(?i)[cfj](?:\+\+|#)|[\p{L}\p{N}]+"
_SPECIAL = re.compile(r'([.?+*|{}\[\]()"\\#@&<>~^$-])')


def index_body() -> Json:
    """Settings and mapping of a new index; it does not refresh until it is finished."""
    text = {"type": "text", "analyzer": "stemmed"}
    keyword, number = {"type": "keyword"}, {"type": "long"}
    keywords = (
        "place",
        "title_tail",
        "company_name",
        "job_type",
        "remote",
        "skill",
        "company_slug",
        "country",
    )
    numbers = ("id", "posted", "date_key", "salary_key", "salary_low", "salary_high")
    steps = ["lowercase", "asciifolding"]
    return {
        "settings": {
            "refresh_interval": "-1",
            "analysis": {
                "tokenizer": {"names": {"type": "pattern", "pattern": PATTERN, "group": 0}},
                "filter": {"english": {"type": "stemmer", "language": "english"}},
                "analyzer": {
                    "stemmed": {"type": "custom", "tokenizer": "names", "filter": [*steps, "english"]},
                    "plain": {"type": "custom", "tokenizer": "names", "filter": steps},
                },
            },
        },
        "mappings": {
            "dynamic": "strict",
            "_source": {"enabled": False},
            "properties": {
                **{name: {**text, "copy_to": "words"} for name in ("title", "skills", "company")},
                "description": text,
                **{name: {"type": "text", "analyzer": "plain"} for name in ("words", "location")},
                **dict.fromkeys(keywords, keyword),
                **dict.fromkeys(numbers, number),
                "repost": {"type": "boolean"},
            },
        },
    }


def document(posting: Posting) -> Json:
    low = posting.salary_low if posting.salary_low is not None else posting.salary_high
    high = posting.salary_high if posting.salary_high is not None else posting.salary_low
    found: Json = {
        "id": posting.id,
        "title": posting.title,
        "skills": list(posting.skills),
        "company": posting.company,
        "description": posting.description[:MAX_DESCRIPTION],
        "location": posting.location,
        "place": list(posting.places),
        "skill": list(dict.fromkeys(skill.lower() for skill in posting.skills)),
        "title_tail": tails(posting.title),
        "company_name": posting.company.lower(),
        "company_slug": posting.company_slug,
        "job_type": posting.job_type,
        "remote": posting.remote,
        "country": posting.country,
        "posted": posting.posted,
        "date_key": date_key(posting),
        "salary_key": salary_key(posting),
        "repost": posting.repost,
    }
    return found if low is None else found | {"salary_low": low, "salary_high": high}


def search_body(request: Request, corrections: tuple[tuple[str, str], ...] = ()) -> Json:
    """`corrections` are looked for as well; without them, they are asked for."""
    must = [_clause(clause, dict(corrections)) for clause in request.clauses if not clause.negative]
    refused = [_clause(clause, {}) for clause in request.clauses if clause.negative]
    if request.collapse:
        refused.append({"term": {"repost": True}})
    filters = _filters(request.filters)
    if request.after is not None:
        key = "salary_key" if request.order == "salary" else "date_key"
        filters.append({"range": {key: {"lt": request.after}}})
    body: Json = {
        "query": {"bool": {"must": must, "must_not": refused, "filter": filters}},
        "from": request.offset,
        "size": request.limit,
        "sort": ORDERS[request.order],
        "track_total_hits": MAX_COUNT + 1 if request.count else False,
        "docvalue_fields": ["id"],
        "_source": False,
    }
    if request.facets:
        body["aggs"] = {name: _aggregation(name) for name in request.facets}
    words = [] if corrections else _correctable(request)
    if words:
        body["suggest"] = {str(number): _suggester(word) for number, word in enumerate(words)}
    return body


def _correctable(request: Request) -> list[str]:
    return [
        clause.units[0].words[0]
        for clause in request.clauses
        if not clause.negative
        and clause.units[0].kind == "word"
        and len(clause.units[0].words[0]) >= SHORTEST
        and clause.units[0].words[0].isalpha()
    ]


def _suggester(word: str) -> Json:
    """Only of words that no posting's title, skills or company has."""
    edits = 2 if len(word) >= TWO_FROM else 1
    term = {"field": "words", "suggest_mode": "missing", "max_edits": edits, "size": MOST}
    return {"text": word, "term": term | {"prefix_length": 0, "min_word_length": SHORTEST}}


def _clause(clause: Clause, corrections: dict[str, str]) -> Json:
    units = list(clause.units)
    first = units[0]
    if first.kind == "word" and first.words[0] in corrections:
        units.append(replace(first, words=(corrections[first.words[0]],), weight=CORRECTED_WEIGHT))
    ways = [_unit(unit) for unit in units]
    return ways[0] if len(ways) == 1 else {"bool": {"should": ways, "minimum_should_match": 1}}


def _unit(unit: Unit) -> Json:
    text = " ".join(unit.words)
    match: Json = {"query": text, "fields": list(FIELDS), "boost": unit.weight}
    if unit.kind == "prefix":
        return {"multi_match": match | {"type": "phrase_prefix", "max_expansions": 50}}
    if unit.kind == "all":
        return {"multi_match": match | {"type": "cross_fields", "operator": "and"}}
    # a word that the index takes apart ("node.js") is a phrase there
    return {"multi_match": match | {"type": "phrase"}}


def _filters(filters: Filters) -> list[Json]:
    found: list[Json] = []
    for name, values in (("job_type", filters.job_types), ("remote", filters.remote)):
        if values:
            found.append({"terms": {name: list(values)}})
    if filters.company:
        found.append({"term": {"company_slug": filters.company}})
    found += [{"term": {"skill": skill.lower()}} for skill in filters.skills]
    if filters.salary_min is not None:
        found.append({"range": {"salary_high": {"gte": filters.salary_min}}})
    if filters.salary_max is not None:
        found.append({"range": {"salary_low": {"lte": filters.salary_max}}})
    posted = {"gte": filters.posted_after, "lte": filters.posted_until}
    if stated := {name: value for name, value in posted.items() if value is not None}:
        found.append({"range": {"posted": stated}})
    if filters.ids is not None:
        found.append({"terms": {"id": list(filters.ids)}})
    if filters.place is not None:
        keys: list[Json] = [{"terms": {"place": sorted(filters.place.keys)}}] if filters.place.keys else []
        ways = [*keys, {"match_phrase": {"location": filters.place.text}}]
        found.append({"bool": {"should": ways, "minimum_should_match": 1}})
    return found


def _aggregation(name: Facet) -> Json:
    if name == "salary":
        ends: list[int | None] = [*SALARY_BANDS[1:], None]
        bands = [
            {"from": low} | ({"to": high} if high is not None else {})
            for low, high in zip(SALARY_BANDS, ends, strict=True)
        ]
        return {"range": {"field": "salary_high", "ranges": bands}}
    return {"terms": {"field": FACETS[name], "size": MOST_BUCKETS}}


def suggest_body(begun: str, fields: tuple[str, ...], limit: int) -> Json:
    """Counts of the values that begin so: of many values of a posting only those."""
    pattern = _SPECIAL.sub(r"\\\1", begun) + ".*"
    return {
        "size": 0,
        "query": {"bool": {"should": [{"prefix": {name: begun}} for name in fields]}},
        "aggs": {name: {"terms": {"field": name, "include": pattern, "size": limit}} for name in fields},
    }
