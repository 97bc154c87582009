"""The errors of the serving room.

ServingRoomError
├── ReleaseRefusedError       a release is not fit to answer; the reason is one line
├── JournalUnavailableError   the change log cannot be reached: changes are refused, reading goes on
├── BehaviourUnavailableError  the feature store did not take events; sending them again is safe
├── PartMissingError         the release lacks the model that the question needs
├── UnknownJobError           no such posting in the index
└── UnknownPlaceError         a filter names a place that is not in the gazetteer
"""

from __future__ import annotations


class ServingRoomError(Exception):
    """Base of everything the serving layer raises on purpose."""


class ReleaseRefusedError(ServingRoomError):
    """The release named by CHAMPION is missing, altered, or computes other vectors than when it was made."""


class JournalUnavailableError(ServingRoomError):
    """PostgreSQL did not answer in time; nothing was changed."""


class BehaviourUnavailableError(ServingRoomError):
    """The feature store did not answer; the events are not lost with their sender, who sends them again."""


class PartMissingError(ServingRoomError):
    """The release that answers holds no such model; another release may."""


class UnknownJobError(ServingRoomError):
    """The posting is not in the index: never seen, deleted, or not yet applied."""


class UnknownPlaceError(ServingRoomError):
    """`Filters.near` could not be resolved to a point on the map."""


class ReleaseGoneError(ServingRoomError):
    """A receipt's release is not stored any more, was altered, or has no second stage."""


class SnapshotRefusedError(ServingRoomError):
    """What a receipt kept does not fit what its release reads."""
