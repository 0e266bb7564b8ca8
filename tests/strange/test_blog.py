"""A blog without foreign keys, where nought is nobody and guests leave an address."""

from __future__ import annotations

from rights.domain.kinds import Kind
from tests.links.conftest import Cases
from tests.strange.pictures import asked, ids

MAP = """\
  - name: wp_users
    identifies: {user_id: ID, email: user_email}
    fields: [{name: user_email, category: contact, disclose: true}, {name: pass, category: secret, secret: credential}]
  - name: wp_usermeta
    links: [{columns: [user_id], to: wp_users, role: owner}]
    fields: [{name: meta_value, category: profile, disclose: true}]
  - name: wp_posts
    links:
    - {columns: [post_author], to: wp_users, role: owner}
    - {columns: [post_parent], to: wp_posts, role: none, depth: shallow}
    fields: [{name: post_title, category: content, disclose: true}]
  - name: wp_comments
    links:
    - {columns: [user_id], to: wp_users, role: owner}
    - {type: {column: user_id, value: 0}, columns: [author_email], identifier: email, role: owner}
    - {columns: [comment_parent], to: wp_comments, role: none, depth: shallow}
    - {columns: [comment_post], to: wp_posts, role: none}
    fields: [{name: content, category: content, disclose: true}]
  - name: wp_commentmeta
    links: [{columns: [comment_id], to: wp_comments, role: owner}]
"""  # noqa: E501 - a map reads best with a field a line

NOUGHT = "INTEGER NOT NULL DEFAULT 0"
TABLES = (
    'CREATE TABLE wp_users ("ID" INTEGER PRIMARY KEY, user_email VARCHAR(60), pass VARCHAR(9))',
    f"CREATE TABLE wp_usermeta (id INTEGER PRIMARY KEY, user_id {NOUGHT}, meta_value VARCHAR(9))",
    (
        f"CREATE TABLE wp_posts (id INTEGER PRIMARY KEY, post_author {NOUGHT},"
        f" post_parent {NOUGHT}, post_title VARCHAR(20) NOT NULL)"
    ),
    (
        f"CREATE TABLE wp_comments (id INTEGER PRIMARY KEY, comment_post {NOUGHT},"
        f" user_id {NOUGHT}, comment_parent {NOUGHT},"
        " author_email VARCHAR(60) NOT NULL DEFAULT '', content VARCHAR(20))"
    ),
    f"CREATE TABLE wp_commentmeta (id INTEGER PRIMARY KEY, comment_id {NOUGHT})",
    "INSERT INTO wp_users VALUES (1, 'Ann@example.com', 'x'), (2, 'bo@example.com', 'y')",
    "INSERT INTO wp_usermeta VALUES (1, 1, 'annie'), (2, 2, 'bobby'), (3, 0, 'stray')",
    (
        "INSERT INTO wp_posts VALUES (10, 1, 0, 'of ann'), (11, 2, 0, 'of bo'),"
        " (12, 2, 10, 'revised'), (13, 0, 0, 'of nobody')"
    ),
    (
        "INSERT INTO wp_comments VALUES (100, 11, 1, 0, '', 'ann'), (101, 11, 2, 100, '', 'bo'),"
        " (102, 10, 0, 0, 'ANN@example.com', 'ann as guest'),"
        " (103, 10, 0, 102, 'z@example.com', 'z'),"
        " (104, 11, 0, 0, '', 'nobody'), (105, 11, 2, 0, 'ann@example.com', 'bo, with her address')"
    ),
    "INSERT INTO wp_commentmeta VALUES (1, 100), (2, 101), (3, 102), (4, 0)",
)


def test_nought_is_nobody(anywhere: Cases) -> None:
    shop = anywhere(MAP)
    quoted = "`ID`" if shop.engines["shop"].dialect.name == "mysql" else '"ID"'
    shop.sql(*(text.replace('"ID"', quoted) for text in TABLES))

    read = shop.ask({"email": "ann@example.com"}, Kind.ACCESS)["records"]
    outcome, change = asked(shop, {"email": "ann@example.com"})
    again, rest = asked(shop, {"user_id": "2"})

    assert [r["content"] for r in read["wp_comments"]] == ["ann", "ann as guest"]
    assert [r["meta_value"] for r in read["wp_usermeta"]] == ["annie"]
    assert (outcome["state"], again["state"]) == ("fulfilled", "fulfilled")
    assert ids(change) == {
        "wp_users": [1],
        "wp_usermeta": [1],
        "wp_posts": [10],
        "wp_comments": [100, 102],
        "wp_commentmeta": [1, 3],
    }
    # Others' rows lose a pointer at what went, and nothing else.
    assert change["wp_posts"][1] == [(12, 2, 0, "revised")]
    assert change["wp_comments"][1] == [
        (101, 11, 2, 0, "", "bo"),
        (103, 0, 0, 0, "z@example.com", "z"),
    ]
    assert ids(rest)["wp_comments"] == [101, 105]
    assert shop.rows("SELECT id FROM wp_posts") == [(13,)]
    assert shop.rows("SELECT id FROM wp_usermeta") == [(3,)]
    assert shop.rows("SELECT id FROM wp_comments ORDER BY 1") == [(103,), (104,)]
