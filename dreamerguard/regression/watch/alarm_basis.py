"""Chooses why a healthy run rarely gives an alarm: by a guarantee where there are enough curves, or by measurement.

Measured: published seeds are judged against the other seeds of their tasks; the share of those that were ever too low
is the false alarm rate. Guaranteed: see `dreamerguard.regression.statistics.guaranteed_band`.
"""

from __future__ import annotations

from enum import StrEnum

from dreamerguard.regression.published import Calibration, Envelope, Method, SlowerCalibration
from dreamerguard.regression.statistics.guaranteed_band import (
    LEAST_CURVES,
    LEAST_SEEDS,
    GuaranteedBand,
    can_guarantee,
    guaranteed,
)
from dreamerguard.regression.statistics.seed_band import SeedBand


class Basis(StrEnum):
    """Why the false alarm rate holds."""

    GUARANTEED = "guaranteed"
    MEASURED = "measured"
    SLOWER = "measured, slower laboratory"


def alarm_basis(envelope: Envelope, calibration: Calibration, method: Method) -> tuple[Basis, SeedBand, Calibration]:
    """Returns the basis, the band and the statistics by which runs of a task are judged.

    Args:
      envelope: the reference of the task.
      calibration: false alarm statistics of the reference's suite.
      method: constants of the reference.
    """
    if isinstance(calibration, SlowerCalibration):
        return Basis.SLOWER, SeedBand.of(envelope.curves, calibration.spread, method), calibration
    if envelope.own_calibration and can_guarantee(envelope.seeds, calibration):
        band = GuaranteedBand.leaving_one_out(envelope.curves, calibration.spread, method)
        return Basis.GUARANTEED, band, guaranteed(calibration)
    return Basis.MEASURED, SeedBand.of(envelope.curves, calibration.spread, method), calibration


def flat_run_caught_at(basis: Basis, envelope: Envelope, band: SeedBand, calibration: Calibration) -> float | None:
    """Returns the frames at which a run that learns nothing is detected; None if one seed cannot show it."""
    if basis is Basis.MEASURED:
        return envelope.flat_run_caught_at
    alarm = band.alarm(calibration.alarm.get(band.method.alarm))
    return next((x for x, y in zip(envelope.grid, alarm, strict=True) if y is not None and y > band.start), None)


def basis_text(basis: Basis, envelope: Envelope, curves: int) -> str:
    """Returns one sentence about the false alarm rate of a run.

    Args:
      basis: of the verdict.
      envelope: the reference of the task.
      curves: number of healthy curves behind the rate.
    """
    if basis is Basis.GUARANTEED:
        return (
            f"false alarms: at most 5 % of healthy runs over all looks, guaranteed on average over the tasks of"
            f" {envelope.suite} ({curves} curves) if a healthy run is exchangeable with the {envelope.seeds} seeds of"
            " its task"
        )
    if basis is Basis.SLOWER:
        return (
            "false alarms: about 5 % of healthy runs of a laboratory that learns up to 20 % slower, over all looks,"
            f" measured on {curves} healthy curves that were made slower"
        )
    if not envelope.own_calibration:
        why = "the statistics are borrowed"
    elif envelope.seeds < LEAST_SEEDS:
        why = f"a guarantee needs {LEAST_SEEDS} seeds of the task, there are {envelope.seeds}"
    else:
        why = f"a guarantee needs {LEAST_CURVES} curves"
    return f"false alarms: about 5 % of healthy runs over all looks, measured on {curves} healthy curves; {why}"
