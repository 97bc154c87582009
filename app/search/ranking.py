"""Orders that need the matching service: by meaning, fused, and by a seeker's own match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.recommendation.matching import Matching
from app.search.engine import Filters, Hit
from serving.schemas import Filters as WireFilters
from serving.schemas import RecommendRequest, UserDocument

#: Postings each of the two sides puts forward.
CANDIDATES = 200
#: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
#: methods", SIGIR 2009.
K = 60
#: What a place by meaning counts beside the same place by words. Of 0.1 to 1, this did best on 30 of the
#: judged queries (NDCG@10 .841, by words alone .809); on the other 30 it gave .848 against .799, equal
#: weights .754.
MEANING = 0.7


async def by_meaning(matching: Matching, text: str, filters: Filters) -> list[int] | None:
    """Ids nearest to the text in the space of seekers and postings; None when nobody answers.

    The text stands where a seeker's desired title does: that is the text of a seeker the model was trained
    to place beside postings. So "by meaning" is: postings that the model holds for near to somebody who wants
    to work as what was typed, and of whom nothing else is known. A trade or a title is understood best; a
    company, a place or a number means little to it (those are for words and filters), and a sentence is read
    as one long title. No word of the query has to be in a result. At most `CANDIDATES` are ranked.
    """
    wire = WireFilters(remote=filters.remote, job_types=filters.job_types)
    user = UserDocument(user_id=0, desired_title=text[:300])
    answer = await matching.recommend(RecommendRequest(user=user, limit=CANDIDATES, filters=wire))
    if answer is None:
        return None
    return [item.job_id for item in sorted(answer.items, key=lambda item: (-item.similarity, item.rank))]


def fuse(by_words: Sequence[int], by_meaning: Sequence[int] = ()) -> list[Hit]:
    """By the sum of weight / (60 + rank); of equals the one that was found by words first."""
    scores: dict[int, float] = defaultdict(float)
    for weight, ranking in ((1.0, by_words), (MEANING, by_meaning)):
        for rank, job_id in enumerate(ranking, 1):
            scores[job_id] += weight / (K + rank)
    return [Hit(job_id, score) for job_id, score in sorted(scores.items(), key=lambda item: -item[1])]
