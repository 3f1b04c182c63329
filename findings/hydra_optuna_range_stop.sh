#!/bin/sh
# hydra-optuna-sweeper 1.3.0, hydra-core 1.3.8, optuna 2.10.1. Whether range(0,3) contains 3 depends on the sampler.
# Expected: it never does: Hydra's page on extended override syntax names 0, 1 and 2 as the values of range(0,3).
# Seen: the basic sweeper and Optuna's grid sampler run the seeds 0, 1, 2; the default sampler (TPE) and the random one
# also run 3.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hydra-core==1.3.8 hydra-optuna-sweeper==1.3.0 optuna==2.10.1 omegaconf==2.3.1
cat > "$folder/app.py" <<'PY'
import hydra


@hydra.main(version_base="1.3", config_path=None)
def main(config):
    print("seed", config.seed)
    return 0.0


main()
PY
cd "$folder"
seeds() {
  "$folder/venv/bin/python" -W ignore app.py --multirun "+seed=range(0,3)" "$@" > out
  grep '^seed' out | sort -u | tr -d 'a-z \n'
}
optuna="hydra/sweeper=optuna hydra.sweeper.n_trials=20"
basic=$(seeds)
# shellcheck disable=SC2086
grid=$(seeds $optuna hydra/sweeper/sampler=grid)
# shellcheck disable=SC2086
default=$(seeds $optuna hydra.sweeper.sampler.seed=1)
# shellcheck disable=SC2086
random=$(seeds $optuna hydra/sweeper/sampler=random hydra.sweeper.sampler.seed=1)
echo "basic sweeper: $basic, grid sampler: $grid, default sampler: $default, random sampler: $random"
test "$basic $grid $default $random" = "012 012 0123 0123"
