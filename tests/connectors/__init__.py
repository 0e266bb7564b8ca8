"""Every connector, on its real store."""
