"""Salaries in one currency: annual US dollars, by a fixed table with a date.

The table is fixed on purpose: a posting must not leave a saved search because a rate moved. The factors are
the yearly average of 2024 as the IRS publishes it for tax returns ("Yearly average currency exchange
rates", units of foreign currency for one dollar), so a new year is one new table.
"""

from __future__ import annotations

from decimal import Decimal

from app.kit.periods import PERIODS_PER_YEAR

RATES_OF = "2024"
BASE = "USD"
#: Units of the currency for one US dollar.
PER_DOLLAR = {
    "USD": 1.0,
    "AED": 3.673,
    "AUD": 1.516,
    "BRL": 5.392,
    "CAD": 1.370,
    "CHF": 0.881,
    "CNY": 7.189,
    "CZK": 23.208,
    "DKK": 6.896,
    "EUR": 0.924,
    "GBP": 0.783,
    "HKD": 7.803,
    "HUF": 365.603,
    "ILS": 3.706,
    "INR": 83.677,
    "JPY": 151.353,
    "KRW": 1363.437,
    "MXN": 18.330,
    "NOK": 10.757,
    "NZD": 1.654,
    "PLN": 3.982,
    "SAR": 3.752,
    "SEK": 10.577,
    "SGD": 1.336,
    "THB": 35.267,
    "TRY": 32.867,
    "TWD": 32.117,
    "ZAR": 18.326,
}
#: No currency stated means dollars, as it does when a posting is written.
_MOST = 2_000_000_000


def annual_dollars(amount: float | Decimal | None, currency: str, interval: str = "year") -> int | None:
    """None where there is no amount, or no rate for its currency."""
    rate = PER_DOLLAR.get(currency or BASE)
    if amount is None or rate is None:
        return None
    return min(round(float(amount) * PERIODS_PER_YEAR[interval] / rate), _MOST)
