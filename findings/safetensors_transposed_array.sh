#!/bin/sh
# safetensors 0.8.0, numpy 2.4.6. A transposed array, such as a JAX kernel for a layer of PyTorch, is stored scrambled.
# Expected: load() returns what save() was given, as with 0.7.0, or save() refuses, as safetensors.torch does.
# Seen: 0.8.0 stores the memory of the array in its own order with the shape of the transposed one, without a message.
# The documentation asks for "contiguous and dense" tensors; this one is both, for NumPy, in Fortran order.
# Known to its authors as safetensors/safetensors#825.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 0.7.0 0.8.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "safetensors==$version" numpy==2.4.6
  "$folder/$version/bin/python" - "$version" <<'PY'
import sys

import numpy as np
from safetensors.numpy import load, save

kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
weight = kernel.T
assert weight.flags.f_contiguous
stored = load(save({"weight": weight}))["weight"]
print(sys.argv[1], "given", weight.tolist(), "loaded", stored.tolist())
assert stored.shape == weight.shape
assert np.array_equal(stored, weight) == (sys.argv[1] == "0.7.0"), "the behaviour changed"
PY
done
