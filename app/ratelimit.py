"""How often one client may ask, by class of route, told in every answer.

Headers: `RateLimit-Policy` and `RateLimit` (IETF draft-ietf-httpapi-ratelimit-headers-10) and, as that is a
draft still, the `X-RateLimit-*` most clients read. A client is an account, or an address without one (for
IPv6 the /64 that providers give to one customer). Counted in this process, so limits are shared out among
the workers.

| class | routes | per minute |
|---|---|---|
| `sign-in` | anonymous POST below /auth/, and the forms of the pages that do the same | 30 |
| `try` | resumes dropped without an account | 6 |
| `match` | /api/v2/ | 240 |
| `write` | all other changes | 120 |
| `read` | all other reading | 600 |
"""

from __future__ import annotations

import ipaddress
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import problems
from app.errors import InvalidTokenError, RateLimitedError
from app.kit.cache import TtlCache
from app.kit.gcra import Quota, RateLimiter, Verdict
from app.kit.tokens import LEEWAY_S, Claims, TokenSigner

SIGN_IN = Quota("sign-in", 30)
TRY = Quota("try", 6)
MATCH = Quota("match", 240)
WRITE = Quota("write", 120)
READ = Quota("read", 600)
CLASSES = (SIGN_IN, TRY, MATCH, WRITE, READ)
#: Where the claims of a token that was read here are left in the ASGI scope: reading one twice costs.
CLAIMS = "jobpilot.claims"
#: A token read a moment ago is not read again: only time can end it, and clocks may differ by as much.
KNOWN_S = LEEWAY_S
#: Watched by load balancers and monitors, which must always get their answer; and files of the pages.
UNLIMITED = ("/health", "/static/")
#: Forms that do what the API does below /auth/.
SIGN_IN_FORMS = ("/login", "/register", "/forgot", "/verify", "/account/")


def quota_of(method: str, path: str, *, anonymous: bool) -> Quota | None:
    """The quota a request counts against; None where nothing is computed."""
    if path.startswith(UNLIMITED):
        return None
    reads = method in ("GET", "HEAD", "OPTIONS")
    if anonymous and not reads and ("/auth/" in path or path.startswith(SIGN_IN_FORMS)):
        return SIGN_IN
    if not reads and path in ("/try", "/try/"):
        return TRY
    if path.startswith("/api/v2/"):
        return MATCH
    return READ if reads else WRITE


class RateLimits:
    """`factor` multiplies every limit; 0 turns them off (for load tests)."""

    def __init__(self, app: ASGIApp, *, signer: TokenSigner, factor: float, workers: int) -> None:
        self.app, self.signer = app, signer
        share = factor / max(workers, 1)
        self.quotas = {q.name: Quota(q.name, max(1, round(q.limit * share)), q.window_s) for q in CLASSES}
        self.off = factor == 0
        self.limiter = RateLimiter(time.monotonic)
        self._known = TtlCache[Claims](capacity=4096)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.off:
            await self.app(scope, receive, send)
            return
        account = self._account(scope)
        chosen = quota_of(scope["method"], scope["path"], anonymous=not account)
        if chosen is None:
            await self.app(scope, receive, send)
            return
        quota = self.quotas[chosen.name]
        verdict = self.limiter.ask(quota, account or _address(scope))

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers(quota, verdict))
            await send(message)

        if verdict.allowed:
            await self.app(scope, receive, send_with_limits)
        else:
            error = RateLimitedError(
                f"at most {quota.limit} requests of class {quota.name} in {quota.window_s} s",
                retry_after_s=verdict.retry_s,
                extensions={"violated-policies": [quota.name]},
            )
            await problems.from_app_error(scope["path"], error)(scope, receive, send_with_limits)

    def _account(self, scope: Scope) -> str:
        """The account a valid token names; whether its session lives is not asked here."""
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return ""
        claims = self._known.get(token)
        if claims is None:
            try:
                claims = self.signer.read(token.strip())
            except InvalidTokenError:
                return ""
            self._known.put(token, claims, KNOWN_S)
        scope[CLAIMS] = claims
        return str(claims.user)


def headers(quota: Quota, verdict: Verdict) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"{quota.name}";q={quota.limit};w={quota.window_s}',
        "RateLimit": f'"{quota.name}";r={verdict.remaining};t={verdict.reset_s}',
        "X-RateLimit-Limit": str(quota.limit),
        "X-RateLimit-Remaining": str(verdict.remaining),
        "X-RateLimit-Reset": str(verdict.reset_s),
    }


def _address(scope: Scope) -> str:
    host = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
