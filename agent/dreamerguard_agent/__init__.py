"""The bundled DreamerV3 trainer: pure JAX functions on plain pytrees.

The algorithm is that of danijar/dreamerv3 at e3f0224 (https://github.com/danijar/dreamerv3), and so are the names:
``deter`` and ``stoch`` are the two halves of the latent state, ``dyn`` is the sequence model, ``enc`` and ``dec`` the
codec, ``rew``, ``con``, ``pol`` and ``val`` the heads. Parameters are one flat dictionary from the reference's path
(``dyn/dynin0/kernel``) to an array, so that a table of the reference's weights is a table of ours.

Shape legend, used by every docstring of this package:

====== =============================================================================
``N``  seeds: independent agents, added by ``vmap`` around everything else
``E``  environments stepped side by side
``K``  gradient updates of one call
``B``  batch: windows in one update
``T``  time: trained steps of a window; a stored window has ``T + 1``, one of context
``H``  imagined steps
``D``  deter: units of the recurrent state
``SxC`` stoch: categorical latent variables by their classes
``F``  feature: ``[deter, stoch]`` flattened, ``D + S C``
``A``  action: numbers of one action
====== =============================================================================

Nothing here draws randomness by itself: every function that samples takes its noise as an argument.
"""
