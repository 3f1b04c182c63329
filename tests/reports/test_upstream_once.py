"""A fault that the upstream program ships is reported once for a repository, with its other places."""

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.source import Label, Source
from dreamerguard.reports.places import merge_upstream


def finding(name: str, upstream: str = "x/y at 1") -> Finding:
    source = Source(name, "total_steps: 1\n")
    label = Label(source.span(0, 11))
    return Finding("DG319", "misplaced-key", Severity.INFO, "no effect", label, key="total_steps", upstream=upstream)


def test_upstream_faults_are_merged_and_count_their_places() -> None:
    (merged,) = merge_upstream(finding(f"exp/{name}.yaml") for name in "abcdef")
    assert merged.primary.span.source.name == "exp/a.yaml"
    assert [label.span.source.name for label in merged.secondary] == ["exp/b.yaml", "exp/c.yaml", "exp/d.yaml"]
    assert merged.help == "the same in 2 more places"


def test_the_faults_of_the_user_are_not_merged() -> None:
    assert len(merge_upstream([finding("a.yaml", ""), finding("b.yaml", "")])) == 2
    assert len(merge_upstream([finding("a.yaml"), finding("b.yaml", "other at 2")])) == 2
