"""The room's first migration. The functions of OneRoster follow in the next one."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("access", "0010_page_buckets"),
        ("audit", "0001_log"),
        ("studies", "0002_security"),
        ("oauth2_provider", "0001_initial"),
    ]
    operations: list[migrations.RunSQL] = []
