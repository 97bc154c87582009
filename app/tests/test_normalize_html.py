"""Markup to text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.ingestion.normalize.html import clean_html, clean_text, tidy_paragraphs

TAGS = ("p", "b", "ul", "li", "div", "span", "pre", "code", "a", "h2", "script", "style", "table", "i")
WORD = st.text(alphabet="abcdefghij äöü&;<", min_size=1, max_size=8).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
)


@st.composite
def markup(draw: st.DrawFn) -> str:
    pieces = st.one_of(
        WORD,
        st.sampled_from(TAGS).map(lambda tag: f"<{tag}>"),
        st.sampled_from(TAGS).map(lambda tag: f"</{tag}>"),
        st.just("<br/>"),
    )
    return "".join(draw(st.lists(pieces, max_size=15)))


@settings(deadline=None)
@given(markup())
def test_no_tag_is_left(text: str) -> None:
    cleaned = clean_html(text)
    assert not any(f"<{tag}>" in cleaned or f"</{tag}>" in cleaned for tag in TAGS)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_cleaned_and_tidying_again_changes_nothing(text: str) -> None:
    for cleaned in (clean_html(text), clean_html(text, keep_newlines=True), clean_text(text)):
        assert tidy_paragraphs(cleaned) == cleaned
        assert "\x00" not in cleaned
        cleaned.encode("utf-8")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_tidying_is_idempotent(text: str) -> None:
    assert tidy_paragraphs(tidy_paragraphs(text)) == tidy_paragraphs(text)


def test_paragraphs_items_and_breaks() -> None:
    text = clean_html("<h2>Jobs</h2><p>One\n two</p><ul><li>a</li><li>b</li></ul>c<br>d")
    assert text == "Jobs\n\nOne two\n\na\nb\n\nc\nd"


def test_a_newline_counts_where_writers_use_it() -> None:
    assert clean_html("a\nb") == "a b"
    assert clean_html("a\nb", keep_newlines=True) == "a\nb"
    assert clean_html("<pre>  x\n  y</pre>") == "x\ny"


def test_entities_are_decoded_once() -> None:
    assert clean_html("R&amp;D &amp;lt;b&amp;gt; caf&eacute;") == "R&D &lt;b&gt; café"


def test_what_is_not_shown_is_dropped() -> None:
    assert clean_html("<style>p{}</style>a<script>alert(1)</script>b<!-- c -->") == "ab"


def test_a_shortened_link_is_written_in_full() -> None:
    link = '<a href="https://jobs.example/apply/a-long-one">https://jobs.example/app...</a>'
    assert clean_html(f"Apply: {link}") == "Apply: https://jobs.example/apply/a-long-one"
    assert clean_html('<a href="https://jobs.example">our page</a>') == "our page"


def test_plain_text_keeps_its_signs() -> None:
    assert clean_text("C++ <T> & x < y\n\n\n\nmore") == "C++ <T> & x < y\n\nmore"
    assert clean_text("a<br>b") == "a\nb"
