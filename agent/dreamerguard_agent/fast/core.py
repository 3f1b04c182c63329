"""The core of the sequence model with packed weights, large products and written-out derivatives.

Mirrors `rssm.core`. Stoch is flat, so that ``[deter, stoch]`` is a feature of the heads. The first block-linear layer
reads ``[block of deter, embedded deter, stoch and action]``. Its kernel is split, because only the first part is
block-diagonal: the rest is an ordinary, larger product.

Blocks are cut by slices and joined by concatenation. A transpose is equally fast on a GPU, but XLA fuses
it into the elementwise work after a product, which a CPU then does number by number: three times slower.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..base.pytree import Params, container
from ..base.spec import AgentSpec
from ..model import nets, products


@container
class HiddenWeights:
    """Weights between the first sums of the core and its gates; kernels in the compute type, the rest float32.

    Attributes:
      layers: block-linear layers after the first, (kernel [K, D / K, D / K], bias [D]) each.
      scales: of the norms of all layers, [D] each.
      gates: [K, D / K, 3 D / K]; with bias [3 D].
    """

    layers: tuple[tuple[jax.Array, jax.Array], ...]
    scales: tuple[jax.Array, ...]
    gates: jax.Array
    gates_bias: jax.Array


@container
class CoreWeights:
    """Kernels in the compute type, biases and scales float32; h is ``model.hidden``, K ``model.blocks``.

    Attributes:
      deter: embeds deter, [D, h]; stoch: embeds stoch, [S C, h]; with bias and scale of both, [2, h].
      own: the block-diagonal part of the first layer, [K, D / K, D / K]; with bias [D].
      dense: the part that reads all embeddings, [3 h, D].
      hidden: all later layers.
    """

    deter: jax.Array
    stoch: jax.Array
    embed_bias: jax.Array
    embed_scale: jax.Array
    own: jax.Array
    own_bias: jax.Array
    dense: jax.Array
    hidden: HiddenWeights


def core_weights(spec: AgentSpec, params: Params) -> CoreWeights:
    """Packs the parameters of a step."""
    model = spec.model
    own = model.deter // model.blocks
    first = kernel(spec, params, "dynhid0")
    return CoreWeights(
        deter=kernel(spec, params, "dynin0"),
        stoch=kernel(spec, params, "dynin1"),
        embed_bias=jnp.stack([params[f"dyn/dynin{i}/bias"] for i in range(2)]),
        embed_scale=jnp.stack(scales(params, "dynin", 2)),
        own=first[:, :own],
        own_bias=params["dyn/dynhid0/bias"],
        dense=jnp.moveaxis(first[:, own:], 0, 1).reshape(3 * model.hidden, -1),
        hidden=HiddenWeights(
            layers=layers(spec, params, "dynhid", model.dynamics_layers),
            scales=scales(params, "dynhid", model.dynamics_layers),
            gates=kernel(spec, params, "dyngru"),
            gates_bias=params["dyn/dyngru/bias"],
        ),
    )


def kernel(spec: AgentSpec, params: Params, name: str) -> jax.Array:
    """Returns the kernel of ``dyn/name`` in the compute type."""
    return params[f"dyn/{name}/kernel"].astype(spec.compute)


def layers(spec: AgentSpec, params: Params, name: str, count: int) -> tuple[tuple[jax.Array, jax.Array], ...]:
    """Returns kernel and bias of ``dyn/name1``, ``dyn/name2``, ...: all layers but the first."""
    return tuple((kernel(spec, params, f"{name}{i}"), params[f"dyn/{name}{i}/bias"]) for i in range(1, count))


def scales(params: Params, name: str, count: int) -> tuple[jax.Array, ...]:
    """Returns the scales of the norms of ``dyn/name0``, ``dyn/name1``, ..."""
    return tuple(params[f"dyn/{name}{i}norm/scale"] for i in range(count))


def embed_action(params: Params, action: jax.Array) -> jax.Array:
    """Embeds joined actions [..., A] of `rssm.embed_action` to [..., h]."""
    action = action / jax.lax.stop_gradient(jnp.maximum(1, jnp.abs(action)))
    return nets.norm_silu(params, "dyn/dynin2norm", nets.linear(params, "dyn/dynin2", action))


def hidden_sums(spec: AgentSpec, weights: HiddenWeights, first: jax.Array) -> tuple[tuple[jax.Array, ...], jax.Array]:
    """Computes the sums of all layers and of the gates [K, n, 3 D / K] from those of the first, [n, D], float32."""
    sums, (blocks, _, width) = [first], weights.gates.shape
    for (weight, bias), scale in zip(weights.layers, weights.scales[:-1], strict=True):
        last = nets.scaled_norm_silu(sums[-1], scale).astype(spec.compute)
        sums.append(join(block_product(cut(last, blocks), weight)) + bias)
    last = nets.scaled_norm_silu(sums[-1], weights.scales[-1]).astype(spec.compute)
    return tuple(sums), block_product(cut(last, blocks), weights.gates) + weights.gates_bias.reshape(blocks, 1, width)


@jax.custom_vjp
def blend(gates: jax.Array, deter: jax.Array) -> jax.Array:
    """Applies the GRU: sums of the gates [K, n, 3 D / K] and the old deter [K, n, D / K] to the new deter, float32."""
    opened, candidate, update = _open(gates)
    return update * jnp.tanh(opened * candidate) + (1 - update) * deter


def blend_slopes(gates: jax.Array, deter: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns elementwise derivatives of `blend` by each sum, [K, n, 3 D / K], and by the old deter, [K, n, D / K]."""
    opened, candidate, update = _open(gates)
    new = jnp.tanh(opened * candidate)
    into = update * (1 - new * new) * opened
    moved = (new - deter) * update * (1 - update)
    return jnp.concatenate([into * candidate * (1 - opened), into, moved], -1), 1 - update


def pull_blend(slope: jax.Array, bar: jax.Array) -> jax.Array:
    """From the adjoint of the new deter, [K, n, D / K], to that of the sums of the gates, [K, n, 3 D / K]."""
    return slope * jnp.concatenate([bar, bar, bar], -1)


def _open(gates: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Reset gate, sum of the candidate, update gate; they are split within a block."""
    reset, candidate, update = jnp.split(gates, 3, -1)
    # The bias of -1 makes a fresh network forget slowly.
    return jax.nn.sigmoid(reset), candidate, jax.nn.sigmoid(update - 1)


def _blend_backward(saved: tuple[jax.Array, jax.Array], bar: jax.Array) -> tuple[jax.Array, jax.Array]:
    slope, stay = blend_slopes(*saved)
    return pull_blend(slope, bar), stay * bar


blend.defvjp(lambda gates, deter: (blend(gates, deter), (gates, deter)), _blend_backward)


def product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Multiplies in the compute type and returns float32, to which biases are added."""
    return products.product(x, weight).astype(jnp.float32)


def block_product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Multiplies x [K, n, i] by kernel [K, i, o], block by block: [K, n, o], float32."""
    return products.block_product(x, weight).astype(jnp.float32)


def block_product_back(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Multiplies x [K, n, o] by the transposed kernel [K, i, o]: [K, n, i], float32."""
    return products.block_product_back(x, weight).astype(jnp.float32)


def cut(x: jax.Array, blocks: int) -> jax.Array:
    """Rows [n, K i] to blocks [K, n, i]."""
    width = x.shape[-1] // blocks
    return jnp.stack([x[:, i * width : (i + 1) * width] for i in range(blocks)])


def join(x: jax.Array) -> jax.Array:
    """Blocks [K, n, i] to rows [n, K i]."""
    return jnp.concatenate(list(x), -1)
