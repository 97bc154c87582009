"""Names of human languages, in English and in the language itself -> the English name (ISO 639 names)."""

from __future__ import annotations

_NAMES = """
Afrikaans; Albanian shqip; Amharic አማርኛ; Arabic arabe arabisch árabe arabo العربية αραβικά арабский;
Armenian հայերեն;
Azerbaijani azeri; Basque euskara; Belarusian беларуская белорусский; Bengali bangla বাংলা; Bosnian bosanski;
Bulgarian български βουλγαρικά болгарский bulgarisch bulgare; Burmese; Cantonese; Catalan català catalán;
Cebuano;
Chinese mandarin chinesisch chinois chino cinese 中文 κινέζικα китайский; Creole; Croatian hrvatski
kroatisch; Czech čeština
tschechisch tchèque checo чешский; Danish dansk dänisch danois danés; Dari; Dutch nederlands niederländisch
néerlandais
holandés olandese ολλανδικά нидерландский flemish; English englisch anglais inglés inglese inglês engels
αγγλικά
английский английская; Estonian eesti; Farsi persian فارسی; Filipino tagalog; Finnish suomi finnisch
finnois finlandés;
French französisch français francés francese francês frans γαλλικά французский; Galician; Georgian ქართული;
German deutsch
allemand alemán tedesco alemão duits γερμανικά немецкий; Greek griechisch grec griego greco ελληνικά
греческий; Gujarati ગુજરાતી;
Hausa; Hebrew ivrit עברית hebräisch hébreu hebreo εβραϊκά иврит; Hindi हिन्दी; Hmong; Hungarian magyar
ungarisch hongrois
húngaro венгерский; Icelandic íslenska; Igbo; Indonesian bahasa; Irish gaeilge; Italian italienisch italien
italiano
italiaans ιταλικά итальянский; Japanese japanisch japonais japonés giapponese 日本語 ιαπωνικά японский;
Kannada; Kazakh;
Khmer; Kinyarwanda; Korean koreanisch coréen coreano 한국어 κορεατικά корейский; Kurdish; Lao; Latin; Latvian
latviešu;
Lithuanian lietuvių литовский; Luxembourgish; Macedonian македонски; Malay melayu; Malayalam; Maltese
malti; Marathi; Mongolian;
Nepali; Norwegian norsk norwegisch norvégien noruego; Oromo; Pashto; Polish polski polnisch polonais polaco
polacco
πολωνικά польский; Portuguese portugiesisch portugais portugués portoghese português πορτογαλικά
португальский; Punjabi; Quechua;
Romanian română rumänisch roumain rumano ρουμανικά румынский; Russian russisch russe ruso russo русский
ρωσικά русский;
Samoan; Serbian srpski српски serbisch serbe σερβικά сербский; Shona; Sinhala; Slovak slovenčina
slowakisch; Slovenian
slovenščina slowenisch; Somali; Spanish castilian spanisch espagnol español spagnolo espanhol spaans
ισπανικά испанский;
Swahili kiswahili; Swedish svenska schwedisch suédois sueco σουηδικά шведский; Tamil தமிழ்; Telugu తెలుగు;
Thai ไทย;
Tigrinya; Turkish türkçe türkisch turc turco τουρκικά турецкий; Twi; Ukrainian українська ukrainisch
ukrainien ucraniano
ουκρανικά украинский; Urdu اردو; Uzbek; Vietnamese vietnamien tiếng; Welsh cymraeg; Xhosa; Yiddish; Yoruba;
Zulu
"""

#: Lower-case name -> English name.
LANGUAGES: dict[str, str] = {
    form.casefold(): names.split()[0] for names in _NAMES.split(";") for form in names.split()
}
