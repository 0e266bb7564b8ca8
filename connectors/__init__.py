"""How to act on one kind of store. One file or folder each."""
