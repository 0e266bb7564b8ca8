"""
Reports: figures for the yearly report, California's metrics, evidence for an audit.

``making`` works one out and notes that it was made; ``as_json``, ``as_csv`` and ``as_pdf`` write
it.
"""
