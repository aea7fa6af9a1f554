"""Rows that were brought before a key said who masters them get a master: the source that has them, else had them.

A person who has none is another provider's to master; a school of the register is the register's.
"""

from django.db import migrations

SQL = """
UPDATE core_sourcekey k SET masters = true FROM (
    SELECT DISTINCT ON (c.provider_id, c.kind, c.target_id) c.provider_id, c.source, c.kind, c.key
    FROM core_sourcekey c
    LEFT JOIN people_guardianship g ON c.kind = 'guardian' AND g.id = c.target_id
    LEFT JOIN organisations_organisation o ON c.kind = 'school' AND o.id = c.target_id
    WHERE c.kind IN ('session', 'course', 'group', 'membership', 'enrolment')
       OR (c.kind = 'guardian' AND g.source = c.source) OR (c.kind = 'school' AND o.source = c.source)
    ORDER BY c.provider_id, c.kind, c.target_id, c.row_hash IS NULL, c.source, c.key) first
WHERE (k.provider_id, k.source, k.kind, k.key) = (first.provider_id, first.source, first.kind, first.key)
  AND NOT EXISTS (SELECT 1 FROM core_sourcekey m WHERE m.provider_id = k.provider_id AND m.kind = k.kind
                  AND m.target_id = k.target_id AND m.masters);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0050_house_groups"),
        ("core", "0050_ops_key_fingerprints"),
        ("organisations", "0051_house_succession"),
        ("people", "0060_ops_identifier_cases"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
