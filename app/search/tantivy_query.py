"""Clauses and filters -> the embedded engine's queries, with an estimate of how many postings match."""

from __future__ import annotations

from dataclasses import dataclass, field

import tantivy
from tantivy import FieldType, Occur, Query

from app.search.engine import Clause, Filters, Request, Unit
from app.search.tantivy_schema import PARTS, PLAIN, REPOST, STEMMED, terms_of
from app.search.vocabulary import Vocabulary

#: Words that a beginning stands for: the most frequent ones.
MOST_ENDINGS = 50
CORRECTED_WEIGHT = 0.5
Part = tuple[Occur, Query]


@dataclass(slots=True)
class Built:
    """`at_most`: no more postings than these match the words. `lone_term`: the query is that one term.

    Where reposts are left out, `wide` is the query with them, and `reposts` how many there are in all.
    """

    query: Query
    at_most: int
    lone_term: str = ""
    corrections: list[tuple[str, str]] = field(default_factory=list)
    wide: Query | None = None
    reposts: int = 0


@dataclass(slots=True)
class Builder:
    schema: tantivy.Schema
    searcher: tantivy.Searcher
    vocabulary: Vocabulary
    corrections: list[tuple[str, str]] = field(default_factory=list)

    def build(self, request: Request) -> Built:
        parts: list[Part] = []
        at_most = self.searcher.num_docs
        alone = ""
        for clause in request.clauses:
            if clause.negative:
                continue
            query, count, term = self._clause(clause)
            parts.append((Occur.Must, query))
            at_most, alone = min(at_most, count), term
        filters = [(Occur.Must, Query.const_score_query(q, 0.0)) for q in self._filters(request.filters)]
        negative = [(Occur.MustNot, self._clause(c)[0]) for c in request.clauses if c.negative]
        if not parts:
            parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
        single = len(parts) == 1 and not filters and not negative
        query = parts[0][1] if single else Query.boolean_query([*parts, *filters, *negative])
        built = Built(query, at_most, alone if single else "", self.corrections)
        built.reposts = self.searcher.doc_freq("repost", REPOST) if request.collapse else 0
        if built.reposts:
            repost = Query.term_query(self.schema, "repost", REPOST)
            built.query = Query.boolean_query([*parts, *filters, *negative, (Occur.MustNot, repost)])
            built.wide = query
        return built

    def part_of(self, built: Built, parts: int) -> Query:
        """The same search in `parts` of the random parts of the market, without scores."""
        chosen = Query.term_set_query(self.schema, "part", list(range(parts)))
        both = [(Occur.Must, chosen), (Occur.Must, built.query)] if parts < PARTS else None
        return Query.const_score_query(Query.boolean_query(both) if both else built.query, 0.0)

    # -- words ---------------------------------------------------------------------------------------

    def _clause(self, clause: Clause) -> tuple[Query, int, str]:
        """(query, most postings it can match, its term if it is a single one)."""
        found = [self._unit(unit, correct=not clause.negative) for unit in clause.units]
        if len(found) == 1:
            return found[0]
        queries = [(Occur.Should, query) for query, _, _ in found]
        return Query.boolean_query(queries), sum(count for _, count, _ in found), ""

    def _unit(self, unit: Unit, *, correct: bool) -> tuple[Query, int, str]:
        if unit.kind == "prefix":
            return self._beginning(unit.words[0])
        if unit.kind == "all":
            found = [self._word(word, correct=correct) for word in unit.words]
            query = Query.boolean_query([(Occur.Must, query) for query, _, _ in found])
            return _weighted(query, unit.weight), min(count for _, count, _ in found), ""
        if unit.kind == "phrase":
            return self._phrase(" ".join(unit.words), unit.weight)
        query, count, term = self._word(unit.words[0], correct=correct and unit.weight == 1)
        return _weighted(query, unit.weight), count, term if unit.weight == 1 else ""

    def _phrase(self, text: str, weight: float = 1.0) -> tuple[Query, int, str]:
        terms = terms_of(STEMMED, text)
        if len(terms) < 2:
            return self._terms(terms, weight)
        count = min(self.searcher.doc_freq("all", term) for term in terms)
        if not count:
            return Query.empty_query(), 0, ""
        return _weighted(Query.phrase_query(self.schema, "all", list(terms)), weight), count, ""

    def _word(self, word: str, *, correct: bool) -> tuple[Query, int, str]:
        """The word, and where hardly anybody writes it so, what is probably meant."""
        terms = terms_of(STEMMED, word)
        if len(terms) != 1:
            return self._phrase(word)
        count = self.searcher.doc_freq("all", terms[0])
        plain = terms_of(PLAIN, word)[0]
        # a word in descriptions only is a word, too, if a few people write it
        readings = self.vocabulary.corrections(plain, count) if correct and count < 20 else []
        if not readings:
            return self._terms(terms)
        if not count:
            self.corrections.append((word, readings[0]))
        also = [terms_of(STEMMED, reading)[0] for reading in readings]
        queries = [(Occur.Should, self._term(terms[0]))]
        queries += [(Occur.Should, _weighted(self._term(term), CORRECTED_WEIGHT)) for term in set(also)]
        total = count + sum(self.searcher.doc_freq("all", term) for term in set(also))
        return Query.boolean_query(queries), total, ""

    def _beginning(self, text: str) -> tuple[Query, int, str]:
        """Every frequent word of titles, skills and companies that begins so, and every such stem."""
        pieces = terms_of(PLAIN, text)
        if not pieces:
            return Query.empty_query(), 0, ""
        ending = pieces[-1]
        words = [word for word, _ in self.searcher.terms_with_prefix("words", ending, limit=MOST_ENDINGS)]
        stems = [stem for stem, _ in self.searcher.terms_with_prefix("all", ending, limit=MOST_ENDINGS)]
        terms = list(dict.fromkeys([*(terms_of(STEMMED, word)[0] for word in words), *stems]))
        query, count, term = self._terms(terms)
        if len(pieces) == 1:
            return query, count, term
        before = [(Occur.Must, self._word(piece, correct=False)[0]) for piece in pieces[:-1]]
        return Query.boolean_query([*before, (Occur.Must, query)]), count, ""

    def _terms(self, terms: list[str], weight: float = 1.0) -> tuple[Query, int, str]:
        """Any of the terms."""
        count = sum(self.searcher.doc_freq("all", term) for term in terms)
        if not count:
            return Query.empty_query(), 0, ""
        if len(terms) == 1:
            return _weighted(self._term(terms[0]), weight), count, terms[0] if weight == 1 else ""
        union = Query.boolean_query([(Occur.Should, self._term(term)) for term in terms])
        return _weighted(union, weight), count, ""

    def _term(self, term: str) -> Query:
        return Query.term_query(self.schema, "all", term, index_option="freq")

    # -- filters -------------------------------------------------------------------------------------

    def _filters(self, filters: Filters) -> list[Query]:
        found = [
            self._one_of("job_type", filters.job_types),
            self._one_of("remote", filters.remote),
            self._one_of("company", (filters.company,) if filters.company else ()),
            self._between("salary_high", filters.salary_min, None),
            self._between("salary_low", None, filters.salary_max),
            self._between("posted", filters.posted_after, filters.posted_until),
            *(self._one_of("skill", (skill.lower(),)) for skill in filters.skills),
        ]
        if filters.place is not None:
            found.append(self._place(filters.place.text, filters.place.keys))
        if filters.ids is not None:
            ids = Query.term_set_query(self.schema, "id", list(filters.ids))
            found.append(ids if filters.ids else Query.empty_query())
        return [query for query in found if query is not None]

    def _one_of(self, name: str, values: tuple[str, ...]) -> Query | None:
        if len(values) == 1:
            return Query.term_query(self.schema, name, values[0], index_option="basic")
        return Query.term_set_query(self.schema, name, list(values)) if values else None

    def _between(self, name: str, low: int | None, high: int | None) -> Query | None:
        if low is None and high is None:
            return None
        return Query.range_query(self.schema, name, FieldType.Unsigned, low, high)

    def _place(self, text: str, keys: frozenset[str]) -> Query:
        """In one of the places, or a location that reads so: "Greater Boston", "NYC or anywhere"."""
        words = terms_of(PLAIN, text)
        ways: list[Query] = []
        if keys:
            ways.append(Query.term_set_query(self.schema, "place", sorted(keys)))
        if len(words) == 1:
            ways.append(Query.term_query(self.schema, "location", words[0], index_option="basic"))
        elif words:
            ways.append(Query.phrase_query(self.schema, "location", list(words)))
        if not ways:
            return Query.empty_query()
        return Query.boolean_query([(Occur.Should, way) for way in ways]) if len(ways) > 1 else ways[0]


def before(query: Query, schema: tantivy.Schema, name: str, key: int) -> Query:
    """What comes after a posting with this key when sorted by it, descending."""
    rest = Query.range_query(schema, name, FieldType.Unsigned, None, key, include_upper=False)
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, rest)])


def _weighted(query: Query, weight: float) -> Query:
    return query if weight == 1 else Query.boost_query(query, weight)
