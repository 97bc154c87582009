"""Names of countries, states and well-known areas that are not in the table of cities.

Keys are folded (see `gazetteer.fold`). Country and state names and codes: ISO 3166 and the postal services.
"""

from __future__ import annotations

CANADA_ADMIN1 = {
    "01": "AB", "02": "BC", "03": "MB", "04": "NB", "05": "NL", "07": "NS", "08": "ON",
    "09": "PE", "10": "QC", "11": "SK", "12": "YT", "13": "NT", "14": "NU",
}  # fmt: skip

US_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "district of columbia": "DC",
    "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN",
    "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD",
    "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS", "missouri": "MO",
    "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ",
    "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND", "ohio": "OH",
    "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC",
    "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip

CANADA_PROVINCES = {
    "alberta": "AB", "british columbia": "BC", "manitoba": "MB", "new brunswick": "NB",
    "newfoundland": "NL", "nova scotia": "NS", "ontario": "ON", "prince edward island": "PE",
    "quebec": "QC", "saskatchewan": "SK",
}  # fmt: skip

BRITISH_NATIONS = {"england": "ENG", "scotland": "SCT", "wales": "WLS", "northern ireland": "NIR"}

GERMAN_AUSTRALIAN_STATES = {
    "bavaria": "DE", "bayern": "DE", "baden wurttemberg": "DE", "hesse": "DE", "saxony": "DE",
    "nrw": "DE", "new south wales": "AU", "nsw": "AU", "queensland": "AU", "catalonia": "ES",
    "victoria australia": "AU", "south holland": "NL", "north holland": "NL", "ile de france": "FR",
    "karnataka": "IN", "maharashtra": "IN", "tamil nadu": "IN", "telangana": "IN", "kerala": "IN",
}  # fmt: skip

COUNTRIES = {
    "argentina": "AR", "armenia": "AM", "australia": "AU", "austria": "AT", "azerbaijan": "AZ",
    "bangladesh": "BD", "belarus": "BY", "belgium": "BE", "bolivia": "BO", "bosnia": "BA", "brazil": "BR",
    "brasil": "BR", "bulgaria": "BG", "cambodia": "KH", "canada": "CA", "chile": "CL", "china": "CN",
    "colombia": "CO", "costa rica": "CR", "croatia": "HR", "cyprus": "CY", "czech republic": "CZ",
    "czechia": "CZ", "denmark": "DK", "dominican republic": "DO", "ecuador": "EC", "egypt": "EG",
    "estonia": "EE", "ethiopia": "ET", "finland": "FI", "france": "FR", "germany": "DE",
    "deutschland": "DE", "ghana": "GH", "greece": "GR", "guatemala": "GT", "holland": "NL",
    "hong kong": "HK", "hungary": "HU", "iceland": "IS", "india": "IN", "indonesia": "ID", "iran": "IR",
    "iraq": "IQ", "ireland": "IE", "israel": "IL", "italy": "IT", "jamaica": "JM", "japan": "JP",
    "kazakhstan": "KZ", "kenya": "KE", "kosovo": "XK", "kuwait": "KW", "latvia": "LV", "lebanon": "LB",
    "liechtenstein": "LI", "lithuania": "LT", "luxembourg": "LU", "macedonia": "MK", "malaysia": "MY",
    "malta": "MT", "mauritius": "MU", "mexico": "MX", "moldova": "MD", "monaco": "MC", "mongolia": "MN",
    "montenegro": "ME", "morocco": "MA", "myanmar": "MM", "nepal": "NP", "netherlands": "NL",
    "the netherlands": "NL", "new zealand": "NZ", "nicaragua": "NI", "nigeria": "NG", "norway": "NO",
    "pakistan": "PK", "panama": "PA", "paraguay": "PY", "peru": "PE", "philippines": "PH", "poland": "PL",
    "portugal": "PT", "puerto rico": "PR", "qatar": "QA", "romania": "RO", "russia": "RU", "rwanda": "RW",
    "saudi arabia": "SA", "serbia": "RS", "singapore": "SG", "slovakia": "SK", "slovenia": "SI",
    "south africa": "ZA", "south korea": "KR", "korea": "KR", "spain": "ES", "sri lanka": "LK",
    "sweden": "SE", "switzerland": "CH", "taiwan": "TW", "tanzania": "TZ", "thailand": "TH",
    "tunisia": "TN", "turkey": "TR", "turkiye": "TR", "uganda": "UG", "ukraine": "UA",
    "united arab emirates": "AE", "uae": "AE", "united kingdom": "GB", "great britain": "GB",
    "united states": "US", "united states of america": "US", "usa": "US", "uruguay": "UY",
    "uzbekistan": "UZ", "venezuela": "VE", "vietnam": "VN", "viet nam": "VN", "zimbabwe": "ZW",
}  # fmt: skip

#: Written in capitals only: in lower case these are ordinary words.
COUNTRY_CODES = {"US": "US", "UK": "GB", "GB": "GB", "U.S": "US", "U.K": "GB", "U.S.A": "US", "NZ": "NZ",
                 "NL": "NL"}  # fmt: skip

#: Places without a country: they make a segment a location and nothing more.
WIDE_AREAS = frozenset(
    [
        "africa", "americas", "apac", "asia", "benelux", "earth", "emea", "eu", "europe", "european union",
        "latam", "latin america", "middle east", "north america", "scandinavia", "south america",
        "southeast asia", "nordics", "worldwide", "anywhere", "global", "globally", "everywhere",
        "central europe", "eastern europe", "western europe",
    ]
)  # fmt: skip

#: Cities whose one-word names are ordinary words in postings: believed only beside a region or country.
_AMBIGUOUS = """
ado apple banbury bar barking bath battle beaver bell bellflower bend best bo bor bracket brand brea
build bury buy central city cloud coast commerce core corona crystal data date deal deep delta
design deux eagle ed eden elk ely engineering enterprise fast fountain full garland go gold green
growth ham hercules here home hope hub hull hurst hyde iba imperial independence industry intern ip
jackson java job junior justice kent lark launch lawrence lead leek liberty lille lincoln long los
madison male man mandarin march marina marketing media mercedes mission mobile moss most navan nice
normal obo of office opera opportunity orange pace page palm paradise park parker part pearl pharr
pico pinole plant post progress python reading remote rice ripley rising rugby rush sale salt same
san sandy security senior sligo spirit split spring springs star stone street summit sun sunrise
superior surprise swift swords taylor temple time tours toyota tracy trim troy tyler union
university visa vista ware warren wayne web wells wheeling wilson winston worth young
"""
AMBIGUOUS = frozenset(_AMBIGUOUS.split())

#: Words that may stand in a location without naming a place.
_LOCATION_FILLER = """
& / a also and any anywhere are area areas around at based both central cet cities city close coast
countries country county district downtown east eastern either else est europe from gmt greater
headquarters hq in including is location locations metro metropolitan min mins minutes more multiple
nationwide near nearby north northern of office offices ok on-site only onsite or other our outside
plus possible preferably preferred pst region region( relocation remote several side site south southern
square suburb suburbs the time timezone timezones to us-based utc various we west western within
worldwide zone zones
"""
LOCATION_FILLER = frozenset(_LOCATION_FILLER.split())
