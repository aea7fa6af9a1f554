"""Django's settings, read from the environment; every variable is explained in docs/operations.md."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from digione.config.adapters import is_on
from digione.config.installed import INSTALLED_APPS as INSTALLED_APPS

PACKAGE = Path(__file__).resolve().parent.parent


def _flag(name: str, default: str = "0") -> bool:
    value = os.environ.get(name, default).lower()
    if value not in {"0", "1", "true", "false", ""}:
        raise ValueError(f"{name} takes 1 or 0, not {value!r}.")
    return value in {"1", "true"}


def _rate(name: str, default: str) -> tuple[float, int]:
    """Return requests a second and at once, from `200/1000`. 0 a second means no limit."""
    per_second, _, burst = os.environ.get(name, default).partition("/")
    try:
        return float(per_second), int(burst or 1)
    except ValueError:
        raise ValueError(f"{name} takes requests a second and at once, like {default}.") from None


#: Behind a pooler in transaction mode no plan can be kept with a connection.
KEEP_PLANS = _flag("DIGIONE_KEEP_PLANS", "1")


def database_from_url(url: str) -> dict[str, Any]:
    """Return Django's description of a `postgresql://` address; query parameters become driver options."""
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or parts.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "digione",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "digione", **options},
    }


DEBUG = False
DEMO = _flag("DIGIONE_DEMO") and is_on("demo")
#: The demo signs nobody real in, so it may run with a key that everybody knows; anything else must bring its own.
SECRET_KEY = os.environ.get("DIGIONE_SECRET_KEY") or ("demo-only-" + "0" * 50 if DEMO else "")
if not SECRET_KEY:
    SECRET_KEY = "set-DIGIONE_SECRET_KEY-before-serving-" + "0" * 30 if not _flag("DIGIONE_SERVING") else ""
ALLOWED_HOSTS = [host for host in os.environ.get("DIGIONE_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("DIGIONE_ORIGINS", "").split(",") if origin]
SECURE_COOKIES = _flag("DIGIONE_HTTPS")
#: How many proxies of our own stand in front: what the outermost noted is the caller's address. 0 trusts no header.
PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("DIGIONE_PROXIES", "0"))
#: How often one app may ask, how often one address may ask for tokens, and how often it may send such as open nothing;
#: see `rest/gate.py`.
APP_RATE = _rate("DIGIONE_APP_RATE", "200/1000")
TOKEN_RATE = _rate("DIGIONE_TOKEN_RATE", "5/50")
REFUSED_RATE = _rate("DIGIONE_REFUSED_RATE", "1/60")

MIDDLEWARE = [
    "digione.rest.interfaces.Interfaces",
    "django.middleware.security.SecurityMiddleware",
    "digione.web.static_files.CompressedStatic",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "digione.web.actor.ActorMiddleware",
]
ROOT_URLCONF = "digione.config.urls"
WSGI_APPLICATION = "digione.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "digione.web.actor.desk",
            ],
        },
    }
]

DATABASES = {
    "default": database_from_url(
        os.environ.get("DIGIONE_APP_DATABASE_URL") or os.environ.get("DATABASE_URL") or "postgresql://localhost/digione"
    )
}
#: In the process. It remembers failed sign-ins too, so it must be too large for others to push them out.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 50_000}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "digione.web.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
#: A whole school signs in from one address in the same minute; one account is guessed at five times in five minutes.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "60/m/ip,5/5m/key"}
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/demo" if DEMO else "/accounts/login/"

OAUTH2_PROVIDER = {
    "SCOPES": {
        "https://purl.imsglobal.org/spec/or/v1p2/scope/roster.readonly": "OneRoster 1.2: the whole roster",
        "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly": "OneRoster 1.2: the core of the roster",
        "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-demographics.readonly": "OneRoster 1.2: demographics",
    },
    "SCOPES_BACKEND_CLASS": "digione.access.scopes.TakenScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 86400,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
}

# The models are the library's own; Django's migrations want to be told so.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth2_provider.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth2_provider.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth2_provider.IDToken"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth2_provider.Grant"

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

LANGUAGE_CODE = "fi"
LANGUAGES = [("fi", _("Finnish")), ("sv", _("Swedish")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = "Europe/Helsinki"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
#: Takes the heads of the log's seals away from this machine, by its standard input.
AUDIT_HEADS_COMMAND = os.environ.get("DIGIONE_AUDIT_HEADS_COMMAND", "")
STATIC_ROOT = os.environ.get("DIGIONE_STATIC_ROOT") or None
WHITENOISE_AUTOREFRESH = False
# Collected files bear a hash of their content in their names, so browsers keep them for good. Where nothing was
# collected (a command, a test), they come from the package under their plain names, and are kept for a minute.
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if SECURE_COOKIES else 0
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("DIGIONE_LOG_LEVEL", "WARNING")},
}
