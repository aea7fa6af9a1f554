"""Study rights with their states, extra information, attainments and assessments."""

import digione.core.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models



class Migration(migrations.Migration):

    dependencies = [
        ('people', '0062_links_counted'),
        ('studies', '0071_school_of_group'),
    ]

    operations = [
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sys_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('provider_id', models.UUIDField()),
                ('attainment_id', models.UUIDField()),
                ('place', models.IntegerField()),
                ('mark_scheme', models.TextField(null=True)),
                ('mark', models.TextField(null=True)),
                ('mark_title', models.JSONField(null=True)),
                ('assessed_on', models.DateField(null=True)),
                ('is_passed', models.BooleanField(null=True)),
                ('description', models.JSONField(null=True)),
                ('carried', models.JSONField(db_default={}, default=dict)),
                ('person', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.RESTRICT, to='people.person')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('provider_id', 'attainment_id', 'place'), name='studies_assessment_place')],
            },
        ),
        migrations.CreateModel(
            name='Attainment',
            fields=[
                ('id', models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sys_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('provider_id', models.UUIDField()),
                ('study_right_id', models.UUIDField()),
                ('place', models.IntegerField()),
                ('carried', models.JSONField(db_default={}, default=dict)),
                ('parent_id', models.UUIDField(null=True)),
                ('node', models.TextField()),
                ('kind', models.TextField()),
                ('module_scheme', models.TextField(null=True)),
                ('module', models.TextField()),
                ('module_title', models.JSONField(null=True)),
                ('module_description', models.JSONField(null=True)),
                ('curriculum', models.TextField(null=True)),
                ('size', models.DecimalField(decimal_places=12, max_digits=24, null=True)),
                ('size_unit', models.TextField(null=True)),
                ('is_compulsory', models.BooleanField(null=True)),
                ('language_scheme', models.TextField(null=True)),
                ('language', models.TextField(null=True)),
                ('course_kind', models.TextField(null=True)),
                ('valid_from', models.DateField(null=True)),
                ('group_name', models.TextField(null=True)),
                ('group_code', models.TextField(null=True)),
                ('grade', models.TextField(null=True)),
                ('site_oid', models.TextField(null=True)),
                ('taught_in', models.TextField(null=True)),
                ('manner_scheme', models.TextField(null=True)),
                ('manner', models.TextField(null=True)),
                ('unit_group', models.TextField(null=True)),
                ('repeats_grade', models.BooleanField(null=True)),
                ('is_limited', models.BooleanField(null=True)),
                ('is_individualised', models.BooleanField(null=True)),
                ('is_weighted', models.BooleanField(null=True)),
                ('is_raise', models.BooleanField(null=True)),
                ('average', models.DecimalField(decimal_places=12, max_digits=24, null=True)),
                ('confirmed_on', models.DateField(null=True)),
                ('confirmed_in', models.TextField(null=True)),
                ('confirmed_by_oid', models.TextField(null=True)),
                ('person', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.RESTRICT, to='people.person')),
            ],
            options={
                'indexes': [models.Index(fields=['study_right_id'], name='studies_attainment_right'), models.Index(fields=['parent_id'], name='studies_attainment_parts')],
                'constraints': [models.UniqueConstraint(fields=('provider_id', 'id', 'person'), name='studies_attainment_tenant')],
            },
        ),
        migrations.CreateModel(
            name='StudyRight',
            fields=[
                ('id', models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sys_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('provider_id', models.UUIDField()),
                ('school_id', models.UUIDField(null=True)),
                ('level', models.TextField()),
                ('national_oid', models.TextField(null=True)),
                ('national_version', models.IntegerField(null=True)),
                ('source_id', models.TextField(null=True)),
                ('source_system', models.TextField(null=True)),
                ('school_oid', models.TextField(null=True)),
                ('organiser_oid', models.TextField(null=True)),
                ('valid_from', models.DateField(null=True)),
                ('valid_to', models.DateField(null=True)),
                ('expected_end', models.DateField(null=True)),
                ('is_purchased', models.BooleanField(null=True)),
                ('arrangement', models.TextField(null=True)),
                ('licence', models.TextField(null=True)),
                ('told_of_person', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], default=list, size=None)),
                ('carried', models.JSONField(db_default={}, default=dict)),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.RESTRICT, to='people.person')),
            ],
            options={
                'indexes': [models.Index(fields=['person', 'provider_id'], name='studies_studyright_whose')],
                'constraints': [models.UniqueConstraint(fields=('provider_id', 'id', 'person'), name='studies_studyright_tenant')],
            },
        ),
        migrations.CreateModel(
            name='StudyRightExtra',
            fields=[
                ('id', models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sys_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('provider_id', models.UUIDField()),
                ('study_right_id', models.UUIDField()),
                ('place', models.IntegerField()),
                ('carried', models.JSONField(db_default={}, default=dict)),
                ('kind', models.TextField()),
                ('is_listed', models.BooleanField()),
                ('holds', models.BooleanField(null=True)),
                ('valid_from', models.DateField(null=True)),
                ('valid_to', models.DateField(null=True)),
                ('country', models.TextField(null=True)),
                ('description', models.JSONField(null=True)),
                ('person', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.RESTRICT, to='people.person')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('provider_id', 'study_right_id', 'place'), name='studies_studyrightextra_place')],
            },
        ),
        migrations.CreateModel(
            name='StudyRightState',
            fields=[
                ('id', models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sys_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('provider_id', models.UUIDField()),
                ('study_right_id', models.UUIDField()),
                ('place', models.IntegerField()),
                ('carried', models.JSONField(db_default={}, default=dict)),
                ('valid_from', models.DateField()),
                ('state', models.TextField()),
                ('funding', models.TextField(null=True)),
                ('person', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.RESTRICT, to='people.person')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('provider_id', 'study_right_id', 'place'), name='studies_studyrightstate_place')],
            },
        ),
    ]
