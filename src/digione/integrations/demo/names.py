"""Names by mother tongue, roughly as often as they are met in a Finnish school; the persons are invented."""

# ruff: noqa: SIM905 - long word lists read better as text than as lists of quoted words.

from collections.abc import Collection
from random import Random

#: Mother tongues of families that use Finnish-language schools, in thousandths; codes of the national list `kieli`.
FINNISH_SCHOOL = {
    "FI": 836, "SV": 12, "RU": 28, "AR": 21, "SO": 19, "ET": 17, "EN": 16, "UK": 18, "VI": 10, "KU": 14, "RI": 5, "SE": 4,
}  # fmt: skip
#: Mother tongues of families that use Swedish-language schools, in thousandths.
SWEDISH_SCHOOL = {"SV": 860, "FI": 80, "EN": 18, "UK": 14, "AR": 10, "VI": 8, "RU": 6, "SO": 4}
#: The usual nationality besides Finnish by mother tongue (country codes of `maatjavaltiot2`).
NATIONALITY = {
    "RU": "643", "AR": "368", "SO": "706", "ET": "233", "EN": "826", "UK": "804", "VI": "704", "KU": "368",
}  # fmt: skip

_GIRLS = {
    "FI": "Aino Aada Helmi Iida Selma Enni Lumi Saimi Kerttu Pihla Nea Mimmi Veera Ilona Sofia Linnea Elsa Venla Hilla "
    "Siiri Elli Hilda Vilma Isla Emilia Alma Olivia Eevi Aava Oona Ella Minea Lilja Martta Fanni Aurora Hertta Viola "
    "Amanda Neea",
    "SV": "Alma Ebba Ellen Elsa Freja Ida Linnéa Maja Saga Signe Stella Tuva Tyra Wilma Edith Agnes Astrid Molly Ronja "
    "Svea",
    "SE": "Elle Máret Inka Sárá Biret Sunná Ráijá Ánne",
    "RI": "Sabrina Rosita Mirella Ramona Anita Nadja Esmeralda Saida",
    "RU": "Anastasia Sofia Maria Daria Polina Alisa Viktoria Milana Ksenia Varvara",
    "UK": "Solomija Zlata Anna Oleksandra Darija Kateryna Veronika Jeva Polina Myroslava",
    "SO": "Amina Fadumo Hodan Sagal Ifrah Hamdi Nasra Ikran Zamzam Ayaan",
    "AR": "Maryam Fatima Zahra Noor Layla Aya Zainab Rania Sara Huda",
    "VI": "Linh Mai Ngọc Thảo Trang Anh Lan Hương Vy Minh Châu",
    "ET": "Laura Emma Mia Liisa Kadri Helena Eliise Marleen Liis Triin",
    "EN": "Grace Emily Charlotte Amelia Chloe Ruby Alice Florence Hannah Zoe",
    "KU": "Rojin Zilan Berivan Hêvî Jiyan Narin Dilan Avin Shilan Rozerin",
}
_BOYS = {
    "FI": "Otso Eino Väinö Leo Eeli Niilo Onni Oliver Toivo Arttu Aarni Samu Viljo Peetu Joona Elias Noel Oiva Vilho "
    "Eemil Hugo Nooa Veikko Urho Lauri Matias Mikael Kaapo Daniel Aatos Emil Antton Okko Sulo Pyry Roope Luukas Taisto "
    "Nuutti Iivari",
    "SV": "Alvar Anton Axel Benjamin Edvin Elliot Emil Felix Filip Hugo Isak Leo Liam Lucas Melker Oscar Sixten Theo "
    "Viktor William",
    "SE": "Áilu Niillas Ánte Juhán Máhtte Piera Jovnna Sámmol",
    "RI": "Allan Rafael Valfrid Elvis Romeo Santeri Feliks Leif",
    "RU": "Aleksandr Maksim Artjom Mihail Daniil Ivan Dmitri Kirill Andrei Nikita",
    "UK": "Oleksandr Maksym Artem Danylo Bohdan Matvij Tymofij Marko Ivan Dmytro",
    "SO": "Mohamed Abdi Ahmed Ismail Yusuf Hassan Liban Mahad Abdirahman Guled",
    "AR": "Ali Omar Mohammed Hussein Yousef Ibrahim Karim Mustafa Hamza Adam",
    "VI": "Minh Huy Khôi Đức Nam Phúc Bảo Long Quân Tuấn",
    "ET": "Robin Rasmus Oskar Kristjan Markus Martin Karl Siim Taavi Sander",
    "EN": "Oliver Jack Harry George Noah Charlie Thomas James Henry Samuel",
    "KU": "Azad Baran Rêber Dilovan Aram Zana Rebin Şivan Hejar Renas",
}
_GROWN_WOMEN = {
    "FI": "Katri Marjukka Pirjo Tuula Sanna Anni Tiina Reeta Outi Heidi Minna Johanna Päivi Satu Mari Hanna Kirsi Riikka "
    "Elina Laura Maria Jenni Heli Anne Saara Piia Niina Terhi Susanna Merja",
    "SV": "Annika Camilla Maria Åsa Jessica Sofia Linda Pia Ulrika Johanna Anna Malin Petra Nina Heidi",
}
_GROWN_MEN = {
    "FI": "Ilmari Sampo Jari Mikael Juha Timo Mika Jukka Antti Janne Petri Markus Tommi Ville Jussi Harri Kari Matti "
    "Teemu Tuomas Heikki Sami Pasi Jani Lauri Marko Toni Mikko Veikko Aki",
    "SV": "Anders Johan Mats Fredrik Peter Kristian Jan Stefan Magnus Patrik Henrik Tom Jonas Niklas Mikael",
}
_FAMILY_STARTS = (
    "Ahven Haapa Halme Harju Hieka Hopea Kaarna Kallio Karhu Kettu Kivi Korpi Kuusi Laakso Lehto Lumi Marja Mustikka "
    "Niitty Ohra Pihlaja Rauha Saarni Tuomi Vaahtera Salo Suvi Terva Vesi Halla"
).split()
_FAMILY_ENDS = "lampi salmi selkä vuori kangas koski mäki vaara ranta niemi oja järvi saari aho luoto".split()
_PLAIN_FAMILIES = (
    "Mäkinen Korhonen Virtanen Nieminen Heikkinen Järvinen Saarinen Hämäläinen Laine Koskinen Lehtonen Salonen Rantanen "
    "Savolainen Karjalainen Turunen Ojala Peltola Väisänen Räsänen Hyttinen Yliniemi Äijälä Östman"
).split()
_FAMILIES = {
    "SV": "Sjöberg Lindqvist Strandvik Holmgård Björkskog Granlund Åkerfors Näsman Österdal Sundholm Bergsund Ekskär "
    "Lillhonga Wikdal Söderö Fagervik Norrgård Ahlskog",
    "SE": "Njuorggánjárga Sarrejok Vuottasjávri Láttesvárri Čoalbmejohka Guovžajohka Jorgás Balddonas",
    "RI": "Korpelund Hedmarsk Valtersten Långmark Palmfelt Stenroth-Salo Lindenfors Bollstrand",
    "RU": "Berezov Sokolovski Ozerin Lesnikov Morozkin Jelagin Ladožin Zimin Poljanski Rjabov",
    "UK": "Bereznenko Sadovyj Lisovenko Stepovyj Ozernjuk Zorenko Kalynenko Vyšnevyj Haiduk Dubenko",
    "SO": "Abdi Warsame Farah Jama Nuur Gedi Samatar Roble Diriye Cige",
    "AR": "al-Basri Darwish al-Tamimi Haddad Najjar al-Rashid Sabbagh Khoury Mansour Zaidan",
    "VI": "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ",
    "ET": "Tammsalu Kuusik Saarepuu Metsoja Rannamägi Kivisild Pärnaots Lepalind",
    "EN": "Hathersage Winterbourne Ashcombe O'Rafferty Fairweather MacLorne Thornby Whitlock",
    "KU": "Şerefxan Amedî Botanî Serhadî Zagrosî Hewramî Çiyayî Dêrsimî",
}

GIRLS = {language: tuple(names.split()) for language, names in _GIRLS.items()}
BOYS = {language: tuple(names.split()) for language, names in _BOYS.items()}
WOMEN = {**GIRLS, **{language: tuple(names.split()) for language, names in _GROWN_WOMEN.items()}}
MEN = {**BOYS, **{language: tuple(names.split()) for language, names in _GROWN_MEN.items()}}
FAMILIES = {language: tuple(names.split()) for language, names in _FAMILIES.items()}


def language_picker(shares: dict[str, int]) -> tuple[list[str], list[int]]:
    """Return languages and cumulative weights in the form that `Random.choices` takes fastest."""
    total, sums = 0, []
    for share in shares.values():
        total += share
        sums.append(total)
    return list(shares), sums


def family_name(random: Random, language: str) -> str:
    """Return a family name of that language; every thirtieth is a double name."""
    if language == "FI":
        name = _finnish_family(random)
        return f"{name}-{_finnish_family(random)}" if random.random() < 0.033 else name
    return random.choice(FAMILIES[language])


def _finnish_family(random: Random) -> str:
    if random.random() < 0.25:
        return random.choice(_PLAIN_FAMILIES)
    return random.choice(_FAMILY_STARTS) + random.choice(_FAMILY_ENDS)


def first_names(
    random: Random, pool: dict[str, tuple[str, ...]], language: str, taken: Collection[str] = ()
) -> tuple[str, str]:
    """Return all first names and the one in use; it is the second one for every tenth person.

    `taken` are the names in use in the family: nobody gets one of them. Instead comes the next one of the list, so that
    no more chance is drawn, and everybody else stays as they are.
    """
    names = pool[language]
    first = _free(random.choice(names), names, taken)
    chance = random.random()
    if chance < 0.15:
        return first, first
    second = _free(random.choice(names), names, taken)
    if second == first:
        return first, first
    if chance > 0.97 and f"{first}-{second}" not in taken:
        return f"{first}-{second}", f"{first}-{second}"
    return f"{first} {second}", second if 0.87 < chance <= 0.97 else first


def _free(name: str, names: tuple[str, ...], taken: Collection[str]) -> str:
    if name not in taken:
        return name
    place = names.index(name)
    return next(one for one in names[place:] + names[:place] if one not in taken)
