"""A small plot as SVG text, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_LEFT, _BOTTOM, _TOP, _RIGHT, _ROW = 62, 48, 26, 30, 20


class Plot:
    """A plot with two axes.

    Args:
      width, height: size in pixels.
      x, y: the ends of the axes.
      x_name, y_name: what the axes show.
      rows: rows of the legend below the plot.
    """

    def __init__(
        self,
        width: int,
        height: int,
        x: tuple[float, float],
        y: tuple[float, float],
        x_name: str,
        y_name: str,
        rows: int = 0,
    ) -> None:
        self.width, self.height, self.x_ends, self.y_ends = width, height, x, y
        self.names = x_name, y_name
        self.floor = height - _BOTTOM - _ROW * rows
        self.parts: list[str] = []
        self.legend: list[tuple[str, str, bool]] = []

    def area(self, points: Sequence[tuple[float, float, float]]) -> None:
        """Fills between two lines: x, low, high."""
        there = " ".join(self._place(x, low) for x, low, _ in points)
        back = " ".join(self._place(x, high) for x, _, high in reversed(points))
        self.parts.append(f'<polygon points="{there} {back}" fill="#9db8d9" fill-opacity="0.45"/>')
        self.legend.append(("#9db8d9", "90 % of published seeds", False))

    def line(self, points: Sequence[tuple[float, float]], color: str, label: str, dashed: bool = False) -> None:
        """Draws a line with an entry in the legend."""
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        places = " ".join(self._place(*point) for point in points)
        self.parts.append(f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2"{dash}/>')
        self.legend.append((color, label, dashed))

    def bar(self, left: float, right: float, height: float, color: str) -> None:
        """Draws a bar from the x axis."""
        x, y = self._x(left), self._y(height)
        size = f'width="{self._x(right) - x - 1:.1f}" height="{self._y(0) - y:.1f}"'
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{color}"/>')

    def mark(self, x: float, label: str) -> None:
        """Draws a vertical line with a label."""
        top, bottom = self._y(self.y_ends[1]), self._y(0)
        self.parts.append(f'<path d="M{self._x(x):.1f} {top:.1f}V{bottom:.1f}" stroke="#c0392b" stroke-width="2"/>')
        self.parts.append(f'<text x="{self._x(x) + 6:.1f}" y="{top + 12:.1f}">{escape(label)}</text>')

    def svg(self, title: str) -> str:
        """Returns the picture.

        Args:
          title: text for screen readers, escaped.
        """
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img"'
            f' font-family="sans-serif" font-size="13" fill="#333">\n<title>{title}</title>\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join([*self._axes(), *self.parts, *self._legend()])
            + "\n</svg>\n"
        )

    def _axes(self) -> list[str]:
        lines = []
        for i in range(6):
            x = self.x_ends[0] + (self.x_ends[1] - self.x_ends[0]) * i / 5
            y = self.y_ends[0] + (self.y_ends[1] - self.y_ends[0]) * i / 5
            lines.append(f'<path d="M{_LEFT} {self._y(y):.1f}H{self.width - _RIGHT}" stroke="#e3e3e3"/>')
            lines.append(f'<text x="{_LEFT - 6}" y="{self._y(y) + 4:.1f}" text-anchor="end">{y:,.0f}</text>')
            lines.append(f'<text x="{self._x(x):.1f}" y="{self.floor + 20}" text-anchor="middle">{x:,.0f}</text>')
        middle = (_LEFT + self.width - _RIGHT) / 2
        lines.append(f'<text x="{middle}" y="{self.floor + 40}" text-anchor="middle">{escape(self.names[0])}</text>')
        lines.append(f'<text x="8" y="16">{escape(self.names[1])}</text>')
        return lines

    def _legend(self) -> list[str]:
        lines, y = [], self.floor + _BOTTOM + 8
        for color, label, dashed in self.legend:
            dash = ' stroke-dasharray="6 4"' if dashed else ""
            x = _LEFT
            lines.append(f'<path d="M{x} {y}h26" stroke="{color}" stroke-width="4"{dash}/>')
            lines.append(f'<text x="{x + 34}" y="{y + 4}">{escape(label)}</text>')
            y += _ROW
        return lines

    def _place(self, x: float, y: float) -> str:
        return f"{self._x(x):.1f},{self._y(y):.1f}"

    def _x(self, x: float) -> float:
        low, high = self.x_ends
        return _LEFT + (self.width - _LEFT - _RIGHT) * (x - low) / (high - low)

    def _y(self, y: float) -> float:
        low, high = self.y_ends
        return self.floor - (self.floor - _TOP) * (min(max(y, low), high) - low) / (high - low)
