"""Parts that connectors share; authors import them through ``connectors.sdk``."""
