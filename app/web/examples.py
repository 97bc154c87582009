"""The programs on /developers. A test runs each of them as it stands on the page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    title: str
    says: str
    text: str


SEARCH = """\
curl -s "{api}/v1/jobs/?q=developer&limit=3"
"""
SIGN_IN = """\
me='{{"email": "me@example.org", "password": "a long sentence of mine"}}'
curl -s {api}/v1/auth/register/ -H 'content-type: application/json' -d "$me"
curl -s {api}/v1/auth/login/ -H 'content-type: application/json' -d "$me"
"""
SCORE = """\
import json
import sys
from urllib.request import Request, urlopen

API = "{api}"
TOKEN = sys.argv[1]  # the access_token of a login

body = {{
    "profile": {{"desired_title": "Data Engineer", "skills": ["Python", "Spark"]}},
    "jobs": [
        {{"id": "one", "title": "Data Engineer", "skills": ["Python", "Spark"]}},
        {{"id": "two", "title": "Pastry chef", "skills": ["Baking"]}},
    ],
}}
request = Request(f"{{API}}/v2/matching/score/", json.dumps(body).encode())
request.add_header("Content-Type", "application/json")
request.add_header("Authorization", f"Bearer {{TOKEN}}")
with urlopen(request, timeout=10) as answer:
    for item in json.load(answer)["results"]:
        print(item["id"], item["band"], item["fit"] or item["score"])
"""


def at(api: str) -> list[Example]:
    """`api`: the address the API answers at, without a slash at its end."""
    made = (
        (
            "search",
            "Search",
            "Needs no account. An answer has 100 results at most, and a cursor to go on.",
            SEARCH,
        ),
        ("sign-in", "Sign in", "A token lasts minutes and is renewed at /v1/auth/refresh/.", SIGN_IN),
        (
            "score",
            "Score postings",
            "Yours or ours, for a profile you send along. Python alone will do.",
            SCORE,
        ),
    )
    return [Example(name, title, says, text.format(api=api)) for name, title, says, text in made]
