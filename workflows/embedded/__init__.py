"""
Servers that the demo or a test starts for itself and that end with it.

Each is a real server program out of a Python package, its data in a folder that is removed with
it. None listens on anything but a unix socket or 127.0.0.1.
"""
