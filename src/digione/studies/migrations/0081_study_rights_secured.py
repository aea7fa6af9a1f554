"""Row-level security and history of study rights, and keys that start with the tenant.

The key of what hangs on a study right carries the person as well, so that it follows where the study right goes when two
records turn out to be of the same person.
"""

from django.db import migrations

from digione.core.tables import tenant_table

_OF_RIGHT = "id provider_id study_right_id person_id place".split()
STUDY_RIGHT = (
    "id provider_id person_id school_id level national_oid national_version source_id source_system school_oid"
    " organiser_oid valid_from valid_to expected_end is_purchased arrangement licence told_of_person carried sys_from"
).split()
STATE = [*_OF_RIGHT, *"valid_from state funding carried sys_from".split()]
EXTRA = [*_OF_RIGHT, *"kind is_listed holds valid_from valid_to country description carried sys_from".split()]
ATTAINMENT = [
    *_OF_RIGHT,
    *(
        "parent_id node kind module_scheme module module_title module_description curriculum size size_unit is_compulsory"
        " language_scheme language course_kind valid_from group_name group_code grade site_oid taught_in manner_scheme"
        " manner unit_group repeats_grade is_limited is_individualised is_weighted is_raise average confirmed_on"
        " confirmed_in confirmed_by_oid carried sys_from"
    ).split(),
]
ASSESSMENT = (
    "id provider_id attainment_id person_id place mark_scheme mark mark_title assessed_on is_passed description carried"
    " sys_from"
).split()
_KEY = (
    "ADD FOREIGN KEY (provider_id, {column}, person_id) REFERENCES {table} (provider_id, id, person_id)"
    " ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED"
)
_OF = _KEY.format(column="study_right_id", table="studies_studyright")
# A number is kept as it was written (1 as 1, 1.0 as 1.0), so the type has no precision of its own.
KEYS = f"""
ALTER TABLE studies_attainment ALTER size TYPE numeric, ALTER average TYPE numeric;
ALTER TABLE studies_studyright
    ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id),
    ADD FOREIGN KEY (school_id) REFERENCES organisations_organisation (id);
ALTER TABLE studies_studyrightstate {_OF};
ALTER TABLE studies_studyrightextra {_OF};
ALTER TABLE studies_attainment {_OF}, {_KEY.format(column="parent_id", table="studies_attainment")};
ALTER TABLE studies_assessment {_KEY.format(column="attainment_id", table="studies_attainment")};
"""
# A provider is in no statistics before its first import, and tables that grow that fast are counted soon.
STATISTICS = "".join(
    f"ALTER TABLE studies_{table} SET (autovacuum_analyze_threshold = 1000, autovacuum_analyze_scale_factor = 0);"
    for table in ("studyright", "studyrightstate", "studyrightextra", "attainment", "assessment")
)


class Migration(migrations.Migration):
    dependencies = [("studies", "0080_study_rights")]
    operations = [
        migrations.RunSQL(KEYS, migrations.RunSQL.noop),
        migrations.RunSQL(STATISTICS, migrations.RunSQL.noop),
        *tenant_table("studies_studyright", STUDY_RIGHT, person="person_id"),
        *tenant_table("studies_studyrightstate", STATE, person="person_id"),
        *tenant_table("studies_studyrightextra", EXTRA, person="person_id"),
        *tenant_table("studies_attainment", ATTAINMENT, person="person_id"),
        *tenant_table("studies_assessment", ASSESSMENT, person="person_id"),
    ]
