"""Problems of single items: the same shape that a whole request's has."""

from __future__ import annotations

from fastapi.exceptions import RequestValidationError

from app.errors import AppError, InvalidInputError
from app.problems import TYPE_PREFIX
from app.scoring.schemas import FailedItem, ItemProblem, ProblemError


def of(error: AppError | RequestValidationError) -> ItemProblem:
    if isinstance(error, RequestValidationError):
        return _of_fields(error)
    errors = []
    if error.pointer:
        errors = [ProblemError(pointer=error.pointer, code=error.code, message=error.message)]
    return ItemProblem(
        type=TYPE_PREFIX + error.code,
        title=error.title,
        status=error.status,
        detail=error.message,
        errors=errors,
    )


def _of_fields(error: RequestValidationError) -> ItemProblem:
    errors = [
        ProblemError(
            pointer="/" + "/".join(str(part) for part in item["loc"]), code=item["type"], message=item["msg"]
        )
        for item in error.errors()[:20]
    ]
    return ItemProblem(
        type=TYPE_PREFIX + InvalidInputError.code,
        title=InvalidInputError.title,
        status=InvalidInputError.status,
        detail=f"{len(errors)} field(s) are not valid",
        errors=errors,
    )


def failed(name: str, error: AppError | RequestValidationError) -> FailedItem:
    problem = of(error)
    return FailedItem(id=name, status=problem.status, error=problem)
