"""Keeps the taxonomy's tables at the version of its files, and finds the place a text names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.ingestion.normalize.gazetteer import fold
from app.ingestion.normalize.location import split_location
from app.taxonomy import files, repository


async def load(session: AsyncSession, folder: Path) -> dict[str, int]:
    """Rows stored by table; a table whose files are the ones stored already is left alone.

    Raises TaxonomyMissingError.
    """
    stored = {}
    if await repository.is_new(session, "location", version := files.digest(folder, files.PLACE_FILES)):
        places = files.places(folder)
        await repository.store_places(session, places)
        await repository.remember(session, "location", version, len(places))
        stored["location"] = len(places)
    if await repository.is_new(session, "skill_term", version := files.digest(folder, files.SKILL_FILES)):
        skills = files.skills(folder)
        await repository.store_skills(session, skills)
        await repository.remember(session, "skill_term", version, len(skills))
        stored["skill_term"] = len(skills)
    return stored


async def place_of(session: AsyncSession, location: str) -> int | None:
    """The place a location names, made if it is new. None when it names none, such as "Remote"."""
    found = split_location(location)
    if not found.country:
        return None
    key = fold(found.city)
    known = await repository.place_id(session, found.country, found.region, key)
    if known is None:
        label = ", ".join(part for part in (found.city, found.region, found.country) if part)
        values = {
            "label": label,
            "city": found.city,
            "city_key": key,
            "region": found.region,
            "country": found.country,
        }
        known = await repository.add_place(session, values)
    return known or await repository.place_id(session, found.country, found.region, key)
