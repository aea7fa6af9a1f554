"""The columns of the templates and their headers in Finnish, Swedish and English; explained in docs/import-templates.md."""

_PERSON = {
    "id": ("oma tunnus", "eget id", "own id"),
    "hetu": ("henkilötunnus", "personbeteckning", "identity code", "hetu"),
    "first_names": ("etunimet", "förnamn", "first names"),
    "given_name": ("kutsumanimi", "tilltalsnamn", "given name"),
    "family_name": ("sukunimi", "efternamn", "family name"),
    "email": ("sähköposti", "e-post", "email"),
    "phone": ("puhelin", "telefon", "phone"),
    "username": ("käyttäjätunnus", "användarnamn", "username"),
    "school": ("koulu", "skola", "school"),
    "starts": ("alkaa", "börjar", "starts"),
    "ends": ("päättyy", "slutar", "ends"),
}
PEOPLE = {
    **_PERSON,
    "learner_number": ("oppijanumero", "studentnummer", "learner number"),
    "birth_date": ("syntymäaika", "födelsedatum", "birth date"),
    "mother_tongue": ("äidinkieli", "modersmål", "mother tongue"),
    "nationality": ("kansalaisuus", "medborgarskap", "nationality"),
    "home_municipality": ("kotikunta", "hemkommun", "home municipality"),
    "non_disclosure": ("turvakielto", "spärrmarkering", "non-disclosure"),
    "address": ("osoite", "adress", "address"),
    "grade": ("vuosiluokka", "årskurs", "grade"),
    "group": ("ryhmä", "grupp", "group"),
}
for _number in ("1", "2"):
    PEOPLE |= {
        f"guardian{_number}.{name}": (
            f"huoltaja {_number} {finnish}",
            f"vårdnadshavare {_number} {swedish}",
            f"guardian {_number} {english}",
        )
        for name, (finnish, swedish, english) in {
            "hetu": ("henkilötunnus", "personbeteckning", "identity code"),
            "first_names": ("etunimet", "förnamn", "first names"),
            "family_name": ("sukunimi", "efternamn", "family name"),
            "email": ("sähköposti", "e-post", "email"),
            "phone": ("puhelin", "telefon", "phone"),
            "limits": ("rajoitukset", "begränsningar", "limits"),
        }.items()
    }
STAFF = {
    **_PERSON,
    "birth_date": ("syntymäaika", "födelsedatum", "birth date"),
    "role": ("rooli", "roll", "role"),
    "groups": ("ryhmät", "grupper", "groups"),
}
#: The names of roles as people write them.
ROLES = {
    name: role
    for role, names in {
        "teacher": ("opettaja", "lärare", "teacher"),
        "special_needs_teacher": ("erityisopettaja", "speciallärare", "special needs teacher"),
        "principal": ("rehtori", "rektor", "principal"),
        "school_secretary": ("koulusihteeri", "skolsekreterare", "school secretary"),
        "aide": ("koulunkäynninohjaaja", "skolgångshandledare", "aide"),
        "administrator": ("pääkäyttäjä", "huvudanvändare", "administrator"),
        "other": ("muu", "annan", "other"),
    }.items()
    for name in names
}
YES = frozenset(("x", "1", "kyllä", "k", "ja", "j", "yes", "y", "true"))
NO = frozenset(("", "0", "ei", "e", "nej", "n", "no", "false"))
LIMITS = {
    "ei tietoja": "no_information",
    "ingen information": "no_information",
    "no information": "no_information",
    "ei päätöksiä": "no_decisions",
    "inga beslut": "no_decisions",
    "no decisions": "no_decisions",
}
