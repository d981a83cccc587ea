"""What ``deployment.settings`` may say for Azure, and the file that azureml-mlflow wants it in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from forecastops.core.errors import ConfigError

__all__ = ["ContainerSettings", "OnlineSettings", "read_settings"]

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, alias_generator=to_camel)


class ContainerSettings(_Settings):
    """Azure Container Instances. Safe by default: a key, and TLS with a certificate of yours."""

    compute_type: Literal["aci"] = Field(description="Azure Container Instances, lower-case as its update wants it.")
    cpu: float = Field(1.0, gt=0, description="Cores.")
    memory: float = Field(1.5, gt=0, description="Gigabytes.")
    auth_enabled: bool = Field(True, description="Whether a request needs a key.")
    ssl_enabled: bool = Field(True, description="Whether it is served by TLS; then the next three are needed.")
    ssl_certificate: str | None = Field(None, description="File of the certificate, PEM.")
    ssl_key: str | None = Field(None, description="File of its key, PEM.")
    cname: str | None = Field(None, description="Host name of the certificate, which you let point to the service.")
    dns_name_label: str | None = Field(None, description="First part of the name that Azure gives it.")
    vnet_name: str | None = Field(None, description="Virtual network.")
    subnet_name: str | None = Field(None, description="Subnet of it.")
    app_insights_enabled: bool = Field(False, description="Whether requests are logged to Application Insights.")

    @model_validator(mode="after")
    def _tls_is_complete(self) -> ContainerSettings:
        if not self.ssl_enabled:
            return self
        if not (self.ssl_certificate and self.ssl_key and self.cname):
            raise ValueError(
                "TLS needs sslCertificate, sslKey and cname; without TLS (sslEnabled: false) the key and the forecasts "
                "are sent in the clear"
            )
        for path in (self.ssl_certificate, self.ssl_key):
            if not os.access(path, os.R_OK):
                raise ValueError(f"file {path} cannot be read")
        return self

    def document(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return the deploy-config-file, with absolute paths: the client changes the working directory."""
        # The client's update fails on settings of TLS that come although it is off.
        unused = set() if self.ssl_enabled else {"ssl_certificate", "ssl_key", "cname"}
        plain = self.model_dump(by_alias=True, exclude={"cpu", "memory", *unused}, exclude_none=True)
        files = {key: os.path.abspath(plain[key]) for key in ("sslCertificate", "sslKey") if key in plain}
        resources = {"cpu": self.cpu, "memoryInGB": self.memory}
        return plain | files | {"containerResourceRequirements": resources, "tags": dict(tags)}


class OnlineSettings(_Settings):
    """Managed online endpoints, which always have TLS; requests need the endpoint's key."""

    compute_type: Literal["managed"] = Field(description="Managed online endpoint.")
    instance_type: str = Field("Standard_DS2_v2", min_length=1, description="Size of the virtual machine.")
    instance_count: int = Field(1, ge=1, description="How many of them; twice as many while a version moves in.")
    app_insights_enabled: bool = Field(False, description="Whether requests are logged to Application Insights.")

    def document(self) -> dict[str, Any]:
        """Return the deploy-config-file."""
        size: dict[str, Any] = {"instance_type": self.instance_type, "instance_count": self.instance_count}
        # The client fails on a false value here.
        return size | ({"app_insights_enabled": True} if self.app_insights_enabled else {})


_ADAPTER: TypeAdapter[ContainerSettings | OnlineSettings] = TypeAdapter(
    Annotated[ContainerSettings | OnlineSettings, Field(discriminator="compute_type")]
)


def read_settings(settings: Mapping[str, object], name: str) -> ContainerSettings | OnlineSettings:
    """Return the settings, checked, for an endpoint of that name.

    Raises:
        ConfigError: naming the key and what is wrong with its value, or the name that Azure does not take.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "configuration",
            f"Azure does not take {name!r} as an endpoint's name",
            "set deployment.name to 3 to 32 lower-case letters, digits or hyphens that begin with a letter",
        )
    try:
        return _ADAPTER.validate_python(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        # The union's tag stands first in every place but its own.
        key = ".".join(["deployment.settings", *map(str, first["loc"][1:])])
        message = first["msg"].removeprefix("Value error, ")
        remedy = "start from what `forecastops config example online-endpoint` shows, or `config example aci`"
        raise ConfigError("configuration", f"{key}: {message}", remedy) from error
