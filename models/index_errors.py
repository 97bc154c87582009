"""The errors of the vector index, one small family:

JobIndexError
├── IndexInputError        (also a ValueError) what the caller passed cannot be indexed or searched
├── EncoderMismatchError   vectors of one encoder version meet an index of another
├── StaleMaskError         a row mask belongs to a row layout that no longer exists
├── IndexCorruptError      files on disk are missing, changed or disagree with their manifest
└── RecallTooLowError      measured recall is below the release floor
"""

from __future__ import annotations


class JobIndexError(Exception):
    """Base of everything the index raises on purpose."""


class IndexInputError(JobIndexError, ValueError):
    """Wrong shape, type, length, non-finite or non-unit vectors, negative or duplicate ids."""


class EncoderMismatchError(JobIndexError):
    """Distances between vectors of two encoder versions mean nothing, so they are refused."""


class StaleMaskError(JobIndexError):
    """Read `layout()` again, rebuild the mask from it and repeat the search."""


class IndexCorruptError(JobIndexError):
    """The folder does not hold what its manifest promises; restore or rebuild it."""


class RecallTooLowError(JobIndexError):
    """The index would silently lose matches; it must not be released."""
