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

#: alias -> (city, country, region)
CITY_ALIASES: dict[str, tuple[str, str, str]] = {
    "nyc": ("New York City", "US", "NY"), "new york": ("New York City", "US", "NY"),
    "manhattan": ("New York City", "US", "NY"), "brooklyn": ("New York City", "US", "NY"),
    "queens": ("New York City", "US", "NY"), "long island city": ("New York City", "US", "NY"),
    "soho": ("New York City", "US", "NY"), "midtown": ("New York City", "US", "NY"),
    "flatiron": ("New York City", "US", "NY"), "dumbo": ("New York City", "US", "NY"),
    "union square": ("New York City", "US", "NY"), "long island": ("", "US", "NY"),
    "sf": ("San Francisco", "US", "CA"), "san fran": ("San Francisco", "US", "CA"),
    "soma": ("San Francisco", "US", "CA"), "financial district": ("San Francisco", "US", "CA"),
    "mission district": ("San Francisco", "US", "CA"), "sf bay area": ("San Francisco", "US", "CA"),
    "san francisco bay area": ("San Francisco", "US", "CA"), "bay area": ("San Francisco", "US", "CA"),
    "sf bay": ("San Francisco", "US", "CA"), "san francisco bay": ("San Francisco", "US", "CA"),
    "silicon valley": ("San Jose", "US", "CA"), "south bay": ("San Jose", "US", "CA"),
    "peninsula": ("", "US", "CA"), "east bay": ("Oakland", "US", "CA"),
    "emeryville": ("Emeryville", "US", "CA"), "portola valley": ("Portola Valley", "US", "CA"),
    "sausalito": ("Sausalito", "US", "CA"), "mill valley": ("Mill Valley", "US", "CA"),
    "la": ("Los Angeles", "US", "CA"), "playa vista": ("Los Angeles", "US", "CA"),
    "venice beach": ("Los Angeles", "US", "CA"), "hollywood": ("Los Angeles", "US", "CA"),
    "orange county": ("", "US", "CA"), "marina del rey": ("Marina del Rey", "US", "CA"),
    "socal": ("", "US", "CA"), "southern california": ("", "US", "CA"), "northern california": ("", "US", "CA"),
    "el segundo": ("El Segundo", "US", "CA"), "solana beach": ("Solana Beach", "US", "CA"),
    "dc": ("Washington", "US", "DC"), "washington dc": ("Washington", "US", "DC"),
    "washington d.c": ("Washington", "US", "DC"), "d.c": ("Washington", "US", "DC"),
    "northern virginia": ("", "US", "VA"), "nova": ("", "US", "VA"), "reston": ("Reston", "US", "VA"),
    "tysons corner": ("Tysons", "US", "VA"), "tysons": ("Tysons", "US", "VA"),
    "philly": ("Philadelphia", "US", "PA"), "vegas": ("Las Vegas", "US", "NV"),
    "rtp": ("Durham", "US", "NC"), "research triangle park": ("Durham", "US", "NC"),
    "research triangle": ("Durham", "US", "NC"), "silicon beach": ("Los Angeles", "US", "CA"),
    "bay area ca": ("San Francisco", "US", "CA"), "twin cities": ("Minneapolis", "US", "MN"),
    "dfw": ("Dallas", "US", "TX"), "new england": ("", "US", ""), "midwest": ("", "US", ""),
    "pacific northwest": ("", "US", ""), "east coast": ("", "US", ""), "west coast": ("", "US", ""),
    "st louis": ("St. Louis", "US", "MO"), "st paul": ("St. Paul", "US", "MN"),
    "saint paul": ("St. Paul", "US", "MN"), "slc": ("Salt Lake City", "US", "UT"),
    "ft lauderdale": ("Fort Lauderdale", "US", "FL"), "los gatos": ("Los Gatos", "US", "CA"),
    "waltham": ("Waltham", "US", "MA"), "kendall square": ("Cambridge", "US", "MA"),
    "cambridge": ("Cambridge", "US", "MA"), "back bay": ("Boston", "US", "MA"),
    "armonk": ("Armonk", "US", "NY"), "hoboken": ("Hoboken", "US", "NJ"), "hanover": ("Hanover", "US", "NH"),
    "hannover": ("Hannover", "DE", ""), "park city": ("Park City", "US", "UT"), "jackson hole": ("Jackson", "US", "WY"),
    "waterloo": ("Waterloo", "CA", "ON"), "kitchener waterloo": ("Kitchener", "CA", "ON"),
    "gta": ("Toronto", "CA", "ON"), "quebec city": ("Quebec", "CA", "QC"),
    "shoreditch": ("London", "GB", "ENG"), "old street": ("London", "GB", "ENG"),
    "central london": ("London", "GB", "ENG"), "soho london": ("London", "GB", "ENG"),
    "farringdon": ("London", "GB", "ENG"), "camden": ("London", "GB", "ENG"), "london": ("London", "GB", "ENG"),
    "hammersmith": ("London", "GB", "ENG"), "cologne": ("Köln", "DE", ""), "koeln": ("Köln", "DE", ""),
    "muenchen": ("Munich", "DE", ""), "munchen": ("Munich", "DE", ""), "duesseldorf": ("Düsseldorf", "DE", ""),
    "frankfurt": ("Frankfurt am Main", "DE", ""), "nuremberg": ("Nürnberg", "DE", ""),
    "zuerich": ("Zürich", "CH", ""), "geneve": ("Geneva", "CH", ""), "wien": ("Vienna", "AT", ""),
    "vienna": ("Vienna", "AT", ""), "milano": ("Milan", "IT", ""), "roma": ("Rome", "IT", ""),
    "torino": ("Turin", "IT", ""), "praha": ("Prague", "CZ", ""), "kobenhavn": ("Copenhagen", "DK", ""),
    "lisboa": ("Lisbon", "PT", ""), "gothenburg": ("Göteborg", "SE", ""), "malmo": ("Malmö", "SE", ""),
    "den haag": ("The Hague", "NL", ""), "the hague": ("The Hague", "NL", ""), "antwerp": ("Antwerpen", "BE", ""),
    "brussels": ("Brussels", "BE", ""), "ghent": ("Gent", "BE", ""), "newcastle": ("Newcastle upon Tyne", "GB", "ENG"), "bucharest": ("Bucharest", "RO", ""),
    "cluj": ("Cluj-Napoca", "RO", ""), "kiev": ("Kyiv", "UA", ""), "lvov": ("Lviv", "UA", ""),
    "st petersburg": ("Saint Petersburg", "RU", ""), "saint petersburg": ("Saint Petersburg", "RU", ""),
    "bangalore": ("Bengaluru", "IN", ""), "bombay": ("Mumbai", "IN", ""), "gurgaon": ("Gurugram", "IN", ""),
    "delhi": ("Delhi", "IN", ""), "new delhi": ("New Delhi", "IN", ""), "noida": ("Noida", "IN", ""),
    "madras": ("Chennai", "IN", ""), "tel aviv": ("Tel Aviv", "IL", ""), "herzliya": ("Herzliya", "IL", ""),
    "herzelia": ("Herzliya", "IL", ""), "herzlia": ("Herzliya", "IL", ""), "saigon": ("Ho Chi Minh City", "VN", ""),
    "hcmc": ("Ho Chi Minh City", "VN", ""), "ho chi minh": ("Ho Chi Minh City", "VN", ""),
    "mexico city": ("Mexico City", "MX", ""), "df mexico": ("Mexico City", "MX", ""),
    "sao paulo": ("São Paulo", "BR", ""), "rio": ("Rio de Janeiro", "BR", ""), "kl": ("Kuala Lumpur", "MY", ""),
    "sophia antipolis": ("Sophia Antipolis", "FR", ""), "zug": ("Zug", "CH", ""), "shenzhen": ("Shenzhen", "CN", ""),
    "bay area usa": ("San Francisco", "US", "CA"), "pune": ("Pune", "IN", ""), "tallinn": ("Tallinn", "EE", ""),
    "reykjavik": ("Reykjavík", "IS", ""), "vilnius": ("Vilnius", "LT", ""), "gibraltar": ("Gibraltar", "GI", ""),
}  # fmt: skip

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
plus possible preferably preferred pst region region( relocation remote several side south southern
square suburb suburbs the time timezone timezones to us-based utc various we west western within
worldwide zone zones
"""
LOCATION_FILLER = frozenset(_LOCATION_FILLER.split())
