"""Paid periods in a year of full-time work: 40 hours in 52 weeks, the US Bureau of Labor Statistics' year.

The database's generated salary columns (`app/orm/job.py`) use the same figures.
"""

from __future__ import annotations

from typing import Literal

Interval = Literal["hour", "day", "week", "month", "year"]
PERIODS_PER_YEAR: dict[str, int] = {"hour": 2080, "day": 260, "week": 52, "month": 12, "year": 1}
