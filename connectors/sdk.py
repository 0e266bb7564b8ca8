"""
The connector contract.

A connector is one class in one file, or one folder when a file would pass 400 lines. It
declares a :class:`Manifest`, implements ``probe``, and one method for each verb it declares.
It knows nothing of HTTP requests to us, of queues or of requests: it is given a collection
and keys, and acts.

Promises every connector keeps (``tests/connectors/contract.py`` checks them):

* Every method is idempotent: workers run steps *at least* once.
* ``collect`` yields disclosed fields only, as JSON-native values, as a stream.
* After ``erase``, ``verify`` finds only what the receipt says was retained.
* An empty key set reaches nothing: not "everything", not an error.
* An effect done again under the same step and chunk returns the first receipt and changes
  nothing, where ``manifest.journal`` is ``transaction``; a lower fence raises ``Fenced``.
* Rows that *are* a person are found by their own frozen keys too, when the key set holds them:
  an address may change between the freeze and the effect.
* ``correct``, ``restrict``, ``suppress`` and ``close`` touch rows that are ``sole`` and no others.
* ``correct`` of a target that is ``adding`` makes each row that its keys name and that is not there
  once, however often it is asked, where ``manifest.adds``. Nothing else ever makes a row.
* Failures are ``Transient``, ``Refused`` or ``Misconfigured``; messages carry no personal data.
  ``Overloaded`` is the ``Transient`` of a store that has enough: all workers then spare it.
"""

from __future__ import annotations

from connectors.parts.protocols import (
    Closes,
    Collects,
    Connector,
    Corrects,
    Discovers,
    Erases,
    Freezes,
    Locates,
    Restricts,
    Suppresses,
    Verifies,
)
from connectors.parts.types import (
    Change,
    Document,
    Expect,
    Foreseen,
    Found,
    Inventory,
    Item,
    Manifest,
    Reach,
    Receipt,
    Record,
    Strain,
    TableFound,
    Target,
    Verb,
    Work,
)
from rights.domain.datamap import (
    Collection,
    DataMap,
    Erasure,
    Link,
    OnErasure,
    Restriction,
    Role,
    Scalar,
    Store,
    Switch,
)
from rights.domain.datamap import Field as MapField
from rights.domain.errors import (
    ConnectorError,
    Fenced,
    Misconfigured,
    Overloaded,
    Refused,
    Transient,
    Unfinished,
)
from rights.domain.keys import Key, KeySet, Standing, gone, held

__all__ = [
    "Change",
    "Closes",
    "Collection",
    "Collects",
    "Connector",
    "ConnectorError",
    "Corrects",
    "DataMap",
    "Discovers",
    "Document",
    "Erases",
    "Erasure",
    "Expect",
    "Fenced",
    "Foreseen",
    "Found",
    "Freezes",
    "Inventory",
    "Item",
    "Key",
    "KeySet",
    "Link",
    "Locates",
    "Manifest",
    "MapField",
    "Misconfigured",
    "OnErasure",
    "Overloaded",
    "Reach",
    "Receipt",
    "Record",
    "Refused",
    "Restriction",
    "Restricts",
    "Role",
    "Scalar",
    "Standing",
    "Store",
    "Strain",
    "Suppresses",
    "Switch",
    "TableFound",
    "Target",
    "Transient",
    "Unfinished",
    "Verb",
    "Verifies",
    "Work",
    "gone",
    "held",
]
