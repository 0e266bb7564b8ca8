"""The register: what was asked, by whom, by when, and the faces that show it."""
