"""Settings of the product, from environment variables only. `docs/operations.md` lists them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from servicedesk import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = Path(env.text("SD_STATE", str(BASE_DIR / ".state")))

DEBUG = env.flag("DEBUG", default=False)
DEMO = env.flag("DEMO", default=False)  # shows the demo accounts on the login page
TESTING = env.flag("TESTING", default=False)  # set by `make test`: plain static files, a fast password hash
HTTPS = env.flag("HTTPS", default=not (DEBUG or TESTING))  # 0 only where no TLS proxy stands in front, as in `make up`
SECRET_KEY = env.text("SECRET_KEY", shortest=32)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host not in {"*", "[::1]"}]

INSTALLED_APPS = [
    "servicedesk",
    "frontdesk",
    "complaints",
    "repairs",
    "decoration",
    "billing",
    "tickets",
    "residents",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "axes",
    "pgtrigger",
    "pghistory",
]
MIDDLEWARE = [
    "servicedesk.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "residents.middleware.CompanyScopeMiddleware",
    "servicedesk.refusals.RefusalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "servicedesk.refusals.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]
WEB_THREADS = env.number("WEB_THREADS", 16, least=1, most=64)  # each holds one database connection
ROOT_URLCONF = "servicedesk.urls"
WSGI_APPLICATION = "servicedesk.wsgi.application"
ASGI_APPLICATION = "servicedesk.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "servicedesk.shell.shell",
            ],
        },
    }
]

# --- Database: three roles on one database. Their time limits are set on the roles (runtime/bootstrap.py). ---
DATABASES = {
    # The web role owns nothing and sees only the company of the open scope.
    "default": env.database("DATABASE_URL", CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True, TEST={"MIRROR": "owner"}),
    # Owns the tables; used by migrations and by nothing that answers requests.
    "owner": env.database("DATABASE_OWNER_URL"),
    # Enforces deadlines for every company; has rights on the engine's tables only.
    "sweeper": env.database("DATABASE_SWEEPER_URL", CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True, TEST={"MIRROR": "owner"}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ---
AUTH_USER_MODEL = "residents.Account"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
DEMO_ACCOUNTS = "servicedesk.demo.accounts.demo_accounts"  # what the sign-in page lists in demo mode
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Failures are counted for the pair of account and address, so that nobody can lock a clerk out from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False  # its log lines name the account
AXES_IPWARE_PROXY_COUNT = None  # uvicorn has already read the proxy's header (FORWARDED_ALLOW_IPS)

# --- Browser ---
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-sd_session" if HTTPS else "sd_session"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-sd_csrf" if HTTPS else "sd_csrf"
CSRF_FAILURE_VIEW = "servicedesk.pages.stale_form"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the container's own health check
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS and not DEBUG else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],  # a photo or signature before it is sent
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
# A form without its files; a picture is measured where it is taken in.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Language and time ---
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- Files ---
STATIC_URL = "/static/"
STATIC_ROOT = STATE / "static"
VENDOR = BASE_DIR / ".state" / "vendor"  # built by servicedesk/runtime/assets.py
STATICFILES_DIRS: list[Any] = [BASE_DIR / "static", ("vendor", VENDOR)]
MEDIA_ROOT = STATE / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_USE_FINDERS = TESTING or DEBUG

# --- Redis and Celery. Redis holds nothing that cannot be lost; the clocks are rows in the database. ---
REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"tickets.tasks.sweep": {"queue": "sla"}, "tickets.tasks.audit": {"queue": "sla"}}
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY = False  # a request must not wait for Redis; the outbox is relayed later
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000  # an hour and a half of one-second ticks on two processes
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_connect_timeout": 2}
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
# `expires` sheds the ticks that piled up while no worker ran. Two beats are harmless: a tick only asks to look.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "tickets.tasks.sweep", "schedule": 1.0, "options": {"expires": 3, "ignore_result": True}},
    "relay": {"task": "tickets.tasks.relay", "schedule": 1.0, "options": {"expires": 3, "ignore_result": True}},
    "audit": {"task": "tickets.tasks.audit", "schedule": 60.0, "options": {"expires": 60, "ignore_result": True}},
    "purge": {"task": "tickets.tasks.purge", "schedule": 3600.0, "options": {"expires": 3600, "ignore_result": True}},
}

# --- API ---
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["residents.api.StaffAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["residents.api.IsStaff"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "servicedesk.api.problem",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "物业服务台 API",
    "DESCRIPTION": "The same rows a person sees on the pages and the same acts, refused by the same rules.",
    "VERSION": "1.0.0",
    "SERVE_AUTHENTICATION": None,
    "SERVE_PERMISSIONS": ["residents.api.IsStaff"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ClockStateEnum": "tickets.models.ClockState",
        "CallbackMethodEnum": "tickets.models.Callback.Method",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Log: one line per event, with the request's id and without names, numbers, addresses or query strings. ---
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "servicedesk.log.line_formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},  # the request log already has every 4xx
        "django.server": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},  # else two lines a second
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
    },
}
