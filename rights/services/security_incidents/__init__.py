"""
Security incidents: opened with their clocks, answered, told to whom they hit, and closed.

``facts`` reads the catalogue, ``opening`` and ``answering`` keep the record, ``scope`` says what
was misused, ``touched`` lists whom that hit, ``people`` groups them, ``telling`` and ``spreading``
write to them, ``watching`` tells staff of clocks, ``shown`` is what the pages show.
``rights.services.incidents`` is something else: erased data that are there again.
"""
