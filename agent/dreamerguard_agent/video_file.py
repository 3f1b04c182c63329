"""Writes videos: mp4 with the ffmpeg that imageio-ffmpeg brings (the extra ``video``), or gif with Pillow."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

import numpy as np

from .envs import Array

#: Module of the extra ``video``.
NEEDED = ("imageio_ffmpeg",)
FRAMES_PER_SECOND = 30
#: Smaller frames are enlarged to at least this height.
_HEIGHT = 240


def missing_video(needed: tuple[str, ...] = NEEDED) -> list[str]:
    """Returns the modules that a video needs and that are not installed."""
    return [name for name in needed if importlib.util.find_spec(name) is None]


def write_video(path: Path, images: Iterable[Array], rate: int = FRAMES_PER_SECOND) -> None:
    """Writes images, uint8 [height, width, channels] of one size, as mp4. A video that fails leaves no file.

    ffmpeg is started here and not by imageio, which forks this process: JAX warns that this may hang.

    Args:
      path: the file.
      images: at least one; small ones are enlarged.
      rate: images per second.

    Raises:
      OSError: it cannot be written, or the size of the images changes.
    """
    unfinished = path.with_name(f".{path.stem}-{os.getpid()}.mp4")
    shown = _of_one_size(map(_enlarged, images))
    try:
        first = next(shown)
        with subprocess.Popen(
            _command(first, unfinished, rate), stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as ffmpeg:
            try:
                _feed(ffmpeg, chain([first], shown))
            except BaseException:
                ffmpeg.kill()
                raise
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def gif_of(images: Sequence[Array], rate: int) -> bytes:
    """Returns images, uint8 [height, width, 1 or 3] of one size, as an animated GIF that repeats.

    Args:
      images: at least one.
      rate: images per second; a GIF counts hundredths of a second.
    """
    from PIL import Image

    frames = [Image.fromarray(with_colors(image)) for image in images]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=max(20, round(1000 / rate)), loop=0)
    return target.getvalue()


def _feed(ffmpeg: subprocess.Popen[bytes], images: Iterable[Array]) -> None:
    assert ffmpeg.stdin and ffmpeg.stderr
    with suppress(BrokenPipeError):  # then ffmpeg has ended with a message
        for image in images:
            ffmpeg.stdin.write(image.tobytes())
        ffmpeg.stdin.close()
    message = ffmpeg.stderr.read().decode(errors="replace").strip()
    if ffmpeg.wait():
        last = message.rpartition("\n")[2] or f"exit code {ffmpeg.returncode}"
        raise OSError(f"the video cannot be written: ffmpeg: {last}")


def _command(image: Array, path: Path, rate: int) -> list[str]:
    from imageio_ffmpeg import get_ffmpeg_exe

    try:
        program = get_ffmpeg_exe()
    except RuntimeError as error:
        raise OSError(f"the video cannot be written: {error}") from error
    height, width = image.shape[:2]
    raw = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {rate} -i -".split()
    coded = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", "-y"]
    return [program, "-loglevel", "error", *raw, *coded, str(path.absolute())]


def _of_one_size(images: Iterable[Array]) -> Iterator[Array]:
    size = None
    for image in images:
        if size not in (None, image.shape):
            raise OSError(f"the video cannot be written: an image has {image.shape[:2]} pixels, the first had {size}")
        size = image.shape
        yield image


def _enlarged(image: Array) -> Array:
    """Repeats pixels of small images, gives grey ones three channels, and makes height and width even."""
    image = with_colors(image)
    factor = max(1, -(-_HEIGHT // image.shape[0]))
    image = np.repeat(np.repeat(image, factor, 0), factor, 1)
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)))


def with_colors(image: Array) -> Array:
    """Returns three channels of an image; those of a gray one are equal."""
    return image[..., :3] if image.shape[-1] >= 3 else np.repeat(image[..., :1], 3, -1)
