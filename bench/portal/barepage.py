"""
The bare page: Flask and Jinja, one look-up by primary key, as many bytes as our first page has.

It knows nobody and checks nothing. Run as ``gunicorn bench.portal.barepage:application``.
"""

from __future__ import annotations

import os
import threading

import psycopg
from flask import Flask, render_template
from jinja2 import DictLoader

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><h1>{{ title }}</h1>
<ul>{% for line in lines %}
<li>{{ line }}</li>{% endfor %}
</ul></body></html>
"""
_TABLE = "CREATE TABLE bare_page (id int PRIMARY KEY, title text, lines text[])"
_SELECT = "SELECT title, lines FROM bare_page WHERE id = %s"
_LINE = "what can be asked for, what was asked, and where it stands now: "
_local = threading.local()

application = Flask("bare")
application.jinja_loader = DictLoader({"page.html": _PAGE})


@application.get("/<int:number>")
def page(number: int) -> str:
    """Show one row."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BARE_DSN"], autocommit=True)
    title, lines = _local.connection.execute(_SELECT, (number,)).fetchone()
    return render_template("page.html", title=title, lines=lines)


def fill(dsn: str, *, pages: int, size: int) -> None:
    """Make the table, and rows whose page has about *size* bytes."""
    lines = [f"{_LINE}{n:04}" for n in range(max(1, (size - 150) // (len(_LINE) + 14)))]
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLE)
        rows = [(number, f"page {number}", lines) for number in range(pages)]
        cursor.executemany("INSERT INTO bare_page VALUES (%s, %s, %s)", rows)
