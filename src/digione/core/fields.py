"""The columns that every row table shares."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models

from digione.core.ids import new_id


class Row(models.Model):
    """A row with an id of our own and the moment since which it has stood like this (history keeps the rest)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # The moment that all rows of a transaction have in common: by it the change feed finds them. `Now` is the statement's.
    sys_from = models.DateTimeField(db_default=TransactionNow(), editable=False)

    class Meta:
        abstract = True


def texts(**options: Any) -> "ArrayField[Any, Any]":
    """A list of short texts, empty by default."""
    return ArrayField(models.TextField(), default=list, db_default=[], **options)


def localized(**options: Any) -> "models.JSONField[Any, Any]":
    """A `LocalizedText`: {"fi": …, "sv": …, "en": …}."""
    return models.JSONField(**options)
