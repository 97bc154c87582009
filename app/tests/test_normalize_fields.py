"""Single-line fields and dates: what each normaliser promises for every text, and examples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ingestion.normalize.company import clean_company, company_in_text, company_of_domain
from app.ingestion.normalize.dates import parse_date
from app.ingestion.normalize.job_type import job_type_in_prose, job_type_of, offers_internship
from app.ingestion.normalize.location import prose_place, split_location, tidy_location
from app.ingestion.normalize.remote import remote_in_posting, remote_name, remote_of
from app.ingestion.normalize.title import MAX_TITLE, clean_title, title_in_text
from app.ingestion.normalize.visa import visa_of
from app.orm.job import JOB_TYPES, REMOTE_OPTIONS

#: Words that the normalisers act on, in any order, between arbitrary text.
WORDS = st.sampled_from(
    (
        "Acme | - ( ) [ ] , ; : / <b> </b> &amp; &lt; is hiring We are looking for Senior C++ .NET "
        "Engineer Berlin CA remote no onsite https://acme.example $120k 80-100k YC W21 (m/f/d) in at San "
        "Francisco # + . \x00 ﬁ Ⅷ"
    ).split()
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=12).map(" ".join))


@pytest.mark.parametrize("clean", [clean_title, clean_company, tidy_location])
@settings(deadline=None)
@given(text=TEXTS)
def test_cleaning_again_changes_nothing(clean: Callable[[str], str], text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@settings(deadline=None)
@given(text=TEXTS)
def test_a_title_is_one_printable_line_of_bounded_length(text: str) -> None:
    title = clean_title(text)
    assert len(title) <= MAX_TITLE
    assert not {"\n", "\x00", "\u200b"} & set(title)
    assert "</b>" not in title


@settings(deadline=None)
@given(text=TEXTS)
def test_every_text_has_a_known_remote_option_and_job_type(text: str) -> None:
    for value in (remote_of(text), remote_name(text), remote_in_posting(text, text)):
        assert value in REMOTE_OPTIONS
    assert job_type_of(text) in JOB_TYPES
    assert job_type_in_prose(text) in JOB_TYPES
    assert visa_of(text) in (True, False, None)


@settings(deadline=None)
@given(text=TEXTS)
def test_a_location_is_its_own_location(text: str) -> None:
    location = split_location(text)
    assert split_location(location.text) == location
    assert len(location.country) in (0, 2)
    assert len(prose_place(text)) <= 200


@settings(deadline=None)
@given(text=TEXTS)
def test_names_found_in_prose_are_clean(text: str) -> None:
    for name in (company_in_text(text), clean_company(company_of_domain(text))):
        assert clean_company(name) == name
    assert clean_title(title_in_text(text)) == title_in_text(text)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.booleans(), st.none()))
def test_a_date_is_utc_and_of_our_time_or_none(value: str | float | None) -> None:
    moment = parse_date(value)
    assert moment is None or (moment.tzinfo is UTC and 1990 <= moment.year < 2100)


@settings(deadline=None)
@given(st.integers(700_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_an_iso_date_is_read_back(moment: datetime) -> None:
    assert parse_date(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1485937200, datetime(2017, 2, 1, 8, 20, tzinfo=UTC)),
        ("1485937200000", datetime(2017, 2, 1, 8, 20, tzinfo=UTC)),
        ("2017-02", datetime(2017, 2, 1, tzinfo=UTC)),
        ("2017-02-01T10:20:00+02:00", datetime(2017, 2, 1, 8, 20, tzinfo=UTC)),
        ("20170201", datetime(2017, 2, 1, tzinfo=UTC)),
        ("Wed, 01 Feb 2017 08:20:00 +0000", datetime(2017, 2, 1, 8, 20, tzinfo=UTC)),
        ("01/02/2017", None),
        ("soon", None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_dates(value: str | float, expected: datetime | None) -> None:
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We are hiring: Senior C++ Developer (m/f/d)", "Senior C++ Developer"),
        (".NET Engineer", ".NET Engineer"),
        ("<b>Data Engineer</b> &amp; Analyst", "Data Engineer & Analyst"),
        ("- Lead Designer https://acme.example/jobs/1 -", "Lead Designer"),
        ("x" * 300, "x" * 200),
    ],
)
def test_titles(text: str, expected: str) -> None:
    assert clean_title(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We make maps. We're looking for a senior backend engineer to join us.", "senior backend engineer"),
        ("Open roles:\n* Staff Data Scientist\n* Product Designer", "Staff Data Scientist"),
        ("Our engineers come from everywhere.", ""),
        ("Built by former bank engineers. Many open positions.", "Many open positions"),
    ],
)
def test_titles_in_text(text: str, expected: str) -> None:
    assert title_in_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme (YC W21)", "Acme"),
        ("Acme Robotics (https://acme.example) is hiring", "Acme Robotics"),
        ("  Acme &amp; Sons ", "Acme &amp; Sons"),
        ("<i>Acme</i>", "Acme"),
        ("Company: Acme", "Acme"),
    ],
)
def test_companies(text: str, expected: str) -> None:
    assert clean_company(text) == expected


def test_a_company_is_found_in_sentences_and_addresses() -> None:
    assert company_in_text("Fernhill is a small studio that makes garden tools.") == "Fernhill"
    assert company_in_text("At Quarry Labs, we cut stone with light.") == "Quarry Labs"
    assert company_in_text("Berlin is a city. We need people.") == ""
    assert company_of_domain("See https://www.quarrylabs.com/jobs - QuarryLabs grows") == "QuarryLabs"
    assert company_of_domain("Write to hr@quarry.co.uk or gmail.com") == "quarry.co.uk"
    assert company_of_domain("https://github.com/somebody") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Remote (US only)", "remote"),
        ("ONSITE or REMOTE", "remote"),
        ("No remote, sorry", "on-site"),
        ("Remote: no", "on-site"),
        ("This is not a remote position", "on-site"),
        ("partially remote", "hybrid"),
        ("work from home 2 days a week", "hybrid"),
        ("hybrid", "hybrid"),
        ("We do remote sensing", "unspecified"),
        ("works with our remote teams", "unspecified"),
        ("on-site", "on-site"),
        ("Berlin", "unspecified"),
    ],
)
def test_remote(text: str, expected: str) -> None:
    assert remote_of(text) == expected


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        ("Acme | Onsite", "Remote positions considered for the right person.", "remote"),
        ("Acme | Onsite", "Some remote work is fine.", "hybrid"),
        ("Acme | Onsite only", "Remote work is possible elsewhere.", "on-site"),
        ("Acme | Berlin", "You may work remotely.", "remote"),
        ("Acme | REMOTE", "We meet in the office once a year.", "remote"),
    ],
)
def test_remote_of_a_whole_posting(header: str, text: str, expected: str) -> None:
    assert remote_in_posting(header, f"{header}\n{text}") == expected


def test_structured_names() -> None:
    assert [remote_name(v) for v in ("TELECOMMUTE", "true", "On-Site", "no", "")] == [
        "remote",
        "remote",
        "on-site",
        "on-site",
        "unspecified",
    ]
    assert [job_type_of(v) for v in ("FULL_TIME", "CONTRACTOR", "INTERN", "PER_DIEM", "VOLUNTEER", "?")] == [
        "full-time",
        "contract",
        "internship",
        "temporary",
        "other",
        "",
    ]
    assert job_type_of("Full or part time") == "full-time"
    assert job_type_in_prose("This is a contract role.") == "contract"
    assert offers_internship("Interns welcome")
    assert not offers_internship("no interns")
    assert (visa_of("VISA"), visa_of("we cannot sponsor visas"), visa_of("Berlin")) == (True, False, None)


@pytest.mark.parametrize(
    ("text", "city", "country"),
    [
        ("San Francisco, CA", "San Francisco", "US"),
        ("London, UK", "London", "GB"),
        ("Cambridge", "Cambridge", "US"),
        ("Cambridge, UK", "Cambridge", "GB"),
        ("Newcastle, UK", "Newcastle upon Tyne", "GB"),
        ("Berlin, DE", "Berlin", "DE"),
        ("Zürich", "Zürich", "CH"),
        ("Montreal, Quebec", "Montréal", "CA"),
        ("NYC or Remote", "New York City", "US"),
        ("Emeryville, CA", "Emeryville", "US"),
        ("Little Hollow, NC", "Little Hollow", "US"),
        ("Software Engineer, CA", "", "US"),
        ("Tel Aviv, Israel", "Tel Aviv", "IL"),
        ("Copenhagen, Denmark / New York, USA", "Copenhagen", "DK"),
        ("Europe", "", ""),
        ("US only", "", "US"),
        ("Reading files", "", ""),
        ("Atlantis", "", ""),
    ],
)
def test_locations(text: str, city: str, country: str) -> None:
    location = split_location(text)
    assert (location.city, location.country) == (city, country)


def test_a_place_in_prose_needs_a_word_that_places_the_work() -> None:
    assert prose_place("We are a team based in Austin, TX and we grow.") == "Austin, TX"
    assert prose_place("Our Berlin-based group builds bridges.") == "Berlin"
    assert prose_place("We like the food of nobody in particular.") == ""
