"""Record -> the floats a tower reads, and the geometry of a place.

Protected attributes and their proxies (name, age, gender, nationality, postcode, school, gaps) are not
readable from `JobRecord` and `UserRecord`, and must stay out of the two orders below.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from features.places import Place
from features.records import JobRecord, UserRecord
from features.titles import seniority

F32 = npt.NDArray[np.float32]

REMOTE = ("on-site", "hybrid", "remote", "unspecified")
JOB_TYPES = ("full-time", "part-time", "contract", "internship", "temporary", "other")
SENIORITY = ("intern", "junior", "mid", "senior", "lead", "executive", "unknown")

JOB_FEATURE_ORDER = (
    *(f"remote={r}" for r in REMOTE),
    *(f"type={t}" for t in JOB_TYPES),
    *(f"seniority={s}" for s in SENIORITY),
    "has_salary",
    "log_salary",
    "has_place",
    "has_skills",
    "log_description_words",
)
USER_FEATURE_ORDER = (
    *(f"remote={r}" for r in REMOTE),
    *(f"seniority={s}" for s in SENIORITY),
    "has_experience",
    "log_experience",
    "has_salary",
    "log_salary",
    "has_place",
    "has_skills",
    "has_text",
)

#: US dollars for one unit, a fixed table: features must not move with the market. Rounded yearly averages.
USD = {
    "USD": 1.0,
    "EUR": 1.1,
    "GBP": 1.27,
    "CHF": 1.12,
    "CAD": 0.74,
    "AUD": 0.66,
    "NZD": 0.61,
    "SEK": 0.095,
    "NOK": 0.095,
    "DKK": 0.147,
    "PLN": 0.25,
    "INR": 0.012,
    "JPY": 0.0068,
    "SGD": 0.74,
    "BRL": 0.19,
}
_SALARY_ANCHOR = math.log(60_000)


def salary_usd(amount: float | None, currency: str) -> float | None:
    """Annual amount in US dollars, or None where it is missing, implausible or of an unknown currency."""
    rate = USD.get(currency.upper() or "USD")
    if amount is None or rate is None or not 1_000 <= amount * rate <= 5_000_000:
        return None
    return amount * rate


def _one_hot(value: str, order: tuple[str, ...]) -> list[float]:
    return [float(value == option) for option in order]


def _salary(usd: float | None) -> list[float]:
    return [0.0, 0.0] if usd is None else [1.0, math.log(usd) - _SALARY_ANCHOR]


def job_floats(job: JobRecord, place: Place | None, has_skills: bool) -> list[float]:
    top = job.salary_max if job.salary_max is not None else job.salary_min
    return [
        *_one_hot(job.remote, REMOTE),
        *_one_hot(job.job_type, JOB_TYPES),
        *_one_hot(seniority(job.title), SENIORITY),
        *_salary(salary_usd(top, job.currency)),
        float(place is not None),
        float(has_skills),
        math.log1p(len(job.description.split())) / 6.0,
    ]


def user_floats(user: UserRecord, place: Place | None, has_skills: bool) -> list[float]:
    years = user.experience_years
    return [
        *_one_hot(user.remote, REMOTE),
        *_one_hot(seniority(user.desired_title), SENIORITY),
        *([0.0, 0.0] if years is None else [1.0, math.log1p(years) / 3.0]),
        *_salary(salary_usd(user.salary_min, "USD")),
        float(place is not None),
        float(has_skills),
        float(bool(user.resume_text.strip())),
    ]


class GeoFeatures:
    """Random Fourier features of a point on the globe (Rahimi and Recht 2007).

    The dot product of two places approximates a mix of Gaussians of their distance, at the length scales
    given, so nearness in kilometres becomes nearness of vectors anywhere on Earth. Output (2 * waves,),
    unit length; an unknown place is the zero vector.
    """

    def __init__(self, waves: int = 96, scales_km: tuple[float, ...] = (40.0, 400.0), seed: int = 11) -> None:
        rng = np.random.default_rng(seed)
        lengths = np.resize(np.array(scales_km), waves) / 6371.0  # in Earth radii
        self._frequencies = rng.standard_normal((waves, 3)) / lengths[:, None]
        self.width = 2 * waves

    def __call__(self, place: Place | None) -> F32:
        if place is None or place.lat is None or place.lon is None:
            return np.zeros(self.width, np.float32)
        lat, lon = math.radians(place.lat), math.radians(place.lon)
        point = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        phase = self._frequencies @ point
        both = np.concatenate([np.cos(phase), np.sin(phase)]) / math.sqrt(len(phase))
        return both.astype(np.float32)
