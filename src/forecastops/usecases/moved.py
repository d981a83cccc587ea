"""What a promotion, renewal or rollback came to."""

from __future__ import annotations

from dataclasses import dataclass

from forecastops.adapters.endpoint.interface import EndpointState

__all__ = ["Moved"]


@dataclass(frozen=True)
class Moved:
    """What a promotion, renewal or rollback came to; ``note`` says it to a person.

    Attributes:
        run_id: the challenger's run, or that of the version returned to; None where there is none.
        promoted: whether another model is in production now.
        renewed: whether the champion was given newer data, or estimated on them.
        version: the version that came into production; None where none did.
        previous_version: the champion before.
        endpoint: what serves, where it was asked.
        verdict: the decision's, where there was one.
        reason: why the champion was not renewed; None where it was, or was not to be.
        refused: whether that is because the data were refused.
    """

    run_id: str | None
    promoted: bool
    version: str | None
    previous_version: str | None
    endpoint: EndpointState | None
    verdict: str | None
    note: str
    renewed: bool = False
    reason: str | None = None
    refused: bool = False

    @classmethod
    def renewed_to(cls, version: str, previous: str, state: EndpointState, note: str) -> Moved:
        """Return a champion that has newer data now."""
        return cls(None, False, version, previous, state, None, note, renewed=True)

    @classmethod
    def unchanged(cls, champion: str, reason: str, state: EndpointState | None, *, refused: bool = False) -> Moved:
        """Return a champion that stays as it is."""
        note = f"version {champion} was not renewed: {reason}"
        return cls(None, False, None, champion, state, None, note, reason=reason, refused=refused)
