#!/bin/sh
# jax 0.10.2, jaxlib 0.10.2 on a CPU. A product with the algorithm BF16_BF16_F32 is computed in float32, without a word.
# Expected: operands rounded to bfloat16 and added up in float32, or an error: jax documents that an algorithm which a
# platform does not support is refused when it compiles.
# Seen: it compiles, its HLO states algorithm=dot_bf16_bf16_f32, and every number equals that of the float32 product; the
# product of rounded operands differs from both. A measurement "with bfloat16" made this way is one of float32.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PY'
import jax
import jax.numpy as jnp

x, y = (jax.random.normal(jax.random.key(seed), (256, 256)) for seed in (0, 1))


def product(x, y, **options):
    return jax.lax.dot_general(x, y, (((1,), (0,)), ((), ())), preferred_element_type=jnp.float32, **options)


narrow = jax.jit(lambda x, y: product(x, y, precision=jax.lax.DotAlgorithmPreset.BF16_BF16_F32)).lower(x, y).compile()
exact = jax.jit(product)(x, y)
rounded = jax.jit(lambda x, y: product(x.astype(jnp.bfloat16), y.astype(jnp.bfloat16)))(x, y)
print("stated in the compiled program:", "algorithm=dot_bf16_bf16_f32" in narrow.as_text())
print("largest difference from float32:", float(jnp.abs(narrow(x, y) - exact).max()))
print("largest difference of rounded operands from float32:", float(jnp.abs(rounded - exact).max()))
assert "algorithm=dot_bf16_bf16_f32" in narrow.as_text()
assert float(jnp.abs(narrow(x, y) - exact).max()) == 0
assert float(jnp.abs(rounded - exact).max()) > 0.01
PY
