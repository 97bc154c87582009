from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.places import Gazetteer, Place, distance_km, fold


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.mark.parametrize(
    ("text", "city", "country", "admin1"),
    [
        ("Berlin", "Berlin", "DE", "16"), ("berlin", "Berlin", "DE", "16"),
        ("Berlin, Germany", "Berlin", "DE", "16"),
        ("10115 Berlin", "Berlin", "DE", "16"), ("San Francisco, CA", "San Francisco", "US", "CA"),
        ("SF", "San Francisco", "US", "CA"), ("Bay Area", "San Francisco", "US", "CA"),
        ("Mostly San Francisco", "San Francisco", "US", "CA"), ("NYC", "New York City", "US", "NY"),
        ("New York or Remote", "New York City", "US", "NY"), ("New York, NY", "New York City", "US", "NY"),
        ("London", "London", "GB", "ENG"), ("London, UK", "London", "GB", "ENG"),
        ("UK, London", "London", "GB", "ENG"),
        ("London, ON", "London", "CA", "08"), ("Cambridge, MA", "Cambridge", "US", "MA"),
        ("Cambridge MA", "Cambridge", "US", "MA"), ("Cambridge, UK", "Cambridge", "GB", "ENG"),
        ("Paris", "Paris", "FR", "11"), ("Paris, TX", "Paris", "US", "TX"),
        ("Portland OR", "Portland", "US", "OR"),
        ("Portland, Maine", "Portland", "US", "ME"), ("Washington, DC", "Washington", "US", "DC"),
        ("Seattle, Washington", "Seattle", "US", "WA"), ("Atlanta, Georgia", "Atlanta", "US", "GA"),
        ("Tbilisi, Georgia", "Tbilisi", "GE", "51"), ("Vancouver, BC, Canada", "Vancouver", "CA", "02"),
        ("Zürich", "Zürich", "CH", "ZH"), ("Zurich, Switzerland", "Zürich", "CH", "ZH"),
        ("München, Deutschland", "Munich", "DE", "02"), ("Sao Paulo, Brazil", "São Paulo", "BR", "27"),
        ("Lodz", "Łódź", "PL", "74"), ("Bangalore", "Bengaluru", "IN", "19"),
        ("St Louis, MO", "St. Louis", "US", "MO"),
        ("San Jose, Costa Rica", "San José", "CR", "08"),
        ("Kendall Square, Cambridge, MA", "Cambridge", "US", "MA"),
        ("Germany", "", "DE", ""), ("Remote (US)", "", "US", ""), ("Remote, DE", "", "DE", ""),
        ("U.S.", "", "US", ""), ("California", "", "US", "CA"), ("Ontario, Canada", "", "CA", "08"),
        ("Bedford, MA", "", "US", "MA"), ("Emeryville, Ca", "", "US", "CA"), ("Georgia", "", "GE", ""),
    ],
)  # fmt: skip
def test_places_as_people_write_them(
    gazetteer: Gazetteer, text: str, city: str, country: str, admin1: str
) -> None:
    place = gazetteer.resolve(text)
    assert place is not None
    assert (place.city, place.country, place.admin1) == (city, country, admin1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Remote",
        "REMOTE",
        "Hybrid",
        "Anywhere",
        "Home office",
        "Mobile Developer",
        "Manager, IT",
        "Acme, Inc.",
        "??",
    ],
)
def test_what_is_no_place_has_none(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.resolve(text) is None


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ("Paris / Berlin", ["Paris", "Berlin"]),
        ("Berlin, London, Paris", ["Berlin", "London", "Paris"]),
        ("New York, NY or San Francisco, CA", ["New York City", "San Francisco"]),
        ("SF/NYC/SF", ["San Francisco", "New York City"]),
        ("London, UK; Toronto, Canada", ["London", "Toronto"]),
    ],
)
def test_every_place_is_found_once(gazetteer: Gazetteer, text: str, cities: list[str]) -> None:
    assert [place.city for place in gazetteer.resolve_all(text)] == cities


def test_a_city_is_preferred_to_a_country_named_before_it(gazetteer: Gazetteer) -> None:
    place = gazetteer.resolve("US / Berlin")
    assert place is not None
    assert place.city == "Berlin"


def test_coordinates_of_cities_regions_and_countries(gazetteer: Gazetteer) -> None:
    berlin, texas, france = map(gazetteer.resolve, ("Berlin", "Texas", "France"))
    assert berlin is not None
    assert texas is not None
    assert france is not None
    assert berlin.lat == pytest.approx(52.52, abs=0.05)
    assert berlin.geonameid == 2950159
    assert texas.lat == pytest.approx(30.7, abs=1.5)
    assert (france.lat, france.lon) == (None, None)


def test_distance_against_known_values(gazetteer: Gazetteer) -> None:
    berlin, paris, germany = map(gazetteer.resolve, ("Berlin", "Paris", "Germany"))
    assert berlin is not None
    assert paris is not None
    assert germany is not None
    assert distance_km(berlin, paris) == pytest.approx(878, abs=5)
    assert distance_km(paris, berlin) == distance_km(berlin, paris)
    assert distance_km(berlin, berlin) == 0
    assert distance_km(berlin, germany) is None
    antipodes = distance_km(Place("", "", lat=0.0, lon=0.0), Place("", "", lat=0.0, lon=180.0))
    assert antipodes == pytest.approx(20015, abs=1)


@pytest.mark.parametrize("text", ["Berlin or Remote", "Boston, MA", "Remote (US)", "Paris / London"])
def test_text_of_places_only(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.is_place(text)


@pytest.mark.parametrize("text", ["Mobile", "Berlin Sales Lead", "Remote", "Data", ""])
def test_text_that_is_more_than_places(gazetteer: Gazetteer, text: str) -> None:
    assert not gazetteer.is_place(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Zürich", "zurich"),
        ("Łódź", "lodz"),
        ("St. Louis", "st louis"),
        ("Xi'an", "xi an"),
        ("Straße", "strasse"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@settings(deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_is_answered(gazetteer: Gazetteer, text: str) -> None:
    places = gazetteer.resolve_all(text)
    assert len(set(places)) == len(places)
    assert all(len(place.country) == 2 for place in places)
