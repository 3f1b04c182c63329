"""Imports JAX and the packages that build on it, and computes on each of its devices."""

import json
from importlib import import_module
from importlib.metadata import version

MARK = "dreamerguard-probe:"


def main() -> None:
    """Prints versions, devices and the memory of the first device."""
    try:
        import jax
        import numpy as np

        for name in ("flax", "optax"):
            import_module(name)
        devices = jax.devices()
        for device in devices:
            total = jax.device_put(np.ones(8, np.float32), device).sum()
            if float(total) != 8:
                raise RuntimeError(f"{device} computes a wrong sum: {float(total)} instead of 8")
        stats = devices[0].memory_stats() or {}
        answer = {
            "jax": version("jax"),
            "jaxlib": version("jaxlib"),
            "platform": devices[0].platform,
            "devices": [device.device_kind for device in devices],
            "memory": stats.get("bytes_limit"),
        }
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
