"""What the measurements ran on."""

from __future__ import annotations

import os
import platform

import psutil


def machine() -> dict[str, object]:
    """Return cores, memory and versions."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }
