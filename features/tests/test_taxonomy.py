from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from features.taxonomy import (
    EXTRA,
    FOLDER_VARIABLE,
    OCCUPATIONS,
    SKILLS,
    TABLES,
    Skill,
    Taxonomy,
    TaxonomyError,
    merge_extra,
    normalise,
    taxonomy_folder,
)


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in TABLES:
        shutil.copy(taxonomy_folder() / name, tmp_path / name)
    return tmp_path


def test_tables_have_their_expected_size(taxonomy: Taxonomy) -> None:
    sources = [skill.source for skill in taxonomy.skills]
    assert sources.count("esco") > 13_000
    assert sources.count("onet") > 8_000
    assert len(taxonomy.occupations) > 3_800
    assert sum(len(path.read_bytes()) for path in taxonomy.folder.iterdir()) < 6 * 2**20
    assert max(len(path.read_bytes()) for path in taxonomy.folder.iterdir()) < 2 * 2**20


def test_index_is_the_position_and_ids_are_unique(taxonomy: Taxonomy) -> None:
    assert len(taxonomy.skill_index) == len(taxonomy.skills)
    assert all(taxonomy.skills[at].id == skill_id for skill_id, at in taxonomy.skill_index.items())
    assert len(taxonomy.occupation_index) == len(taxonomy.occupations)


def test_two_loads_agree(taxonomy: Taxonomy) -> None:
    again = Taxonomy.load()
    assert again.skills == taxonomy.skills
    assert again.version == taxonomy.version


def test_one_concept_has_one_id(taxonomy: Taxonomy) -> None:
    for name in (
        "Python",
        "PostgreSQL",
        "Java",
        "Machine learning",
        "Docker",
        "Amazon Web Services",
        "Nursing",
    ):
        owners = [s.id for s in taxonomy.skills if normalise(name) in {normalise(form) for form in s.forms}]
        labelled = [s.id for s in taxonomy.skills if normalise(s.label) == normalise(name)]
        assert len(labelled) == 1, name
        assert labelled[0] in owners


def test_absorbed_ids_lead_to_the_skill_that_stands_for_them(taxonomy: Taxonomy) -> None:
    assert taxonomy.redirects
    assert all(target in taxonomy.skill_index for target in taxonomy.redirects.values())
    assert not set(taxonomy.redirects) & set(taxonomy.skill_index)
    assert taxonomy.skill("jp:python").label == "Python"
    assert taxonomy.canonical("jp:python").startswith("esco:")
    with pytest.raises(KeyError):
        taxonomy.canonical("esco:nothing")


def test_relations_name_known_skills_and_say_where_they_come_from(taxonomy: Taxonomy) -> None:
    links = taxonomy.occupation_skills
    assert set(links) <= set(taxonomy.occupation_index)
    assert all(link.skill_id in taxonomy.skill_index for row in links.values() for link in row)
    given = [key for key, row in links.items() if row[0].origin == "given"]
    assert len(given) == 91
    by_label = {o.label: o.id for o in taxonomy.occupations}
    developer = {taxonomy.skill(link.skill_id).label for link in links[by_label["software developer"]]}
    assert "Debugging" in developer


def test_wages_are_ordered_and_cover_the_nation(taxonomy: Taxonomy) -> None:
    wage = taxonomy.wages["15-1252", "US"]
    known = [figure for figure in wage.percentiles if figure is not None]
    assert known == sorted(known)
    assert wage.employment is not None
    assert wage.employment > 1_000_000
    assert {area for _, area in taxonomy.wages} >= {"US", "CA", "NY", "DC", "PR"}
    assert "" not in {area for _, area in taxonomy.wages}


def test_every_esco_occupation_names_a_soc_code_with_a_label(taxonomy: Taxonomy) -> None:
    codes = {o.soc for o in taxonomy.occupations if o.id.startswith("soc:")}
    assert all(o.soc in codes and o.label for o in taxonomy.occupations)


def test_merge_extra_extends_absorbs_and_adds() -> None:
    known = [
        Skill("esco:1", "Py (computer programming)", "knowledge", "esco", ("Py3",)),
        Skill("onet:py", "Py software", "technology", "onet"),
        Skill("onet:other", "Other", "technology", "onet"),
    ]
    extra = [
        Skill("jp:py", "Pylang", "technology", "jp", ("py", "Py software")),
        Skill("jp:new", "New", "knowledge", "jp"),
    ]
    merged, redirects = merge_extra(known, extra)
    assert [skill.id for skill in merged] == ["esco:1", "onet:other", "jp:new"]
    assert redirects == {"jp:py": "esco:1", "onet:py": "esco:1"}
    assert merged[0].label == "Pylang"
    assert {"Py", "Py3", "Py software"} <= set(merged[0].forms)


def test_a_changed_table_changes_the_version(copy: Path, taxonomy: Taxonomy) -> None:
    assert Taxonomy.load(copy).version == taxonomy.version
    with (copy / EXTRA).open("a") as file:
        file.write("jp:zzyzx,Zzyzx,technology,zzyzx lang\n")
    changed = Taxonomy.load(copy)
    assert changed.version != taxonomy.version
    assert changed.skills[-1].label == "Zzyzx"


def test_folder_can_be_named_and_a_wrong_one_is_refused(
    copy: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(copy))
    assert Taxonomy.load().folder == copy
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(TaxonomyError, match=FOLDER_VARIABLE):
        Taxonomy.load()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip", "cannot be read"),
        (gzip.compress(b"id,label\n1,x\n"), "lacks the columns"),
        (gzip.compress(b"id,label,type,aliases\nesco:1,x,wizardry,\n"), "unknown type"),
        (gzip.compress(b"\xff\xfe"), "cannot be read"),
        (gzip.compress(b"id,label,type,aliases\n")[:-6], "cannot be read"),
    ],
)
def test_a_damaged_table_is_refused(copy: Path, content: bytes, message: str) -> None:
    (copy / SKILLS).write_bytes(content)
    with pytest.raises(TaxonomyError, match=message):
        Taxonomy.load(copy)


def test_a_missing_table_is_refused(copy: Path) -> None:
    (copy / OCCUPATIONS).unlink()
    with pytest.raises(TaxonomyError, match=OCCUPATIONS):
        Taxonomy.load(copy)


@pytest.mark.parametrize(
    ("one", "other"),
    [("CI/CD", "ci-cd"), ("Node.js", "node js"), ("C++", "c++"), ("  Ｐython ", "python")],
)
def test_spellings_of_one_label_are_equal(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_symbols_that_distinguish_languages_stay() -> None:
    assert len({normalise(label) for label in ("C", "C++", "C#", ".NET", "net")}) == 5
