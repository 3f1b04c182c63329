"""Severities of findings in files: a file alone starts no run, and much of it is upstream's."""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.core.finding import Confidence, Finding, Severity


def in_file(finding: Finding) -> Finding:
    """Returns a finding in a configuration file, as info if upstream ships the value or if a command completes it.

    An experiment that leaves a value of its environment open (``???``) is a template: its commands set the value.
    """
    template = finding.name == "missing-value" and finding.key.startswith("env.")
    return replace(finding, severity=Severity.INFO) if finding.upstream or template else finding


def in_document(finding: Finding, origin: str) -> Finding:
    """Returns a finding on a command of a document, with the repository that ships the command, if one does.

    Upstream's own instructions are reported where the loss is sure, and are info where it depends on the run.
    """
    if not origin:
        return finding
    sure = finding.confidence is Confidence.HIGH or finding.severity is Severity.ERROR
    severity = finding.severity if sure else Severity.INFO
    return replace(finding, upstream=finding.upstream or origin, severity=severity)
