"""Measurements: each result carries the bare program that did the same work in the same run."""
