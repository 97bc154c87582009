"""What speaks for an occupation, given a title: one column per kind of evidence, one row per occupation.

Without labelled titles: how close the title is to the nearest surface form and to the occupation as a whole,
by character n-grams and by sentence vectors, and how close its whole group is. Labelled titles add what the
nearest of them voted for and a linear classifier (ridge regression of class indicators, Hoerl and Kennard
1970, in its kernel form: there are more n-grams than titles).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from models.projection import Projection
from models.tfidf import Csr, Tfidf, TfidfConfig

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Encode = Callable[[Sequence[str]], F32]

FORM_COLUMNS = (
    "lexical_best",
    "lexical_profile",
    "vector_best",
    "vector_pool",
    "vector_profile",
    "vector_label",
    "moved_profile",
    "vector_group",
    "label_words",
    "prior",
)
EXAMPLE_COLUMNS = ("lexical_vote", "vector_vote", "classifier", "seen")
NEIGHBOURS = 100
#: A vote counts similarity to this power: a twin outweighs a crowd of cousins.
LEXICAL_POWER, VECTOR_POWER = 4, 8
_RIDGE = 4.0
_FLOOR = 1e-3
#: Width of the kernel that pools similarities to all names: near names add up, far ones vanish.
_POOL = np.float32(0.05)


def halved(vectors: F32) -> F32:
    """Rounded to what a float16 file keeps, so that a saved and loaded linker gives the same bits."""
    return vectors.astype(np.float16).astype(np.float32)


def unit(rows: F32) -> F32:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


@dataclass(frozen=True)
class Titles:
    """Normalised titles as both readers see them: TF-IDF rows are made by who knows the vocabulary."""

    texts: tuple[str, ...]
    vectors: F32  # (n, width), the encoder's
    moved: F32  # (n, width), after the projection


class Forms:
    """The surface forms of every occupation. `owner` (forms,) is ascending, names every occupation, and an
    occupation's first form is its label. `prior` (occupations,) are logarithms of shares, or zeros."""

    def __init__(
        self,
        texts: Sequence[str],
        owner: I64,
        groups: I64,
        vectors: F32,
        projection: Projection,
        prior: F32 | None = None,
    ) -> None:
        self.texts, self.owner, self.groups, self.vectors = tuple(texts), owner, groups, vectors
        self.occupations = int(owner[-1]) + 1
        self.prior = np.zeros(self.occupations, np.float32) if prior is None else prior
        self.moved = projection(vectors)
        self._starts = np.searchsorted(owner, np.arange(self.occupations))
        self._tfidf = Tfidf.fit(self.texts, TfidfConfig("char", 2, 5))
        rows = self._tfidf.transform(self.texts)
        self._by_gram = rows.T.tocsr()
        self._profile_by_gram = _unit_rows(_membership(owner) @ rows).T.tocsr()
        profiles = self._means(vectors)
        self._profiles = {"vectors": profiles, "moved": self._means(self.moved)}
        self._of_group = unit(_sum_by(profiles, groups))[groups]
        self._words = np.array([len(self.texts[i].split()) for i in self._starts], np.float32)

    def _means(self, vectors: F32) -> F32:
        return unit(np.add.reduceat(vectors, self._starts, axis=0))

    def evidence(self, titles: Titles) -> F32:
        """(n, occupations, len(FORM_COLUMNS)) float32."""
        rows, plain = self._tfidf.transform(titles.texts), titles.vectors @ self.vectors.T
        shape = (len(titles.texts), self.occupations)
        columns = (
            np.maximum.reduceat((rows @ self._by_gram).toarray(), self._starts, axis=1),
            (rows @ self._profile_by_gram).toarray(),
            np.maximum.reduceat(plain, self._starts, axis=1),
            self._pooled(plain),
            titles.vectors @ self._profiles["vectors"].T,
            plain[:, self._starts],
            titles.moved @ self._profiles["moved"].T,
            titles.vectors @ self._of_group.T,
            np.broadcast_to(self._words, shape),
            np.broadcast_to(self.prior, shape),
        )
        return np.stack(columns, axis=2).astype(np.float32, copy=False)

    def _pooled(self, similarity: F32) -> F32:
        """Log of a sum of kernels over an occupation's names: what has many near names is likelier."""
        kernels = np.exp((similarity - 1.0) / _POOL)
        summed = np.add.reduceat(kernels, self._starts, axis=1)
        return np.asarray(_POOL * np.log(summed + np.float32(1e-12)), np.float32)

    def form_scores(self, titles: Titles) -> tuple[F32, F32, F32]:
        """Three (n, forms) arrays: similarity to every single form by n-grams, vectors, moved vectors."""
        rows = self._tfidf.transform(titles.texts)
        plain, moved = titles.vectors @ self.vectors.T, titles.moved @ self.moved.T
        return (rows @ self._by_gram).toarray(), plain, moved

    def with_prior(self, prior: F32) -> Forms:
        """The same names under other odds."""
        other = copy.copy(self)
        other.prior = prior
        return other


class Examples:
    """Titles whose occupation is known. `weights` (examples, classes) are solved for unless given.

    After solving, `left_out` holds what the classifier would say of each example had it not been among them
    (the closed form of leave-one-out for ridge regression: Allen 1974); a loaded one has none.
    """

    def __init__(self, titles: Titles, owner: I64, occupations: int, weights: F32 | None = None) -> None:
        self.titles, self.owner, self.occupations = titles, owner, occupations
        self._tfidf = Tfidf.fit(titles.texts, TfidfConfig("char", 2, 5))
        self._words = Tfidf.fit(titles.texts, TfidfConfig("word", 1, 2))
        rows, words = self._tfidf.transform(titles.texts), self._words.transform(titles.texts)
        self._by_gram, self._by_word = rows.T.tocsr(), words.T.tocsr()
        self._classes, self._class_of = np.unique(owner, return_inverse=True)
        self.left_out: F32 | None = None
        self.weights = self._solve(rows, words) if weights is None else weights
        self._counts = np.bincount(owner, minlength=occupations).astype(np.float32)

    def _solve(self, rows: Csr, words: Csr) -> F32:
        kernel = self._kernel((rows @ self._by_gram).toarray(), words, self.titles.vectors)
        kernel[np.diag_indices_from(kernel)] += _RIDGE
        inverse = _inverse(kernel)
        members = _membership(self._class_of)  # (classes, examples)
        weights = np.asarray((members @ inverse).T, np.float32)
        targets = members.T.toarray()
        self.left_out = targets - weights / np.diag(inverse)[:, None]
        return halved(weights)

    def _kernel(self, lexical: F32, words: Csr, vectors: F32) -> F32:
        """(n, examples): the sum of three cosine kernels."""
        return np.asarray(lexical + (words @ self._by_word).toarray() + vectors @ self.titles.vectors.T)

    def evidence(self, titles: Titles) -> F32:
        """(n, occupations, len(EXAMPLE_COLUMNS)) float32; votes and classifier as logarithms of shares."""
        lexical = (self._tfidf.transform(titles.texts) @ self._by_gram).toarray()
        words, vectors = self._words.transform(titles.texts), titles.vectors @ self.titles.vectors.T
        said = self._kernel(lexical, words, titles.vectors) @ self.weights
        return self._columns(lexical, vectors, said, np.log1p(self._counts))

    def evidence_without(self, at: I64) -> F32:
        """The same for the examples `at`, each as if it were not among them; ValueError once loaded."""
        if self.left_out is None:
            raise ValueError("only examples that were just solved for know what they say without each other")
        texts = tuple(self.titles.texts[i] for i in at)
        titles = Titles(texts, self.titles.vectors[at], self.titles.moved[at])
        lexical = (self._tfidf.transform(titles.texts) @ self._by_gram).toarray()
        vectors = titles.vectors @ self.titles.vectors.T
        one = np.arange(len(at))
        lexical[one, at] = vectors[one, at] = 0.0
        counts = np.tile(self._counts, (len(at), 1))
        counts[one, self.owner[at]] -= 1.0
        return self._columns(lexical, vectors, self.left_out[at], np.log1p(counts))

    def _columns(self, lexical: F32, vectors: F32, said: F32, seen: F32) -> F32:
        classifier = np.zeros((len(said), self.occupations), np.float32)
        classifier[:, self._classes] = said
        columns = (
            self._vote(lexical, LEXICAL_POWER),
            self._vote(vectors, VECTOR_POWER),
            np.log(np.maximum(classifier, 0.0) + _FLOOR),
            np.broadcast_to(seen, classifier.shape),
        )
        return np.stack(columns, axis=2).astype(np.float32, copy=False)

    def _vote(self, similarity: F32, power: int) -> F32:
        k = min(NEIGHBOURS, similarity.shape[1])
        nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        votes = np.zeros((len(similarity), self.occupations), np.float32)
        for row, near in enumerate(nearest):
            np.add.at(votes[row], self.owner[near], np.maximum(similarity[row, near], 0.0) ** power)
        shares = votes / np.maximum(votes.sum(1, keepdims=True), 1e-9)
        return np.asarray(np.log(shares + _FLOOR), np.float32)


def _inverse(matrix: F32) -> F32:
    """Of a positive definite matrix, through Cholesky: half the work of a general one."""
    factor, failed = linalg.lapack.spotrf(matrix, lower=0, overwrite_a=1)
    inverse, failed_too = linalg.lapack.spotri(factor, lower=0, overwrite_c=1)
    if failed or failed_too:
        raise linalg.LinAlgError("the kernel is not positive definite")
    upper = np.triu(inverse)
    return np.asarray(upper + np.triu(upper, 1).T, np.float32)


def _membership(owner: I64) -> Csr:
    ones = np.ones(len(owner), np.float32)
    return sparse.csr_matrix((ones, (owner, np.arange(len(owner)))))


def _unit_rows(matrix: Csr) -> Csr:
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    scaled: Csr = sparse.diags_array((1.0 / np.maximum(norms, 1e-9)).astype(np.float32)) @ matrix
    return scaled


def _sum_by(rows: F32, group: I64) -> F32:
    out = np.zeros((int(group.max()) + 1, rows.shape[1]), np.float32)
    np.add.at(out, group, rows)
    return out
