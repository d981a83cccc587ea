"""Entra ID, managed identity and the cloud's metadata, as far as azure-identity and the plugin ask for them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from standin.server import Request, Response

__all__ = ["CLOUD", "STORAGE", "Identity"]

CLOUD = "StandInCloud"
STORAGE = "standin.test"  # the suffix of blob addresses, by which the plugin tells what it may download


@dataclass
class Identity:
    """Who may have a token, and which tokens are good until when."""

    federated: str = field(default_factory=lambda: "federated-" + secrets.token_urlsafe(24))
    secret: str = field(default_factory=lambda: "secret-" + secrets.token_urlsafe(24))
    token_seconds: float = 3600.0
    tokens: dict[str, float] = field(default_factory=dict)  # until when each is good
    skew_seconds: float = 0.0  # how far the service's clock is ahead of ours

    def new_token(self) -> str:
        """A token that is good from now on."""
        token = "token-" + secrets.token_urlsafe(32)
        self.tokens[token] = time.time() + self.token_seconds
        return token

    def revoke(self) -> None:
        """Make every token that was given bad."""
        for token in self.tokens:
            self.tokens[token] = 0.0

    def knows(self, request: Request) -> bool:
        """Whether the request carries a token that is good now."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and time.time() < self.tokens.get(token, 0.0)

    def answer(self, request: Request) -> Response | None:
        """The open endpoints."""
        if request.path == "/metadata/endpoints":
            return Response.of([_metadata(f"https://{request.headers['host']}")])
        if request.path.endswith("/.well-known/openid-configuration"):
            base = f"https://{request.headers['host']}/{request.path.strip('/').partition('/')[0]}"
            return Response.of(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/oauth2/authorize",
                    "token_endpoint": f"{base}/oauth2/token",
                }
            )
        if request.method == "POST" and request.path.endswith(("/oauth2/v2.0/token", "/oauth2/token")):
            return self._exchange({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        if request.path == "/msi/token":
            return self._managed(request)
        return None

    def _exchange(self, form: dict[str, str]) -> Response:
        known = self.federated == form.get("client_assertion") or self.secret == form.get("client_secret")
        if form.get("grant_type") != "client_credentials" or not known:
            text = "AADSTS7000215: Invalid client secret provided, or no matching federated identity record found."
            return Response.of({"error": "invalid_client", "error_description": text}, 401)
        return Response.of({"token_type": "Bearer", "expires_in": 3600, "access_token": self.new_token()})

    def _managed(self, request: Request) -> Response:
        if request.headers.get("x-identity-header") != self.secret:
            return Response.of({"error": "unauthorized"}, 401)
        token = {"access_token": self.new_token(), "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        return Response.of(token | {"resource": request.query.get("resource", "")})


def _metadata(base: str) -> dict[str, object]:
    """A cloud whose every endpoint is this server, in the form of Azure Resource Manager's metadata."""
    names = "sqlManagement batch gallery graphAudience vmImageAliasDoc media activeDirectoryDataLake portal"
    suffixes = "sqlServerHostname keyVaultDns azureDataLakeStoreFileSystem azureDataLakeAnalyticsCatalogAndJob"
    found: dict[str, object] = {
        "name": CLOUD,
        # Without a scheme, so that the plugin leaves the choice to AZURE_AUTHORITY_HOST: it cannot name a port itself.
        "authentication": {"audiences": [base], "loginEndpoint": "", "tenant": "common"},
        "resourceManager": base,
        "suffixes": {"storage": STORAGE, "acrLoginServer": STORAGE} | dict.fromkeys(suffixes.split(), STORAGE),
    }
    return found | dict.fromkeys(names.split(), base)
