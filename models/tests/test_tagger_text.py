from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoder import default_source
from models.tagger_text import MAX_WORD_PIECES, PieceReader, read_segments, shapes, windows


@lru_cache(1)
def _reader() -> PieceReader:
    return PieceReader(default_source() / "tokenizer.json")


def texts(text: str) -> list[list[str]]:
    return [[w.text for w in s] for s in read_segments(text)]


def surfaces(text: str) -> list[str]:
    return [text[w.start : w.end] for s in read_segments(text) for w in s]


def test_lines_and_sentences_are_segments() -> None:
    text = "We use C++, C# and Node.js. You lead a team!\n\n• Skills: .NET (e.g. F#)"
    assert texts(text) == [
        ["We", "use", "C++", "C#", "and", "Node.js", "."],
        ["You", "lead", "a", "team!"],
        ["•", "Skills:", ".NET", "(", "e.g", ".", "F#", ")"],
    ]


def test_positions_leave_out_punctuation_but_keep_what_belongs_to_a_name() -> None:
    assert surfaces('"Docker"; .NET, C++; (Go) 50% ... naïve!') == [
        *['"', "Docker", '"', ";", ".NET", "C++", "(", "Go", ")", "50", "...", "naïve"]
    ]


def test_a_comma_is_no_word_but_is_remembered() -> None:
    (words,) = read_segments("Python, SQL and Spark,Kafka")
    assert [(w.text, w.after_comma) for w in words] == [
        ("Python", False),
        ("SQL", True),
        ("and", False),
        ("Spark", False),
        ("Kafka", True),
    ]


@given(st.text(max_size=80))
def test_words_lie_in_the_text_in_order(text: str) -> None:
    words = [w for s in read_segments(text) for w in s]
    assert all(0 <= w.start < w.end <= len(text) for w in words)
    assert all(text[w.start : w.end] in w.text for w in words)
    assert all(a.end <= b.start for a, b in pairwise(words))
    letters = {c for c in text if c.isalnum()}
    assert letters <= {c for w in words for c in w.text}


def test_letter_shapes() -> None:
    assert shapes(["Python", "Python", "SQL", "sql", "macOS", "S3", "42", "&"]) == [2, 3, 4, 1, 7, 5, 6, 0]


@settings(max_examples=50)
@given(st.lists(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4), max_size=4))
def test_every_word_has_a_first_piece(segments: list[list[str]]) -> None:
    pieces = _reader().read(segments)
    assert len(pieces.first) == sum(map(len, segments))
    assert (np.diff(pieces.first) > 0).all()
    assert int((pieces.ids == _reader().sep).sum()) == len(segments)
    assert not len(pieces.first) or pieces.first[-1] < len(pieces.ids) - 1


def test_what_the_tokenizer_drops_is_unknown_and_noise_is_cut() -> None:
    pieces = _reader().read([["\u200d", "a/" * 90]])
    assert pieces.ids[0] == _reader().unknown
    assert len(pieces.ids) == 1 + MAX_WORD_PIECES + 1


@given(st.integers(0, 2_000), st.integers(1, 60), st.integers(1, 60))
def test_every_piece_is_owned_by_one_window_that_reads_it(n: int, size: int, step: int) -> None:
    plan = windows(n, size, min(step, size))
    owned = [at for w in plan for at in range(w.own, w.own_stop)]
    assert owned == list(range(n))
    assert all(w.start <= w.own and w.own_stop <= w.stop <= w.start + size for w in plan)


def test_a_piece_is_read_far_from_an_edge() -> None:
    for w in windows(1_000)[1:-1]:
        assert w.own - w.start == w.stop - w.own_stop == 21
