"""A posting as schema.org JobPosting, for search engines.

https://developers.google.com/search/docs/appearance/structured-data/job-posting names what is required:
title, description, datePosted, hiringOrganization, and jobLocation with its country, or for remote work
jobLocationType with applicantLocationRequirements. A posting that lacks one of these gets no document.
"""

from __future__ import annotations

import html
import json
from typing import Any

from app.job.schemas import JobDetail

MEDIA_TYPE = "application/ld+json"
EMPLOYMENT_TYPES = {
    "full-time": "FULL_TIME",
    "part-time": "PART_TIME",
    "contract": "CONTRACTOR",
    "temporary": "TEMPORARY",
    "internship": "INTERN",
    "other": "OTHER",
}
UNITS = {"year": "YEAR", "month": "MONTH", "week": "WEEK", "day": "DAY", "hour": "HOUR"}


def job_posting(job: JobDetail, *, website: str) -> dict[str, Any] | None:
    """None when the posting does not say enough: no description, or no place it is at or open to. And for
    a simulated one, which nobody shall find who looks for work."""
    where, text = _where(job), _description(job)
    if where is None or not text or job.simulated:
        return None
    organization = {"@type": "Organization", "name": job.company.name}
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": job.title,
        "description": text,
        "datePosted": job.posted_at.date().isoformat(),
        "hiringOrganization": organization | ({"sameAs": website} if website else {}),
        "identifier": {"@type": "PropertyValue", "name": job.company.name, "value": str(job.id)},
        "directApply": not job.external_application_url,
        **where,
    }
    ends = [moment for moment in (job.application_deadline, job.expires_at) if moment]
    if ends:
        document["validThrough"] = min(ends).isoformat()
    if job.job_type:
        document["employmentType"] = EMPLOYMENT_TYPES[job.job_type]
    if job.skills:
        document["skills"] = ", ".join(job.skills)
    salary = _salary(job)
    return document | ({"baseSalary": salary} if salary else {})


def dumps(document: dict[str, Any]) -> str:
    """JSON that may stand in a `<script>` element: nothing in it can end the element."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _where(job: JobDetail) -> dict[str, Any] | None:
    if job.place is None:
        return None
    if job.remote == "remote":
        country = {"@type": "Country", "name": job.place.country}
        return {"jobLocationType": "TELECOMMUTE", "applicantLocationRequirements": country}
    address = {
        "@type": "PostalAddress",
        "addressLocality": job.place.city,
        "addressRegion": job.place.region,
        "addressCountry": job.place.country,
    }
    location = {"@type": "Place", "address": {name: value for name, value in address.items() if value}}
    if job.place.lat is not None and job.place.lon is not None:
        location["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": job.place.lat,
            "longitude": job.place.lon,
        }
    return {"jobLocation": location}


def _description(job: JobDetail) -> str:
    """HTML, as asked for: a paragraph for each of ours, nothing but text in them."""
    whole = "\n\n".join(part for part in (job.description, job.requirements, job.benefits) if part.strip())
    paragraphs = [html.escape(part.strip()) for part in whole.split("\n\n") if part.strip()]
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs)


def _salary(job: JobDetail) -> dict[str, Any] | None:
    """What the posting states; an estimate of ours is not a salary that is paid."""
    stated = job.salary
    if stated is None or stated.source not in ("employer", "parsed") or not stated.currency:
        return None
    value: dict[str, Any] = {"@type": "QuantitativeValue", "unitText": UNITS[stated.interval]}
    if stated.min is not None and stated.min == stated.max:
        value["value"] = stated.min
    else:
        value |= {} if stated.min is None else {"minValue": stated.min}
        value |= {} if stated.max is None else {"maxValue": stated.max}
    return {"@type": "MonetaryAmount", "currency": stated.currency, "value": value}
