"""What a request costs, in units: a tariff that can be computed before anything is scored.

| | units |
|---|---|
| a pair | 1 |
| a posting sent along, which has to be encoded | 10 |
| counterfactuals of a pair, each | 1 |
| a resume as text or JSON Resume | 50 |
| a resume as a file | 200 |
"""

from __future__ import annotations

from collections.abc import Sequence

from app.scoring.postings import Target
from app.scoring.seekers import Given

PAIR, ENCODED = 1, 10
READING = {"profile": 0, "text": 50, "json_resume": 50, "file": 200}


def units(seeker: Given | None, targets: Sequence[Target], counterfactuals: int) -> int:
    reading = READING[seeker.format] if seeker else 0
    encoded = sum(ENCODED for target in targets if target.document)
    return reading + encoded + len(targets) * (PAIR + counterfactuals)
