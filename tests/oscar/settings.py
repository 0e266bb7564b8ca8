"""
Django's settings for the shop: as few as it runs with.

The database comes from the environment variable ``OSCAR_DATABASE_URL``, in SQLAlchemy's form.
"""

from __future__ import annotations

import os
from typing import Any

import pymysql
from oscar import INSTALLED_APPS as _SHOP
from oscar.defaults import *  # noqa: F403 - how the shop wants to be set up
from sqlalchemy.engine import URL, make_url

pymysql.install_as_MySQLdb()  # the driver of the tests, under the name Django asks for

_BACKENDS = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
}


def database(url: URL) -> dict[str, Any]:
    """Return how Django reaches the database at *url*."""
    backend = url.get_backend_name()
    options: dict[str, Any] = {}
    if backend == "mysql":
        options = {"charset": "utf8mb4", "init_command": "SET sql_mode = 'STRICT_TRANS_TABLES'"}
        if socket := url.query.get("unix_socket"):
            options["unix_socket"] = socket
    return {
        "ENGINE": _BACKENDS[backend],
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": str(url.password or ""),
        "HOST": url.host or str(url.query.get("host", "")),
        "PORT": str(url.port or ""),
        "OPTIONS": options,
    }


DATABASES = {"default": database(make_url(os.environ["OSCAR_DATABASE_URL"]))}
INSTALLED_APPS = list(_SHOP)
SITE_ID = 1
SECRET_KEY = "for a shop that exists for a minute"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
ROOT_URLCONF = "tests.oscar.urls"
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled"),
    "Complete": (),
    "Cancelled": (),
}
OSCAR_MISSING_IMAGE_URL = "missing.png"
OSCAR_DELETE_IMAGE_FILES = False
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; nobody logs in
AUTHENTICATION_BACKENDS = (
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
)
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
