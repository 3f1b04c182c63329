"""Changes examples: bits, bytes, numbers, pieces, and words that are special somewhere."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

#: No input is longer.
LONGEST = 1 << 16

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBERS = (
    *(b"0", b"-1", b"1", b"-0.0", b"1e308", b"-1e308", b"1e309", b"1e-320", b"NaN", b"Infinity", b"-Infinity"),
    *(b"2147483648", b"9223372036854775808", b"-9223372036854775809", b"1" + b"0" * 400, b"0x10", b"1_0", b"07"),
    *(b".nan", b"1.", b"9007199254740993"),
)
_WORDS = (
    *(b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b"\n", b"\r", b"\t", b" ", b",", b":", b"=", b"#", b"&a", b"*a"),
    *(b"null", b"true", b"---\n", b"...\n", b"!!python/name:os.system", b"? ", b"- ", b"|\n", b">-\n", b"<<: *a"),
    *(b"$(", b"${", b"`", b"$((", b"<<EOF\n", b"&&", b"||", b";", b"|", b"if ", b"then\n", b"fi\n", b"for i in "),
    *(b"--configs", b"--", b"+a=1", b"~a", b"++a.b=2", b"a@b=c", b"-m", b"\0", b"\xff", b"\xef\xbb\xbf"),
    *(b"def f(", b"lambda x: ", b"class A:\n", b"import a\n", b'"""', b"f'{", b"\x0c", b"\x1b[31m", b"\xed\xa0\x80"),
    *(b"done\n", b"%YAML 1.1\n", b"\xe2\x80\xa8"),
)  # fmt: skip


def mutate(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    """Returns the data after one to eight changes, often one or two."""
    for _ in range(min(1 + int(rng.expovariate(0.7)), 8)):
        data = rng.choice(_CHANGES)(data, corpus, words, rng)
    return data[:LONGEST]


def shorter(data: bytes, fails: Callable[[bytes], bool], tries: int = 2000) -> bytes:
    """Returns a shorter input that still fails: pieces are left out, large ones first."""
    size = max(len(data) // 2, 1)
    while size and tries > 0:
        at, changed = 0, False
        while at < len(data) and tries > 0:
            candidate = data[:at] + data[at + size :]
            tries -= 1
            if fails(candidate):
                data, changed = candidate, True
            else:
                at += size
        if not changed:
            size //= 2
    return data


def _place(data: bytes, rng: random.Random) -> int:
    return rng.randint(0, len(data))


def _flip(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _byte(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at + rng.randint(0, 4) :]


def _word(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    at, word = _place(data, rng), rng.choice(words if words and rng.random() < 0.5 else _WORDS)
    times = 1 if rng.random() < 0.9 else rng.choice((2, 10, 1000))
    return data[:at] + word * times + data[at + rng.choice((0, 0, len(word))) :]


def _number(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return _word(data, corpus, words, rng)
    start, end = rng.choice(found).span()
    return data[:start] + rng.choice(_NUMBERS) + data[end:]


def _leave_out(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice((1, 2, 8, 64, len(data))) :]


def _again(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    at, length = _place(data, rng), rng.choice((1, 8, 40, 200))
    return data[:at] + data[at : at + length] * rng.choice((2, 2, 3, 100)) + data[at + length :]


def _other(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    other, at = rng.choice(corpus), _place(data, rng)
    start, length = _place(other, rng), rng.choice((4, 32, 256, 4096))
    return data[:at] + other[start : start + length] + data[at + rng.choice((0, length)) :]


def _lines(data: bytes, corpus: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return data
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


_CHANGES = (_flip, _byte, _word, _word, _number, _leave_out, _again, _other, _lines)
