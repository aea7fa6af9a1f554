"""Tables of the room, private to it."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now, Upper

from digione.core.fields import texts
from digione.core.ids import new_id


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts."""

    def create_user(self, username: str, password: str | None = None, **values: object) -> "Account":
        """Make an account; its password is stored as a slow hash."""
        account = self.model(username=username, **values)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """A way to sign in. Rights come from the person's live rows, never from the account."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.TextField(unique=True)
    email = models.EmailField(default="", db_default="", blank=True)
    person_id = models.UUIDField(null=True, db_index=True)
    language = models.TextField(default="fi", db_default="fi")
    is_active = models.BooleanField(default=True, db_default=True)
    is_platform_admin = models.BooleanField(default=False, db_default=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    objects = AccountManager()

    class Meta:
        # In the form in which Django compares whatever the case, so that the index serves the sign-in as well.
        constraints = [models.UniqueConstraint(Upper("username"), name="access_account_name_once")]


class Supplier(models.Model):
    """Who makes apps. The secret that derives its ids of persons is a column that only the database's owner reads."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="access_supplier_once")]


class App(models.Model):
    """A supplier's program, with its OAuth client."""

    id = models.UUIDField(primary_key=True, default=new_id)
    supplier = models.ForeignKey(Supplier, on_delete=models.RESTRICT)
    application = models.OneToOneField("oauth2_provider.Application", on_delete=models.RESTRICT)
    name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint("supplier", Upper("name"), name="access_app_once")]


class Taking(models.Model):
    """A provider has taken an app into use: with which scopes, from when, until when. A right that ends with its row."""

    id = models.UUIDField(primary_key=True, default=new_id)
    provider_id = models.UUIDField()
    app = models.ForeignKey(App, on_delete=models.RESTRICT)
    scopes = texts()
    non_disclosure_included = models.BooleanField(default=False, db_default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider_id", "app", "valid_from"], name="access_taking_once")]
        indexes = [models.Index(fields=["app", "provider_id"], name="access_taking_app")]


class Subject(models.Model):
    """The id by which one supplier's apps know a person: stable for that supplier, different from any other's."""

    pk = models.CompositePrimaryKey("supplier_id", "person_id")
    supplier_id = models.UUIDField()
    person_id = models.UUIDField()
    sourced_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["supplier_id", "sourced_id"], name="access_subject_once")]
