"""A table of newcomers, as a school secretary would get it: mostly good, with faults that people really make.

It goes in by the ordinary import, so that the demonstration shows a real run, its reconciliation, a possible
duplicate, and learners who still lack a group.
"""

import hashlib
import tempfile
from pathlib import Path

from django.db import connection, transaction

from digione.access.roles import Role
from digione.core.clock import today
from digione.core.use_case import Actor, set_reach
from digione.integrations.csv_templates import read_people
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster

_HOME, _SCHOOL = "Kuusniemi", "Rantapuiston koulu"
_NAME = "uudet-oppilaat.csv"
_TABLE = f"""oma tunnus;henkilötunnus;etunimet;kutsumanimi;sukunimi;syntymäaika;äidinkieli;koulu;vuosiluokka;ryhmä;alkaa
uusi-1;;Nuutti Olavi;Nuutti;Peltosaari;3.5.2019;FI;{_SCHOOL};1;1A;16.11.2026
uusi-2;;Saimi;Saimi;Kuusivaara;17.9.2018;FI;{_SCHOOL};2;;16.11.2026
uusi-3;;Toivo Eino;Toivo;Korpiselkä;31.2.2017;FI;{_SCHOOL};3;3A;7.1.2027
uusi-4;;Lumi;Lumi;Kettukangas;8.1.2016;SV;{_SCHOOL};4;;16.11.2026
uusi-5;140317A935X;Arttu;Arttu;Jokivarsi;14.3.2017;FI;{_SCHOOL};3;3B;7.1.2027
uusi-6;;Amal;Amal;Abdi;22.11.2015;SO;{_SCHOOL};5;5A;16.11.2026
uusi-7;;Nuutti;Nuutti;Peltosaari;3.5.2019;FI;{_SCHOOL};1;1A;16.11.2026
"""


def import_newcomers() -> Report | None:
    """Import the table once into the largest municipality of the demonstration; None where that is not here, or it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM organisations_provider p JOIN organisations_organisation o ON o.id = p.id"
            " WHERE o.name ->> 'fi' = %s",
            [_HOME],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    actor, file_hash = Actor(str(Role.PLATFORM)).at(found[0]), hashlib.sha256(_TABLE.encode()).hexdigest()
    with transaction.atomic():
        set_reach(actor)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM core_importrun WHERE provider_id = %s AND file_hash = %s)",
                [found[0], file_hash],
            )
            if cursor.fetchone()[0]:
                return None
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _NAME
        path.write_text(_TABLE, encoding="utf-8")
        import_roster(
            actor,
            roster=read_people(path, report.problems, today=today()),
            report=report,
            kind="people",
            source=_NAME,
            file_hash=file_hash,
            dry_run=False,
            partial=True,
            accept_removals=False,
            progress=lambda text: None,
        )
    return report
