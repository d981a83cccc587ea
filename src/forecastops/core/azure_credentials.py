"""What every program of forecastops does to Azure's chain of credentials."""

from __future__ import annotations

from typing import Any

__all__ = ["leave_out_personal"]


def leave_out_personal(chain: Any) -> None:
    """Take browser and device code out of a chain of credentials, in place: nobody is here to sign in.

    Anything but a chain stays as it is.
    """
    from azure.identity import ChainedTokenCredential, DeviceCodeCredential, InteractiveBrowserCredential

    if isinstance(chain, ChainedTokenCredential):
        personal = (DeviceCodeCredential, InteractiveBrowserCredential)
        chain.credentials = tuple(one for one in chain.credentials if not isinstance(one, personal))
