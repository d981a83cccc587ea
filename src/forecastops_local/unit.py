"""The unit by which systemd keeps a deployment serving, also after a reboot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["systemd_unit"]


def systemd_unit(name: str, program: Sequence[str], folder: Path, user: str, environment: Mapping[str, str]) -> str:
    """Return a service unit that runs ``program`` as ``user`` in ``folder``, and runs it again when it fails."""
    told = "\n".join(f"Environment={_quoted(f'{key}={value}')}" for key, value in environment.items())
    return f"""\
# Put it at /etc/systemd/system/{_file(name)}, then: systemctl enable --now {_file(name)}
[Unit]
Description=forecastops endpoint {_plain(name)}
After=network.target

[Service]
Type=exec
User={_plain(user)}
WorkingDirectory={_plain(str(folder))}
{told}
ExecStart={" ".join(_quoted(word).replace("$", "$$") for word in program)}
# It ends by itself only when it is stopped or its deployment is deleted.
Restart=on-failure
RestartSec=5
# Requests that have been accepted are answered first.
KillMode=mixed
TimeoutStopSec=30
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""


def _file(name: str) -> str:
    return f"forecastops-{name}.service"


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
