"""Writes image summaries for TensorBoard into separate event files.

They lie in ``tensorboard/videos/``, which TensorBoard shows as a separate run. A resume compares the event files of
the training with the checkpoint, and a training process may write to them at any time, so they are not touched here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from .append_file import UnusableLogs
from .event_log import FOLDER, check_folder
from .event_record import event_record

#: Folder of the image summaries within that of the event files.
PICTURES = "videos"


def write_picture(directory: Path, tag: str, frames: int, content: bytes, size: tuple[int, int]) -> Path:
    """Writes one image summary, which may be an animated GIF, to a new event file.

    Args:
      directory: folder of the agent's logs.
      tag: name of the image, for example ``eval/episode``.
      frames: environment frames of the agent, the step of the summary.
      content: the encoded image.
      size: height and width.

    Returns:
      The event file.

    Raises:
      UnusableLogs: the folder of the event files is a link.
      OSError: it cannot be written.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    check_folder(directory / FOLDER)
    folder = directory / FOLDER / PICTURES
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    image = Summary.Image(height=size[0], width=size[1], colorspace=3, encoded_image_string=content)
    now = time.time()
    begin = Event(wall_time=now, file_version="brain.Event:2")
    event = Event(wall_time=now, step=frames, summary=Summary(value=[Summary.Value(tag=tag, image=image)]))
    data = event_record(begin.SerializeToString()) + event_record(event.SerializeToString())
    name = f"events.out.tfevents.{int(now):010d}.{os.uname().nodename}.{os.getpid()}.{tag.replace('/', '-')}-{frames}"
    path = folder / name
    path.write_bytes(data)
    return path


def try_picture(
    directory: Path, tag: str, frames: int, content: bytes, size: tuple[int, int], say: Callable[[str], None]
) -> None:
    """Calls `write_picture`, but only states a failure: the video is written already."""
    try:
        write_picture(directory, tag, frames, content, size)
    except (OSError, UnusableLogs) as error:
        say(f"the images for TensorBoard cannot be written: {error}")
