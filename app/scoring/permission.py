"""Which purpose a request has, and whether this account may have it."""

from __future__ import annotations

from app.auth.access import Principal
from app.errors import ForbiddenError, InvalidInputError
from app.scoring.purposes import POLICIES, Policy, Purpose


def permitted(user: Principal, purpose: Purpose | None, *, own: bool, pointer: str) -> Policy:
    """`own` says that the account scores its own profile. Raises InvalidInputError, which points at
    `pointer`, and ForbiddenError.

    A company's member who sends somebody along must say why, and guidance is no answer: it is for the person
    themselves, and would give an employer the numbers that screening withholds.
    """
    if purpose is None:
        if user.is_employer and not own:
            raise InvalidInputError(
                "say what for: candidate_screening or research (a company's members must)", pointer=pointer
            )
        return POLICIES["seeker_guidance"]
    policy = POLICIES[purpose]
    if policy.employers_only and not user.is_employer:
        raise ForbiddenError(f"only a company's members may ask for {purpose}")
    if policy.employers_only and own:
        raise InvalidInputError("screening is of somebody else: send a seeker along", pointer=pointer)
    if purpose == "seeker_guidance" and user.is_employer and not own:
        raise InvalidInputError(
            "guidance is for the seeker themselves; a company's members say candidate_screening or research",
            pointer=pointer,
        )
    return policy
