"""
The organisation: its profile, the duties it brings, the calendar of them, what went out.

``profile_files`` reads what it says of itself, ``duty_catalogue`` what the law asks; ``calendar``
keeps what is due and done, ``outbound`` lists what was handed out.
"""
