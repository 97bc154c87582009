"""Words that tell who somebody is rather than what somebody can do. No encoder of a person's text sees them.

Small lists by hand. A name that is no English word needs no entry: it is not in the work vocabulary
(features/blind.py). What stands here are names that are also ordinary words, and very common names.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Given names and surnames that are also words or places of work; never kept, in whatever case.
NAMES = _words(
    """
    alexander alexis amber amir amy ana andrea andrew angel angela angelo ann anna anne anthony april
    archer aria arthur ash ashley aspen aubrey august austin autumn ava bailey banks barbara baron basil
    bay beau becky bell bella ben benjamin berry beth betty bill billy bishop blade blake blanch blaze
    bob bobby bonnie boone brad brady brandon brandy brian brice brook brooke brooks bruce bryan buck
    bud buddy bunny burns bush butler cam cameron candy carla carlos carmen carol caroline carson carter
    cass cathy cedar chad chance chandler chapman charity charles charlie charlotte chase chelsea cherry
    chester chris christina christine christopher chuck cindy clara clark claude clay clement cliff
    clover cody colby cole colin colt connie constance cooper coral cory courtney cox craig cricket cruz
    crystal curt curtis dahlia daisy dale dallas dan dana daniel daphne darcy darwin dave david dawn
    dean deborah delta denim denise dennis denver derby derrick destiny diamond diana diane dick dixie
    dolly dominic don donald donna dora doug douglas drake drew duke dusty dwight earl easter ebony echo
    eden edgar edward elaine elizabeth ella ellen elliot em ember emily emma eric erica ernest essence
    esther ethan eugene eva eve evelyn ever everest faith fanny fatima fawn faye felicity fern finn
    fisher fletcher flint flora florence floyd ford forrest foster fox frances francis frank franklin
    fred freedom gabriel gage gail gale garnet garrett gary gay gem genesis george gerald gilbert gill
    ginger glen glenn gloria golden goldie gordon grace gracie grady graham gray green greg gregory grey
    griffin guy hailey hal hall harley harmony harold harper harris harry harvey haven hawk hayes hazel
    heath heather heaven heidi helen henry herbert hill holland holly honey honor hope houston howard
    hudson hugh hugo hunt hunter ian ida indigo ines ira iris irving isaac ivan ivory ivy jack jackie
    jackson jacob jade jake james jane janet january jasmine jason jasper jay jazz jean jeff jeffrey jen
    jennifer jeremy jerry jersey jesse jessica jewel jill jim jimmy joan joe joel john johnny johnson
    jon jonathan jones jordan jose joseph josh joshua joy joyce juan juanita jude judith judy jules
    julia julian julie july june juniper justin kai karen karl kate katherine kathy kay keith kelly ken
    kenneth kent kerry kevin khan kim king kirk kit kitty knight kyle lacey lake lance landon lane lark
    larry laura laurel lauren laurie laverne lawrence lee leo leon leonard leslie levi lewis li liberty
    lila lilac lily linda lindsay lionel lisa logan london loren lotus lou louis louise lourdes love
    luca lucas lucia lucy luis luke luna luther lynn mac madison mae maggie magnolia mahogany malcolm
    mandy manny marc marcus margaret maria marian marie mario marion marjorie mark marlin marlowe mars
    marsh marshall martha martin marvel marvin mary mason matt matthew maurice maverick max maxwell may
    maya mel melody mercedes mercy meredith merry mia michael michelle miguel mike miles miller milo
    milton mina miracle misty mitch mitchell mohamed mohammed molly monica monroe montana moon moore
    morgan morris moses muhammad murphy myles myrtle nancy nathan neil nell nelson nevada newton nguyen
    nicholas nick nicole nigel noah noel nora norm norman nova oak oakley olga olive oliver olivia omar
    opal ophelia orion oscar otto owen paige palmer pam pamela paris park parker pat patience patricia
    patrick patsy patty paul paula paz pearl peg peggy penelope penn penny pepper perry pete peter petra
    petunia phil philip phillip phoebe phoenix pierce pierre piper poppy porter powell precious presley
    preston prince princess priscilla priya prudence queen quentin quincy quinn rachel rain rainbow
    ralph ramon randall randy raven ray raymond rebecca reed reese regina reid reign remington remy rex
    rhea rhett rhodes rich richard rick ricky ridge riley rio river roach rob robert roberts robin rocco
    rocky rod rodney roger roland roman romeo ron ronald rory rosa rosario rose rosemary ross rowan roy
    royal royce ruby rudy rufus russell rusty ruth ryan ryder saffron sage saint sally sam samuel
    sanders sandra sandy santos sapphire sara sarah saul savannah sawyer scarlet scarlett scott scout
    sean selena senna serena serenity seth shane shannon sharon shaun shaw shay shelby sheldon shelly
    shepherd sherman sherry shirley sidney sienna sierra simon singh sir skip sky skye skylar smith
    sofia sol solomon sonny sophia sophie spencer spike spring stacy stan stanley star stella stephanie
    stephen sterling steve steven stewart stone storm stormy stuart sue sugar summer sunny sunshine
    susan suzanne sydney sylvia tad talon tanner tara tate taylor ted temperance teresa terra terry tess
    thomas thorn tiffany tiger tim timothy tina toby todd tom tommy toni tony tory tracy travis trent
    trevor trey trinity tripp tristan troy tucker ty tyler uma valentine valerie van vance vera verity
    vernon veronica vicky victor victoria viktor vin vince vincent viola violet virgil virginia vivian
    wade walker wallace wally walter wang warren watson wayne wendy wesley whitney wilder will willa
    william willie willow wilson windy winston winter wolf wood woods woody wren wright wyatt yang young
    yusuf zane zen zion zoe
    """
)
#: Pronouns and words that say a person's sex or standing in a family.
GENDERED = _words(
    """
    i me my mine myself he him his himself she her hers herself they them their theirs themself
    themselves xe xem ze zir mx mr mrs ms miss sir madam lady ladies gentleman gentlemen man men woman
    women male males female females girl girls boy boys guy guys mother mothers father fathers mom mum
    mommy mummy dad daddy husband wife wives spouse son sons daughter daughters brother brothers sister
    sisters uncle aunt nephew niece grandmother grandfather widow widower bride groom fiance fiancee
    girlfriend boyfriend housewife househusband homemaker maternity paternity maternal paternal pregnant
    pregnancy motherhood fatherhood feminine masculine alumna alumnus alumni alumnae sorority fraternity
    womens mens transgender nonbinary gay lesbian bisexual queer lgbt lgbtq herr frau monsieur madame
    senor senora
    """
)
#: Birth, family, faith, origin and age.
PERSONAL = _words(
    """
    age aged alumni bible birth birthdate birthday birthplace born buddhist catholic christian
    christians citizen citizens citizenship descent divorced ethnic ethnicity expatriate faith fax
    fifties forties gpa graduate graduated graduates graduating graduation heritage hindu immigrant
    immigrants islam islamic jewish marital married migrant mosque muslim muslims national nationalities
    nationality native old older origin parish passport postal postcode protestant quran racial refugee
    religion senile sikh sixties synagogue teen teenager thirties twenties unmarried visa widowed young
    younger youth youthful zip
    """
)
#: Peoples and languages. As skills, languages are read by the matcher; as words they only say where
#: somebody comes from.
PEOPLES = _words(
    """
    afghan african albanian algerian american argentine argentinian armenian asian australian austrian
    azerbaijani bangladeshi belarusian belgian bolivian bosnian brazilian british bulgarian cambodian
    cameroonian canadian caribbean chilean chinese colombian congolese croatian cuban cypriot czech
    danish dominican dutch ecuadorian egyptian english eritrean estonian ethiopian european filipino
    finnish flemish french georgian german ghanaian greek guatemalan haitian hispanic honduran hungarian
    icelandic indian indonesian iranian iraqi irish israeli italian ivorian jamaican japanese jordanian
    kazakh kenyan korean kosovar kurdish kuwaiti latin latino latina latvian lebanese libyan lithuanian
    macedonian malaysian maltese mexican moldovan mongolian montenegrin moroccan nepalese nepali
    nicaraguan nigerian norwegian pakistani palestinian panamanian paraguayan persian peruvian polish
    portuguese romanian russian rwandan salvadoran saudi scottish senegalese serbian singaporean slovak
    slovenian somali spanish sudanese swedish swiss syrian taiwanese tanzanian thai tibetan tunisian
    turkish ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh yemeni zambian zimbabwean
    caucasian arab arabic hebrew hindi urdu mandarin cantonese swahili tamil punjabi bengali
    """
)
#: Words of the calendar and of a gap in it.
CALENDAR = _words(
    """
    january february march april may june july august september october november december jan feb mar
    apr jun jul aug sep sept oct nov dec spring summer autumn fall winter monday tuesday wednesday
    thursday friday saturday sunday present today now current currently date since until till ongoing
    year years yr yrs month months week weeks day days decade decades recent recently former formerly
    ago sabbatical gap break unemployed unemployment jobless one two three four five six seven eight
    nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty
    forty fifty sixty seventy eighty ninety hundred first
    """
)
#: They carry no meaning of their own, and what stands around a removed word must not tell of it.
FUNCTION = _words(
    """
    a about above after again all also am an and any are around as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has have
    having here how if in into is it its itself just more most near no nor not of off on once only or
    other our ours ourselves out over own per same should so some such than that the then there these
    this those through to too under up upon very via was we were what when where which while who whom
    whose why will with within without would you your yours yourself etc e g ie eg
    """
)
DROPPED = NAMES | GENDERED | PERSONAL | PEOPLES | CALENDAR | FUNCTION
#: Names of occupations that tell a sex, and what both are called here.
_NEUTRAL = """
    waiter|waitress=server waiters|waitresses=servers actress=actor actresses=actors hostess=host
    hostesses=hosts stewardess=steward stewardesses=stewards barman|barmaid=bartender
    headmaster|headmistress=headteacher seamstress=tailor masseur|masseuse=massage_therapist
    chambermaid=housekeeper fireman|firewoman=firefighter policeman|policewoman=police_officer
    mailman|postman|postwoman=mail_carrier cameraman|camerawoman=camera_operator
    chairman|chairwoman=chair foreman|forewoman=foreperson craftsman|craftswoman=artisan
    handyman|handywoman=handyperson businessman|businesswoman=businessperson
    salesman|saleswoman=salesperson salesmen|saleswomen=salespeople spokesman|spokeswoman=spokesperson
    repairman|repairwoman=repairer lineman|linewoman=lineworker serviceman|servicewoman=servicemember
    fisherman|fisherwoman=fisher draftsman|draftswoman|draughtsman|draughtswoman=drafter watchman=guard
    doorman=door_attendant workman|workwoman=worker anchorman|anchorwoman=anchor
    congressman|congresswoman=legislator storeman|storewoman=storekeeper kauffrau=kaufmann
    krankenschwester=krankenpfleger enfermera=enfermero infirmière=infirmier serveuse=serveur
    vendeuse=vendeur directrice=directeur ingeniera=ingeniero desarrolladora=desarrollador
"""
NEUTRAL = {
    word: called.replace("_", " ")
    for words, called in (pair.split("=") for pair in _NEUTRAL.split())
    for word in words.split("|")
}


def neutral_word(word: str) -> str:
    """A lower-case word without the sex it tells: "waitress" -> "server", "entwicklerin" -> "entwickler"."""
    found = NEUTRAL.get(word)
    if found is not None:
        return found
    if len(word) > 7 and word.endswith("erin") and word != "glycerin":
        return word[:-2]  # German: -er and -erin
    return word
