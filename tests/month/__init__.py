"""
A month of a service with an injected clock: 5,000 requests, faults included, and what is known of
every one of them by other means.

``laws``, ``days`` and ``oracle`` are the independent calculation: literal numbers and plain
counting, without anything of ``rights.domain``. ``drawing`` makes up what happens; ``acting`` and
``rounds`` let it happen by the services and the relay; ``replay`` says what must come of it.
"""
