"""DreamerGuard: lint, train and regression-guard DreamerV3 runs.

This package is the guard. It is light on purpose: importing it loads neither JAX, MuJoCo nor NumPy. The trainer is the
separate package ``dreamerguard_agent``, installed with the extra ``agent``.
"""

__version__ = "0.1.0"
