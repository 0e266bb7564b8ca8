"""
How members of staff get into the console: a password and a second factor, or the company's own
provider; sessions that end by themselves; every change an entry.

Source: NDSR 9; PIPL 51; Cybersecurity Law 23.
"""
