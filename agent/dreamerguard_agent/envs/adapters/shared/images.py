"""Converts the images of environments to bytes [size, size, channels], the form that the networks read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...protocol import Array, EnvError

#: Smallest side of an image; smaller grids are vectors of numbers.
SMALLEST = 16
#: Most channels of an image: up to four frames of gray, or one of red, green, blue and alpha.
MOST_CHANNELS = 4

Layout = Literal["hwc", "chw", "hw"]


@dataclass(frozen=True, slots=True)
class ImageForm:
    """The form in which an environment gives an image.

    Attributes:
      layout: order of height, width and channels.
      shape: shape of the environment's array.
      white: value of full brightness: 255, or 1 for numbers from 0 to 1.
    """

    layout: Layout
    shape: tuple[int, ...]
    white: float

    @property
    def channels(self) -> int:
        """Number of channels."""
        return {"hwc": self.shape[-1], "chw": self.shape[0], "hw": 1}[self.layout]

    def to_bytes(self, key: str, value: Array, size: int) -> Array:
        """Returns an image as bytes [size, size, channels].

        Args:
          key: name of the observation, for messages.
          value: the environment's array, with this form's shape.
          size: height and width of the result.

        Raises:
          EnvError: a number is not finite or not between black and white.
        """
        image = value[..., None] if self.layout == "hw" else value
        image = np.moveaxis(image, 0, -1) if self.layout == "chw" else image
        return resize(_bytes(key, image, self.white), size)


def image_form(shape: tuple[int, ...], dtype: Any, low: float, high: float) -> ImageForm | None:
    """Returns the form of a box that is an image, or None.

    An image has bytes, or numbers from 0 to 1 or from 0 to 255; two sides of at least `SMALLEST` pixels, and up to
    `MOST_CHANNELS` channels, first or last. Two dimensions are a gray image if they are bytes.
    """
    kind = np.dtype(dtype).kind
    if np.dtype(dtype) == np.uint8:
        white = 255.0
    elif kind == "f" and low == 0 and high in (1, 255):
        white = high
    else:
        return None
    if len(shape) == 2:
        return ImageForm("hw", shape, white) if kind != "f" and min(shape) >= SMALLEST else None
    if len(shape) != 3:
        return None
    if min(shape[:2]) >= SMALLEST and shape[2] <= MOST_CHANNELS:
        return ImageForm("hwc", shape, white)
    if min(shape[1:]) >= SMALLEST and shape[0] <= MOST_CHANNELS:
        return ImageForm("chw", shape, white)
    return None


def resize(image: Array, size: int) -> Array:
    """Resizes an image of bytes [height, width, channels] to [size, size, channels].

    Uses Pillow's box filter: the mean of the covered pixels when the image shrinks, the nearest pixel when it grows.
    Another aspect ratio is stretched. Channels are resized separately, so a fourth one is not taken for transparency.

    Raises:
      EnvError: Pillow is not installed.
    """
    if image.shape[:2] == (size, size):
        return image
    try:
        from PIL import Image
    except ImportError as error:
        raise EnvError("images of another size need Pillow: pip install pillow") from error
    image = np.ascontiguousarray(image)
    planes = [image] if image.shape[2] == 3 else [image[..., channel] for channel in range(image.shape[2])]
    resized = [np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.BOX)) for plane in planes]
    return resized[0] if image.shape[2] == 3 else np.stack(resized, -1)


def _bytes(key: str, image: Array, white: float) -> Array:
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise EnvError(f"observation `{key}` has numbers that are not finite")
    if image.min() < 0 or image.max() > white:
        raise EnvError(f"observation `{key}` has values from {image.min():g} to {image.max():g}, not 0 to {white:g}")
    return np.rint(image * (255.0 / white)).astype(np.uint8) if white != 255 else np.rint(image).astype(np.uint8)
