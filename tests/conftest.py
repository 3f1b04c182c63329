"""Signals as a terminal leaves them, and how many examples the drawn tests take.

``nohup`` and the ``&`` of a script start programs that ignore some signals for good.

Drawn tests never have a deadline: on a busy machine that fails for nothing. Tests without a number of their own take
``quick``; ``pytest --hypothesis-profile=thorough`` takes more.

Commands do not use the user's cache directory, unless a test turns it on.

Processes that the tests start keep compiled modules, also where the shell forbids it: without them every start of a
command that trains takes twice as long.

Compiling is most of what the tests of the agent do, and XLA's newer code generator for a CPU takes longer for a program
than the older one, and so do its optimizations: tests and the processes that they start use neither. Programs that must
be those of a run ask for ``as_in_a_run`` of `tests/agent/parity.py`, and so does everything in `make test-slow`.
"""

import os
import signal
import sys

from hypothesis import HealthCheck, settings

os.environ["DREAMERGUARD_NO_CACHE"] = "1"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
)

for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

for name, count in (("quick", 50), ("thorough", 1000)):
    settings.register_profile(
        name,
        max_examples=count,
        deadline=None,
        derandomize=name == "quick",  # a run that only landed on a new example is no reason to stop a change
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
settings.load_profile("quick")
