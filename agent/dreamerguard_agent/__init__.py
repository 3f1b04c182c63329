"""The bundled DreamerV3 trainer: pure JAX functions on plain pytrees.

The algorithm and the names follow danijar/dreamerv3 at e3f0224 (https://github.com/danijar/dreamerv3): ``deter`` and
``stoch`` are the two halves of the latent state, ``dyn`` is the sequence model, ``enc`` and ``dec`` the codec, ``rew``,
``con``, ``pol`` and ``val`` the heads. Parameters are one flat dictionary from the reference's path
(``dyn/dynin0/kernel``) to an array, so a table of the reference's weights can be used directly.

Reading order: ``model/rssm.py``, ``algorithm/learner.py``, ``algorithm/losses.py``, ``algorithm/actor.py``,
``loop.py``.

================ ==============================================================================================
``loop.py``      the training loop; ``run_state.py``: everything that changes, and its place in a checkpoint;
                 ``counters.py``: steps and updates; ``run_saver.py``: saves; ``journal.py``: rows of the logs
``lockstep.py``  keeps several processes of a run at one step; ``shared_saves.py``: their one checkpoint; ``roles.py``:
                 what each does beside training
``driver.py``    steps environments; ``running_episodes.py``: those of a run; ``evaluate.py``: evaluation;
                 ``background_evaluation.py``: beside the training; ``events.py``: events of a run;
                 ``failures.py``, ``numbers_watch.py``: why a run stops
``algorithm/``   acting, one gradient update, losses, optimizer
``model/``       networks, distributions and their noise, in readable form
``fast/``        the same numbers with fewer kernels; its README lists the readable function that each file mirrors
``checkpoints/`` files with checksums, choosing a sound checkpoint, saving in the background
``replay/``      the ring on the device, in host memory or on disk, the sampler, the buffer of both, the train ratio
``runtime/``     device, compiled functions, logs, memory estimate, speed
``envs/``        environments and the ways to run many of them
``processes/``   how several processes of a run find each other, talk, and notice the end of one
``base/``        shared types: spaces, the agent's specification, parameter tables
================ ==============================================================================================

Imports go one way. The root imports every package but ``model`` and ``fast``; ``runtime`` imports ``algorithm``,
``replay``, ``model`` and ``base``; ``algorithm`` imports ``fast``, ``model`` and ``base``; ``fast`` imports ``model``
and ``base``; ``model``, ``replay``, ``envs`` and ``processes`` import ``base``; ``replay`` and ``processes`` import
``checkpoints`` too, which imports nothing. The agent imports only ``dreamerguard.schema`` of the guard.

Shape legend, used by every docstring of this package:

====== =============================================================================
``N``  seeds: independent agents, added by ``vmap`` around everything else
``E``  environments stepped side by side
``R``  rows: records that the replay keeps of each environment
``K``  gradient updates of one call; in the core of the sequence model, its blocks
``B``  batch: windows in one update
``T``  time: trained steps of a window; a stored window has ``T + 1``, one of context
``H``  imagined steps
``D``  deter: units of the recurrent state
``SxC`` stoch: categorical latent variables by their classes
``F``  feature: ``[deter, stoch]`` flattened, ``D + S C``
``A``  action: numbers of one action
====== =============================================================================

No function draws random numbers by itself: every function that samples takes its noise as an argument.
"""
