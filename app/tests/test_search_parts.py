"""The parts of search that need neither index nor database."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInputError
from app.search import cursor as cursors
from app.search import places, query
from app.search.currency import PER_DOLLAR, annual_dollars
from app.search.empty import Advice
from app.search.engine import Clause, Hit, Posting, Unit, date_key, salary_key
from app.search.index_files import IndexFiles
from app.search.provider import index_at, search_at
from app.search.schemas import JobFilters, JobQuery
from app.search.synonyms import synonyms
from app.search.tantivy_schema import PLAIN, STEMMED, tails, terms_of
from app.search.vocabulary import Vocabulary, edit_distance
from features.tabular import USD

# -- what people type --------------------------------------------------------------------------------


def word(text: str) -> Clause:
    return Clause((Unit("word", (text,)),))


@pytest.mark.parametrize(
    ("typed", "clauses"),
    [
        ("", ()),
        ("Nurse", (word("nurse"),)),
        ("nurse, (night)!", (word("nurse"), word("night"))),
        ("c++ c# .net node.js", (word("c++"), word("c#"), word(".net"), word("node.js"))),
        ('"care for" people', (Clause((Unit("phrase", ("care", "for")),)), word("people"))),
        ('"one"', (word("one"),)),
        ('"never closed', (Clause((Unit("phrase", ("never", "closed")),)),)),
        ("-night", (Clause((Unit("word", ("night",)),), negative=True),)),
        ("night-shift", (word("night-shift"),)),
        ("data*", (Clause((Unit("prefix", ("data",)),)),)),
        ("x or y", (Clause((Unit("word", ("x",)), Unit("word", ("y",)))),)),
        ("or x or", (word("x"),)),
        ("x or -y", (word("x"), Clause((Unit("word", ("y",)),), negative=True))),
        ("the nurse in the house", (word("nurse"), word("house"))),
        ("the in", (word("the"), word("in"))),
        ("it support", (word("it"), word("support"))),
        ('*** --- "" "-"', ()),
    ],
)
def test_what_is_typed_becomes_clauses(typed: str, clauses: tuple[Clause, ...]) -> None:
    assert query.parse(typed) == clauses


@given(st.text(max_size=300))
def test_anything_can_be_typed(typed: str) -> None:
    clauses = synonyms().expand(query.parse(typed))
    assert len(clauses) <= query.MAX_PARTS
    for clause in clauses:
        assert clause.units
        assert all(all(unit.words) for unit in clause.units)


def test_what_is_dear_is_limited() -> None:
    def kinds(typed: str) -> list[str]:
        return [unit.kind for clause in query.parse(typed) for unit in clause.units]

    assert kinds(" ".join(f'"go {n}"' for n in range(6))) == ["phrase"] * 3 + ["all"] * 3
    assert kinds(" or ".join(f"go{n}*" for n in range(6))) == ["prefix"] * 3 + ["word"] * 3
    assert kinds("g* go*") == ["word", "prefix"]
    assert len(kinds(" ".join(f"w{n}" for n in range(99)))) == query.MAX_PARTS
    assert len(kinds(" or ".join(f"w{n}" for n in range(99)))) == query.MAX_PARTS


def test_names_are_found_by_their_other_names_as_a_whole() -> None:
    def ways(typed: str) -> list[list[str]]:
        clauses = synonyms().expand(query.parse(typed))
        return [[" ".join(unit.words) for unit in clause.units] for clause in clauses]

    assert ways("senior js developer") == [["senior"], ["js", "javascript"], ["developer"]]
    assert ways("k8s") == [["k8s", "kubernetes"]]
    assert ways("machine learning intern")[0][:2] == ["machine learning", "ml"]
    assert ways("learning") == [["learning"]]
    assert ways("-js")[0] == ["js", "javascript"]
    assert ways("js*") == [["js"]]


def test_a_missing_taxonomy_means_no_synonyms(tmp_path: Path) -> None:
    assert synonyms(tmp_path).expand((word("js"),)) == (word("js"),)


# -- mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("nurse", "nurse", 0),
        ("nruse", "nurse", 1),
        ("nurs", "nurse", 1),
        ("nursse", "nurse", 1),
        ("purse", "nurse", 1),
        ("devloper", "developer", 1),
        ("deevlopre", "developer", 2),
        ("abcd", "badc", 2),
        ("abcdef", "fedcba", 3),
        ("a", "abcd", 3),
    ],
)
def test_distances(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other, 2) == edit_distance(other, one, 2) == distance


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_a_distance_is_symmetric_and_zero_only_for_the_same(one: str, other: str) -> None:
    distance = edit_distance(one, other, 2)
    assert distance == edit_distance(other, one, 2)
    assert (distance == 0) == (one == other)


def test_corrections_are_near_frequent_and_only_for_words_nobody_writes() -> None:
    vocabulary = Vocabulary([("nurse", 90), ("purse", 5), ("nurses", 40), ("developer", 70), ("go", 9)])
    assert vocabulary.corrections("nruse", 0) == ["nurse"]
    assert vocabulary.corrections("urse", 0) == ["nurse", "purse"]
    assert vocabulary.corrections("devolepr", 0) == []
    assert vocabulary.corrections("develpoor", 0) == ["developer"]
    assert vocabulary.corrections("gp", 0) == []
    assert vocabulary.corrections("nurse", 90) == []
    assert vocabulary.corrections("nurze", 2) == []  # two people write so, and 90 is not 100 times that
    assert vocabulary.corrections("nurze", 1) == ["nurse"]
    assert vocabulary.corrections("nur5e", 0) == []


def test_the_whole_query_is_corrected_where_it_is_wrong() -> None:
    advice = Advice((("pyhton", "python"), ("c", "d")))
    assert advice.did_you_mean("Senior PYHTON, pyhtons") == "Senior python, pyhtons"
    assert Advice().did_you_mean("python") is None


# -- words as the index has them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Developers", ["develop"]),
        ("C++ and C#!", ["cplusplus", "and", "csharp"]),
        ("c++17", ["cplusplus", "17"]),
        ("abc++ a#b", ["abc", "a", "b"]),
        ("Zürich Café", ["zurich", "cafe"]),
        ("node.js", ["node", "js"]),
        ("x" * 100, []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert terms_of(STEMMED, text) == terms


def test_plain_words_keep_their_endings() -> None:
    assert terms_of(PLAIN, "Developers in C++") == ["developers", "in", "cplusplus"]


def test_ends_of_titles() -> None:
    assert tails("Senior Data  Engineer") == ["senior data engineer", "data engineer", "engineer"]
    assert tails("(m/f) Cook") == ["cook"]
    assert tails("x" * 100) == []


# -- money and places --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "interval", "dollars"),
    [
        (100_000, "USD", "year", 100_000),
        (100_000, "", "year", 100_000),
        (50, "USD", "hour", 104_000),
        (1_000, "USD", "week", 52_000),
        (5_000, "EUR", "month", 64_935),
        (400, "GBP", "day", 132_822),
        (10_000_000, "JPY", "year", 66_071),
        (None, "USD", "year", None),
        (1, "XYZ", "year", None),
        (10**9, "USD", "hour", 2_000_000_000),
    ],
)
def test_salaries_in_one_currency(
    amount: float | None, currency: str, interval: str, dollars: int | None
) -> None:
    assert annual_dollars(amount, currency, interval) == dollars


def test_the_models_table_of_currencies_says_much_the_same() -> None:
    assert {code: 1 / PER_DOLLAR[code] for code in USD} == pytest.approx(USD, rel=0.12)


def test_a_circle_reaches_over_borders_and_not_further() -> None:
    keys = places.near("Basel, Switzerland", 15).keys
    assert {"ch//basel", "de//lorrach"} <= keys
    assert "ch//zurich" not in keys
    assert places.near("basel", 15).keys == keys
    assert {"ch//zurich"} <= places.near("Basel, Switzerland", 90).keys
    assert places.near("Germany", 15).keys == {"de"}
    assert places.near("California", 15).keys == {"us/ca"}
    assert places.near("Atlantis", 15).keys == frozenset()


def test_across_the_date_line() -> None:
    suva = places.City(-18.1, 178.4, "suva")
    apia = places.City(-13.8, -171.8, "apia")
    assert 1_100 < places.distance_km(suva, apia) < 1_200


def test_a_location_may_name_several_places() -> None:
    keys = places.keys_in("Austin, TX or Berlin, Germany")
    assert {"us", "us/tx", "us/tx/austin", "de", "de//berlin"} <= set(keys)
    assert places.keys_in("Remote") == ()


# -- keys and cursors --------------------------------------------------------------------------------


def posting(job_id: int, posted: int = 0, low: int | None = None, high: int | None = None) -> Posting:
    return Posting(job_id, "", "", "", (), "", "", (), "", "", "", low, high, posted)


def test_keys_sort_as_people_would() -> None:
    assert date_key(posting(1, 200)) > date_key(posting(2, 100)) > date_key(posting(1, 100))
    assert (
        salary_key(posting(1, high=10))
        > salary_key(posting(2, low=9))
        > salary_key(posting(3, low=0, high=0))
    )
    assert salary_key(posting(3, low=0)) > salary_key(posting(2)) > salary_key(posting(1))
    assert date_key(posting(2**31 - 1, 2**40)) < 2**63


def score(job_id: int) -> float:
    """Newcomers, from 100 on, are better than all the others."""
    return 1000.0 + job_id if job_id > 100 else 100.0 - job_id


def walk(
    rankings: list[list[int]], limit: int, score_of: Callable[[int, int], float] = lambda turn, i: score(i)
) -> list[int]:
    """Pages by cursor while the ranking changes from one list to the next."""
    filters, seen = JobFilters(q="x"), list(rankings[0][:limit])
    hits = [Hit(i, score_of(0, i)) for i in rankings[0][:limit]]
    text = cursors.following(filters, 1, 0, hits)
    for turn, ranking in enumerate(rankings[1:], 1):
        cursor = cursors.read(text, filters)
        window = cursors.window(cursor, limit)
        stretch = ranking[window.offset : window.offset + window.limit]
        shown = [Hit(i, score_of(turn, i)) for i in stretch]
        resumed = cursors.resume(cursor, window.offset, shown, limit)
        seen += [hit.id for hit in resumed.hits]
        if not resumed.hits:
            break
        text = cursors.following(filters, cursor.n, resumed.before, resumed.hits, resumed)
    return seen


def test_a_cursor_survives_what_comes_and_goes() -> None:
    before = list(range(1, 13))
    assert walk([before] * 4, 3) == before
    newcomers = [102, 101, *before]
    assert walk([before, newcomers, newcomers, newcomers], 3) == before
    gone = [i for i in before if i not in (2, 3, 7)]
    assert walk([before, gone, gone, gone], 3) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
    assert walk([before, before[3:], before[3:], before[3:]], 3) == before  # the whole page is gone


def test_a_cursor_goes_through_equals_in_whatever_order_they_are_today() -> None:
    rng = random.Random(3)
    equals = list(range(200, 260))
    orders = [rng.sample(equals, len(equals)) for _ in range(14)]
    # all scores move a little each time, as they do when postings come
    found = walk(
        [[1, *order, 2] for order in orders],
        5,
        lambda turn, i: (2 if i == 1 else 0 if i == 2 else 1) + turn / 100,
    )
    assert (found[0], found[-1]) == (1, 2)
    assert sorted(found[1:-1]) == equals


@pytest.mark.parametrize("text", ["", "x", "e30", "!!!!", "bnVsbA", "WzEsMl0", "eyJmIjoxfQ"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        cursors.read(text, JobFilters())


def test_a_cursor_keeps_every_digit_and_its_search() -> None:
    key = date_key(posting(123_456_789, 1_767_225_600))
    text = cursors.following(JobFilters(q="x"), 1, 0, [Hit(1, key)])
    assert cursors.read(text, JobFilters(q="x")).k == key
    assert cursors.read(text, JobQuery(q="x", limit=7)).n == 2
    with pytest.raises(InvalidInputError):
        cursors.read(text, JobFilters(q="y"))


# -- files and settings ------------------------------------------------------------------------------


def test_only_indexes_are_swept(tmp_path: Path) -> None:
    files = IndexFiles(tmp_path / "search")
    files.sweep(())  # nothing there yet
    for name in ("index-aaaaaaaa", "index-bbbbbbbb"):
        files.create(name)
    (files.root / "something-else").mkdir()
    files.publish("index-aaaaaaaa")
    files.sweep({"index-aaaaaaaa"})
    assert sorted(path.name for path in files.root.iterdir()) == [
        "CURRENT",
        "index-aaaaaaaa",
        "something-else",
    ]
    assert files.live() == "index-aaaaaaaa"


@pytest.mark.parametrize("url", ["", "tantivy", "solr:x", "opensearch://x/y"])
def test_an_unknown_engine_is_refused(url: str) -> None:
    for make in (search_at, index_at):
        with pytest.raises(ValueError, match="SEARCH_URL"):
            make(url)
