"""Settings. One laptop needs none of them; a province sets DATABASE_URL, LIANFANG_HOME and LIANFANG_HOSTS."""

import os
import secrets
from pathlib import Path

import dj_database_url
from csp.constants import SELF
from django.utils.translation import gettext_lazy as _

PACKAGE = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("LIANFANG_HOME", "var")).resolve()
DEBUG = os.environ.get("LIANFANG_DEBUG") == "1"
KEYS_FILE = Path(os.environ.get("LIANFANG_KEYS", HOME / "keys.json"))
LAST_SEAL_FILE = KEYS_FILE.with_name("last-seal.json")
PREPARING_FILE = HOME / "preparing"  # locked while a starting platform brings its database up to date
LAST_ROUND_FILE = HOME / "last-round"  # touched by each round of the periodic jobs


def _secret() -> str:
    """Django's secret, made on first start and kept beside the sealing keys."""
    if given := os.environ.get("LIANFANG_SECRET"):
        return given
    path = HOME / "secret"
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)  # whoever comes second keeps the first one's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


SECRET_KEY = _secret()
ALLOWED_HOSTS = [
    host.strip() for host in os.environ.get("LIANFANG_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if host.strip()
]
HTTPS = os.environ.get("LIANFANG_HTTPS") == "1"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "lianfang.kernel",
    "lianfang.definitions",
    "lianfang.registry",
    "lianfang.workorders",
    "lianfang.surveillance",
    "lianfang.tracing",
    "lianfang.quarantine",
    "lianfang.situation",
    "lianfang.exchange",
    "lianfang.bulletin",
    "lianfang.supervision",
    "lianfang.config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lianfang.config.accounts.NotKept",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "lianfang.config.accounts.OneTimePassword",
    "lianfang.registry.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "lianfang.config.urls"
WSGI_APPLICATION = "lianfang.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "lianfang.config.console.page_frame",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{HOME / 'lianfang.sqlite3'}",
        conn_max_age=300,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
        ),
    }

AUTH_USER_MODEL = "kernel.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AXES_HANDLER = "lianfang.config.guessing.SlowsGuessing"
AXES_CLIENT_IP_CALLABLE = "lianfang.kernel.views.address_of"
AXES_FAILURE_LIMIT = 5  # of one name at one address; the wider limits stand in guessing.py
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # whoever goes on trying does not prolong it for others
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_ENABLE_ADMIN = False
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("LIANFANG_TIME_ZONE", "Asia/Shanghai")

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = r"/built/assets/.+-[\w-]{8}\.(js|css|svg)(\.gz)?$"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "imports"]}}

BULLETIN_SMALL_BELOW = int(os.environ.get("LIANFANG_SMALL_BELOW", "5"))  # smaller counts are withheld from the public
UPLOAD_LIMIT_BYTES = int(os.environ.get("LIANFANG_UPLOAD_LIMIT_MB", "100")) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_HANDLERS = ["lianfang.exchange.uploads.CappedUpload"]
IMPORTS_DIR = HOME / "imports"
PHOTOS_DIR = HOME / "photos"  # proofs of work orders, sealed
DOCUMENT_FONTS = PACKAGE / "situation" / "fonts"
EMERGENCY_NUMBER = os.environ.get("LIANFANG_EMERGENCY_NUMBER", "120")  # the ambulance, told to people under observation
HELP_NUMBER = os.environ.get("LIANFANG_HELP_NUMBER", "12345")  # whom they can ask at any hour

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "style-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": [SELF],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked on the machine itself, without the proxy
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_tokens": {"()": "lianfang.config.logs.WithoutTokens"}},
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["without_tokens"],
            "level": os.environ.get("LIANFANG_LOG", "WARNING"),
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LIANFANG_LOG", "WARNING")},
}
