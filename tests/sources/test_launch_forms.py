# ruff: noqa: E501
"""How people start training in shell scripts: every form gives the runs that it would start."""

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.readers import reader_for

U = UNKNOWN


def runs(name: str, text: str) -> list[str]:
    """The program and arguments of all commands that start a Python program."""
    found = (read_launch(command) for command in reader_for(Source(name, text))(Source(name, text)))
    started = (launch for launch in found if launch is not None)
    return [" ".join([launch.name, *(word.text for word in launch.arguments)]) for launch in started]


SHELL = [
    # launchers, and paths of Windows
    ("./isaaclab.sh -p scripts/a.py --x 1", ["a.py --x 1"]),
    ("./xvfb_run.sh python3 a.py --x 1", ["a.py --x 1"]),
    ("./train.sh a.py", []),
    ("py -3.10 a.py x", ["a.py x"]),
    (r"D:\envs\python.exe D:\S\a.py logdir=D:\x\y", ["a.py logdir=D:/x/y"]),
    # values of variables
    ("python a.py ${X:-5} ${Y:=d} $Y", ["a.py 5 d d"]),
    (": ${X:=5}\npython a.py $X", ["a.py 5"]),
    (': "${X:=a b}"\npython a.py "$X"', ["a.py a b"]),
    ("A=(x)\nA+=(y z)\npython a.py ${A[*]}", ["a.py x y z"]),
    ("A=(x y)\npython a.py ${A[1]} ${#A[@]}", ["a.py y 2"]),
    ("declare -A R=([w]=1 [h]=2)\nfor t in w h; do python a.py $t ${R[$t]}; done", ["a.py w 1", "a.py h 2"]),
    ("A=(p q)\nfor i in ${!A[@]}; do python a.py $i ${A[$i]}; done", ["a.py 0 p", "a.py 1 q"]),
    ("T=walker-walk\npython a.py ${T//-/_} ${T%-walk} ${T#*-} ${T^^}", ["a.py walker_walk walker walk WALKER-WALK"]),
    ("N=3\npython a.py $((N * 1000)) $(( N+1 ))", ["a.py 3000 4"]),
    ("python a.py $(cat flags)", [f"a.py {U}"]),
    ("python a.py $(echo x y) `echo z`", ["a.py x y z"]),
    # branches
    ("if [ $# -gt 0 ]; then R=1; else R=2; fi\npython a.py $R", ["a.py 1", "a.py 2"]),
    ("if c; then R=1; elif d; then R=2; else R=3; fi\npython a.py $R", ["a.py 1", "a.py 2", "a.py 3"]),
    ("R=0\nif c; then R=1; fi\npython a.py $R", ["a.py 1", "a.py 0"]),
    ("if c; then python a.py 1; else python a.py 2; fi", ["a.py 1", "a.py 2"]),
    ("if c; then\n R=1\nelse\n exit 1\nfi\npython a.py $R", ["a.py 1"]),
    ("c && R=1 || R=2\npython a.py $R", ["a.py 1", "a.py 2"]),
    ("M=x\nif [ \"$M\" = x ]; then R=1; else R=2; fi\npython a.py $R", ["a.py 1"]),
    ("M=x\nif [[ $M == y* ]]; then python a.py 1; else python a.py 2; fi", ["a.py 2", "a.py 1"]),
    ("case $1 in\n a) R=1 ;;\n b|c) R=2;;\n *) R=3\nesac\npython a.py $R", ["a.py 1", "a.py 2", "a.py 3"]),
    ("case \"$1\" in (a) python a.py 1;; (b) python a.py 2;; esac", ["a.py 1", "a.py 2"]),
    ("for t in w h; do\ncase $t in w) R=1;; h*) R=2;; esac\npython a.py $t $R\ndone", ["a.py w 1", "a.py h 2"]),
    ("case $T in w) R=1;; h) R=2;; esac\npython a.py $T $R", ["a.py w 1", "a.py h 2", f"a.py {U} {U}"]),
    ("case $T in w) R=1;; *) echo usage; exit 1;; esac\npython a.py $T $R", ["a.py w 1"]),
    ("T=${1:-w}\nif [ $T = w ]; then R=1; else R=2; fi\npython a.py $R", ["a.py 1", "a.py 2"]),
    ("[ -z \"$S\" ] && S=3\npython a.py $S", ["a.py 3"]),
    ("if [ -z \"$1\" ]; then echo usage; exit 1; fi\npython a.py x", ["a.py x"]),
    ("cd x || exit 1\npython a.py 1", ["a.py 1"]),
    ("mkdir x && cd y && python a.py 1", ["a.py 1"]),
    ("A=()\nif c; then A+=(--x); fi\npython a.py \"${A[@]}\"", ["a.py --x", "a.py"]),
    # functions
    ("f() { local t=$1; shift; python a.py $t \"$@\"; }\nf a b 'c d'\nf e", ["a.py a b c d", "a.py e"]),
    ("function f { python a.py \"$1\" ${2:-9}; }\nf x 1; f y", ["a.py x 1", "a.py y 9"]),
    ("f() { if [ $1 = w ]; then R=1; else R=2; fi; python a.py $1 $R; }\nf w; f h", ["a.py w 1", "a.py h 2"]),
    ("f() { [ -n \"$1\" ] || return; python a.py $1; }\nf w", ["a.py w"]),
    ("f() ( python a.py $1 )\nf w", ["a.py w"]),
    ("run() { \"$@\"; }\nrun python a.py x", ["a.py x"]),
    ("run() { echo \"$1\"; eval \"$1\"; }\nrun 'python a.py x'", ["a.py x"]),
    ("main() { python a.py \"$@\"; }\nmain \"$@\"", [f"a.py {U}"]),
    ("set -- a b\nshift\npython a.py \"$@\"", ["a.py b"]),
    ("set -euo pipefail\npython a.py x", ["a.py x"]),
    # options that the script parses
    (
        "R=32\nwhile [ $# -gt 0 ]; do\ncase $1 in\n--r) R=$2; shift 2;;\n*) shift;;\nesac\ndone\npython a.py $R",
        ["a.py 32"],
    ),
    ("T=w\nwhile getopts t: o; do case $o in t) T=$OPTARG;; esac; done\npython a.py $T", ["a.py w"]),
    ("T=\nwhile getopts t: o; do case $o in t) T=$OPTARG;; esac; done\npython a.py --t $T", [f"a.py --t {U}"]),
    # loops
    ("for i in {1..3}; do python a.py $i; done", ["a.py 1", "a.py 2", "a.py 3"]),
    ("for i in {a,b}_x; do python a.py $i; done", ["a.py a_x", "a.py b_x"]),
    ("for i in $(seq 2); do python a.py $i; done", ["a.py 1", "a.py 2"]),
    ("N=2\nfor i in `seq 0 $N`; do python a.py $i; done", ["a.py 0", "a.py 1", "a.py 2"]),
    ("for ((i=0; i<2; i++)); do python a.py $i; done", ["a.py 0", "a.py 1"]),
    ("for ((i=0; i<N; i++)); do python a.py $i; done", [f"a.py {U}"]),
    ("i=0\nwhile [ $i -lt 3 ]; do python a.py $i; i=$((i+1)); done", [f"a.py {U}"]),
    ("while read -r t; do python a.py $t; done < tasks", [f"a.py {U}"]),
    ("while true; do python a.py x && break; done", ["a.py x"]),
    ("until python a.py x; do sleep 1; done", ["a.py x"]),
    ("for t in *.yaml; do python a.py $t; done", [f"a.py {U}"]),
    ("A='w h'\nfor t in $A; do for r in 1 2; do python a.py $t $r; done; done", ["a.py w 1", "a.py w 2", "a.py h 1", "a.py h 2"]),
    # text for another shell
    ("cat <<EOF > job.sh\npython a.py x\nEOF\nsbatch job.sh", ["a.py x"]),
    ("R=3\ncat > job.sbatch <<EOF\n#!/bin/bash\npython a.py $R \\\n  \\$S\nEOF", [f"a.py 3 {U}"]),
    ("cat <<'EOF' > job.slurm\nR=4\npython a.py $R\nEOF", ["a.py 4"]),
    ("cat <<EOF | bash\npython a.py x\nEOF", ["a.py x"]),
    ("tee run.sh <<EOF >/dev/null\npython a.py x\nEOF", ["a.py x"]),
    ("cat <<EOF\nUsage: python a.py x\n  python a.py y\nEOF", []),
    ("cat <<EOF > notes.txt\npython a.py y\nEOF", []),
    ("sbatch <<EOF\n#!/bin/bash\npython a.py x\nEOF", ["a.py x"]),
    ("for r in 1 2; do sbatch <<EOF\n#!/bin/bash\npython a.py $r\nEOF\ndone", ["a.py 1", "a.py 2"]),
    ("ssh host <<'EOF'\npython a.py x\nEOF", ["a.py x"]),
    ("ssh host 'cd r && python a.py x'", ["a.py x"]),
    ("python - <<EOF\nimport os\nos.system('x')\nEOF", []),
    ("bash <<-EOF\n\tpython a.py x\n\tEOF", ["a.py x"]),
    ("bash <<< 'python a.py x'", ["a.py x"]),
    ("echo 'python a.py x' | bash", ["a.py x"]),
    ("echo 'python a.py x'", []),
    ("C='python a.py x'\n$C y\neval $C z", ["a.py x y", "a.py x z"]),
    ("C=(python a.py x)\n\"${C[@]}\" y", ["a.py x y"]),
    ("eval \"python a.py \\\"x y\\\"\"", ["a.py x y"]),
    # launchers
    ("tmux send-keys -t s 'python a.py x' C-m", ["a.py x"]),
    ("tmux send-keys -t s \"cd r; python a.py x\" Enter", ["a.py x"]),
    ("tmux new-session -d -s n \"python a.py x\"", ["a.py x"]),
    ("screen -dmS n python a.py x", ["a.py x"]),
    ("screen -S n -X stuff 'python a.py x\\n'", ["a.py x"]),
    ("screen -S n -X stuff $'python a.py x\\n'", ["a.py x"]),
    ("bash -c 'python a.py x'", ["a.py x"]),
    ("R=3\nbash -c \"python a.py \\\"$R\\\"\"", ["a.py 3"]),
    ("sbatch --wrap='python a.py x'", ["a.py x"]),
    ("sbatch -p g --wrap \"python a.py x\"", ["a.py x"]),
    ("nohup python -u a.py x > o 2>&1 &", ["a.py x"]),
    ("srun --gpus 1 python a.py x", ["a.py x"]),
    ("accelerate launch --num_processes 2 a.py x", ["a.py x"]),
    ("torchrun --nproc_per_node 1 a.py x", ["a.py x"]),
    ("python -m torch.distributed.run --nproc_per_node=2 a.py x", ["a.py x"]),
    ("python -m torch.distributed.launch --nproc_per_node 2 a.py x", ["a.py x"]),
    ("python -m accelerate.commands.launch a.py x", ["a.py x"]),
    ("accelerate launch -m p.a x", ["a x"]),
    ("torchrun -m p.a x", ["a x"]),
    ("xvfb-run -a -s '-screen 0 1x1' python a.py x", ["a.py x"]),
    ("docker run --rm --gpus all -v $PWD:/w img:1 python a.py x", ["a.py x"]),
    ("docker run img bash -c 'python a.py x'", ["a.py x"]),
    ("docker exec -it c python a.py x", ["a.py x"]),
    ("singularity exec --nv i.sif python a.py x", ["a.py x"]),
    ("conda run -n e --no-capture-output python a.py x", ["a.py x"]),
    ("uv run a.py x", ["a.py x"]),
    ("uv run --with jax python a.py x", ["a.py x"]),
    ("uv run -m p.a x", ["a x"]),
    ("poetry run python a.py x", ["a.py x"]),
    ("CUDA_VISIBLE_DEVICES=0 A=b python a.py x", ["a.py x"]),
    ("time python a.py x", ["a.py x"]),
    ("timeout 1h python a.py x", ["a.py x"]),
    ("env -u A B=1 python a.py x", ["a.py x"]),
    ("! python a.py x", ["a.py x"]),
    ("exec python a.py x", ["a.py x"]),
    ("python -O -W ignore a.py x", ["a.py x"]),
    ("python -m cProfile -o o a.py x", ["a.py x"]),
    ("python -m pdb a.py x", ["a.py x"]),
    ("python -m debugpy --listen 5678 --wait-for-client a.py x", ["a.py x"]),
    ("coverage run a.py x", ["a.py x"]),
    ("python3.11 ./d/a.py x", ["a.py x"]),
    ("./a.py x", ["a.py x"]),
    ("(cd r && python a.py x)", ["a.py x"]),
    ("{ python a.py x; } &", ["a.py x"]),
    ("python a.py x | tee log", ["a.py x"]),
    ("yes | python a.py x", ["a.py x"]),
    ("OUT=$(python a.py x)", ["a.py x"]),
    ("J=$(sbatch --parsable --wrap 'python a.py x')", ["a.py x"]),
    ("if ! python a.py x; then exit 1; fi", ["a.py x"]),
    ("parallel python a.py --s {} ::: 1 2", ["a.py --s 1", "a.py --s 2"]),
    ("parallel -j 2 'python a.py {1} {2}' ::: a b ::: 1 2", ["a.py a 1", "a.py a 2", "a.py b 1", "a.py b 2"]),
    ("parallel python a.py {} :::: tasks", [f"a.py {U}"]),
    ("seq 3 | xargs -I{} python a.py s={}", [f"a.py s={U}"]),
    ("seq 3 | xargs -I X python a.py s=X", [f"a.py s={U}"]),
    ("cat t | xargs -n 1 python a.py", [f"a.py {U}"]),
    ("echo 1 2 | xargs -n1 python a.py --s", [f"a.py --s {U}"]),
    # characters
    ("python a.py x \\\r\n  y\r\nR=1\r\npython a.py $R\r\n", ["a.py x y", "a.py 1"]),
    ("if c; then\r\nR=1\r\nelse\r\nR=2\r\nfi\r\npython a.py $R\r\n", ["a.py 1", "a.py 2"]),
    ("cat <<EOF > a.sh\r\npython a.py x\r\nEOF\r\n", ["a.py x"]),
    ("python a.py \\\n  # --x 1 \\\n  --y 2", ["a.py"]),
    ("#!/bin/sh\npython a.py x={1,2}", ["a.py x={1,2}"]),
    ("python a.py x=[1,2] y={a:1} 'z={b}'", ["a.py x=[1,2] y={a:1} z={b}"]),
    ("python a.py seed={1,2}", ["a.py seed=1 seed=2"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SHELL)
def test_shell(text: str, expected: list[str]) -> None:
    assert runs("run.sh", text) == expected


@pytest.mark.parametrize(
    "part",
    ["if c; then A=1; fi\n", "if c; then\n", "( ", "case $1 in a) ", "a && X=1 || X=2\n", "bash <<E\npython a.py $X\n",
     "X=$(python a.py)\n", "f() { f; f; }\n", "f() ", "for i in {1..200}; do python a.py $i\n", "{1..100}", "! ",
     "X=$((X*X*99999))\n", "while c; do X=1\n", "parallel python {} ::: a b c\n", "[[ a && b ]] && ", "esac ;; fi } "],
)  # fmt: skip
def test_repeated_parts_are_read(part: str) -> None:
    assert len(runs("run.sh", part * 1_500)) <= 4_500


def test_many_paths_are_joined_and_what_is_lost_is_unknown() -> None:
    text = "".join(f"if c; then A{at}=1; else A{at}=2; fi\n" for at in range(8))
    found = runs("run.sh", text + "python a.py " + " ".join(f"$A{at}" for at in range(8)))
    assert 1 < len(found) <= 16
    assert any(U in words for words in found)


def test_the_smallest_and_largest_of_many_values_are_kept() -> None:
    text = "for i in {1..150}; do python a.py $i; done"
    assert runs("run.sh", text) == ["a.py 1", "a.py 150", f"a.py {U}"]
