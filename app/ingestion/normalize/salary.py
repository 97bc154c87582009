"""Text -> salary: amounts, currency and interval, annualised with one set of constants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.kit.periods import PERIODS_PER_YEAR, Interval

_SYMBOLS = {
    "us$": "USD", "$": "USD", "c$": "CAD", "ca$": "CAD", "cad$": "CAD", "a$": "AUD", "au$": "AUD",
    "s$": "SGD", "hk$": "HKD", "nz$": "NZD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₪": "ILS",
    "euro": "EUR", "euros": "EUR", "rs": "INR", "zł": "PLN", "r$": "BRL",
}  # fmt: skip
# Without TRY, which reads as a word, and currencies that postings hardly name.
_CODES = (
    "USD|EUR|GBP|CAD|AUD|CHF|SEK|NOK|DKK|PLN|INR|SGD|JPY|ILS|NZD|CZK|HUF|RON|CNY|BRL|MXN|ZAR|HKD|"
    "AED|RUB|UAH|THB"
)
#: How many US dollars' worth one unit is, to the order of magnitude: only for plausibility bounds.
_SMALL_UNITS = {"JPY": 0.01, "INR": 0.02, "HUF": 0.003, "RUB": 0.02, "THB": 0.03, "UAH": 0.03, "CZK": 0.05}
_CURRENCY = (
    r"(?:(?:US|CA|CAD|AU|HK|NZ|[CASR])\$|[$€£¥₹₪]|zł|Rs\b\.?|euros?\b|(?:" + _CODES + r")(?![A-Za-z]))"
)
_AMOUNT = r"\d{1,3}(?:[,.’' ]\d{3})+(?![\d])|\d{1,7}(?:\.\d{1,2})?"
_UNIT_AFTER = (
    r"(?:\s*(?:/|per|an?|p)\s*\.?\s*(?P<per>hours?|hrs?|h|days?|d|weeks?|wk|months?|mo|m|years?|yrs?|y|"
    r"annum|a)\b"
    r"|\s*\b(?P<adverb>hourly|daily|weekly|monthly|yearly|annually|p\.?a\b|pcm))?"
)
_SALARY = re.compile(
    rf"(?<![\w.,$€£])(?P<c1>{_CURRENCY})?\s?(?P<a1>{_AMOUNT})\s?(?P<k1>k|"
    rf"thousand)?(?![\w%])(?P<c1b>\s?{_CURRENCY})?"
    rf"(?:\s?(?:\+|(?:base|salary)?\s?(?:-|–|—|to|up to|~|/|"
    rf"and)\s?)\s?(?P<c2>{_CURRENCY})?\s?(?P<a2>{_AMOUNT})\s?"
    rf"(?P<k2>k|thousand)?(?![\w%]))?(?P<c3>\s?{_CURRENCY})?{_UNIT_AFTER}",
    re.IGNORECASE,
)
_HINT = re.compile(r"[$€£¥₹₪]|\d\s?k\b|\b(?:" + _CODES + r"|euros?)\b", re.IGNORECASE)
_MILLIONS = re.compile(
    r"^\s?(?:m\b|mm\b|mn\b|mil\b|b\b|bn\b|million|billion|\+?\s?(?:users|customers|people|employees))",
    re.IGNORECASE,
)
_PAY_WORDS = re.compile(
    r"salar|compensat|\bcomp\b|\bpay|\bbase\b|annual|per year|per annum|/\s?y(?:ea)?r|\bp\.?a\b|"
    r"\bOTE\b|\brate\b|hourly|"
    r"per hour|/\s?hr|\bearn|remunerat|\brange|\bwage",
    re.IGNORECASE,
)
_OTHER_MONEY = re.compile(
    r"rais|fund|revenue|\bseed\b|\bround\b|\bseries\b|bonus|prize|budget|stipend|valu|sales|invest|"
    r"referr|reward|profit|"
    r"\bARR\b|\bMRR\b|401|allowance|\bgrant|credit|worth|transactions?\b|market|per (?:person|employee|"
    r"month in)|discount|"
    r"loan|donat|saving",
    re.IGNORECASE,
)
_OWN_DOLLAR = {"CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD"}
_CURRENCY_OF = {
    "US": "USD",
    "GB": "GBP",
    "CH": "CHF",
    "SE": "SEK",
    "NO": "NOK",
    "DK": "DKK",
    "PL": "PLN",
    "IN": "INR",
} | dict.fromkeys(
    (
        "DE",
        "FR",
        "NL",
        "IE",
        "ES",
        "IT",
        "PT",
        "AT",
        "BE",
        "FI",
        "GR",
        "EE",
        "LV",
        "LT",
        "LU",
        "MT",
        "SK",
        "SI",
        "CY",
    ),
    "EUR",
)
_UP_TO = re.compile(r"\b(?:up to|upto|max(?:imum)?(?: of)?|to|≤|<)\s*$", re.IGNORECASE)
_FROM = re.compile(
    r"\b(?:from|starting(?: at)?|min(?:imum)?(?: of)?|at least|start(?:s)? at|≥|>)\s*$", re.IGNORECASE
)
_ANNUAL_BOUNDS = (4_000.0, 3_000_000.0)  # in US dollars' worth


@dataclass(frozen=True, slots=True)
class Salary:
    """`minimum <= maximum` when both are known, in `currency` (ISO 4217, "" unknown) per `interval`."""

    minimum: float | None
    maximum: float | None
    currency: str
    interval: Interval = "year"

    def annual(self) -> Salary:
        factor = PERIODS_PER_YEAR[self.interval]
        low = None if self.minimum is None else round(self.minimum * factor, 2)
        high = None if self.maximum is None else round(self.maximum * factor, 2)
        return Salary(low, high, self.currency)


def parse_salary(text: str, *, header: bool = False) -> Salary | None:
    """The first plausible salary in `text`, or None.

    In a header (a short line of facts) any plausible amount counts; in prose a single amount needs a word
    about pay nearby, and amounts beside words about funding, bonuses or revenue are passed over.
    """
    if not _HINT.search(text):
        return None
    for match in _SALARY.finditer(text):
        found = _salary_of(match, text, header)
        if found is not None:
            return found
    return None


def make_salary(
    minimum: float | None, maximum: float | None, currency: str = "", interval: Interval = "year"
) -> Salary | None:
    """Checked salary from structured fields: swapped bounds are put right, implausible ones dropped."""
    low, high = (v if v is not None and 0 < v < 1e12 else None for v in (minimum, maximum))
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        low, high = high, low
    found = Salary(low, high, currency, interval)
    return found if plausible(found) else None


def plausible(salary: Salary) -> bool:
    scale = _SMALL_UNITS.get(salary.currency, 1.0)
    annual = salary.annual()
    amounts = [v for v in (annual.minimum, annual.maximum) if v is not None]
    return all(_ANNUAL_BOUNDS[0] <= v * scale <= _ANNUAL_BOUNDS[1] for v in amounts) and (
        len(amounts) < 2 or amounts[1] <= 10 * amounts[0]
    )


def currency_code(text: str) -> str:
    """ISO 4217 code of a symbol, code or name; "" when unknown."""
    key = text.strip().strip(".").lower()
    if key in _SYMBOLS:
        return _SYMBOLS[key]
    return key.upper() if re.fullmatch(r"[a-z]{3}", key) else ""


def local_currency(currency: str, country: str) -> str:
    """ "$" (read as USD) is the country's own dollar; an amount without currency is in the country's."""
    if currency == "USD" and country in _OWN_DOLLAR:
        return _OWN_DOLLAR[country]
    return currency or _OWN_DOLLAR.get(country) or _CURRENCY_OF.get(country, "")


def interval_of(text: str) -> Interval | None:
    """ "per hour", "HOUR", "yearly", "p.a.", "1 YEAR" -> the interval."""
    key = text.strip().lower().removeprefix("1 ").removeprefix("per ").removeprefix("per-").strip("/. ")
    if key.startswith(("h", "per hour")):
        return "hour"
    if key.startswith("d"):
        return "day"
    if key.startswith("w"):
        return "week"
    if key.startswith("m") or key == "pcm":
        return "month"
    return "year" if key.startswith(("y", "a", "p.a", "pa")) else None


def _salary_of(match: re.Match[str], text: str, header: bool) -> Salary | None:
    symbol = next((match[g].strip() for g in ("c1", "c1b", "c2", "c3") if match[g]), "")
    thousands = bool(match["k1"] or match["k2"])
    if (not symbol and not thousands) or _MILLIONS.match(text[match.end() :]) or match["a1"] == "401":
        return None
    # "$" beside an explicit code ("$100k CAD") is that code's dollar.
    code = next(
        (c for g in ("c3", "c1b") if match[g] and (c := currency_code(match[g]))), ""
    ) or currency_code(symbol)
    unit = interval_of(match["per"] or match["adverb"] or "") if match["per"] or match["adverb"] else None
    low, high = _amounts(match, unit)
    before = text[max(0, match.start() - 14) : match.start()]
    if low is None or not _believed(match, text, header, low, high, symbol, unit):
        return None
    if high is None and _UP_TO.search(before):
        return make_salary(None, low, code, unit or "year")
    if high is None and not (_FROM.search(before) or "+" in text[match.end() - 1 : match.end() + 2]):
        high = low
    return make_salary(low, high, code, unit or "year")


def _amounts(match: re.Match[str], unit: Interval | None) -> tuple[float | None, float | None]:
    low, high = _number(match["a1"]), _number(match["a2"]) if match["a2"] else None
    if match["k1"] or (match["k2"] and low < 1000):
        low *= 1000
    if high is not None and (match["k2"] or (match["k1"] and high < 1000)):
        high *= 1000
    # "$80-120" with no unit is said of thousands.
    if unit is None and high is not None and 20 <= low < 1000 and 20 <= high < 1000 and not match["k1"]:
        low, high = low * 1000, high * 1000
    return low, high


def _number(text: str) -> float:
    grouped = re.sub(r"[,.’' ](?=\d{3}(?!\d))", "", text)
    return float(grouped)


def _believed(
    match: re.Match[str],
    text: str,
    header: bool,
    low: float,
    high: float | None,
    symbol: str,
    unit: Interval | None,
) -> bool:
    before = text[max(0, match.start() - 60) : match.start()]
    after = re.split(r"[.;,|\n]", text[match.end() : match.end() + 40], maxsplit=1)[0]
    if header:
        return bool(symbol or high is not None) and not _OTHER_MONEY.search(before[-25:] + "|" + after[:20])
    near = before[-60:] + " | " + after
    pay = bool(_PAY_WORDS.search(near) or unit in ("hour", "year"))
    if _OTHER_MONEY.search(before[-35:] + " | " + after[:30]):
        return False
    return bool(symbol) and (pay or (high is not None and low >= 20_000))
