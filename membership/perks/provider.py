"""The OpenID Connect provider: Authlib does the protocol, this hands it our rows. Only codes with PKCE (S256)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import current_app, g
from sqlalchemy.orm import Session

from membership.perks import community, keys
from membership.perks.community_models import CommunityCode, CommunityToken
from membership.web.tokens import hashed

DISCOVERY = "/.well-known/openid-configuration"


def issuer() -> str:
    """Who we are to other sites."""
    return str(current_app.config["MEMBERSHIP"].base_url)


def secret() -> str:
    """What keys are sealed under."""
    return str(current_app.config["MEMBERSHIP"].secret_key)


def begin(rows: Session, request: Any, *, at: datetime, wall: datetime) -> None:
    """What one request brings: the view's transaction, which commits when Authlib has answered, and the time: `at` for
    standing, `wall` for codes and tokens, because other sites' clocks follow no sandbox."""
    g.community_session, g.community_request, g.community_at, g.community_wall = rows, request, at, wall


def session() -> Session:
    """The transaction of this request."""
    return g.community_session  # type: ignore[no-any-return]


class OwnRequest(FlaskOAuth2Request):  # type: ignore[misc]
    """A request under the site's own name, whatever a proxy made of it."""

    def __init__(self, request: Any) -> None:
        path = request.full_path.rstrip("?")
        OAuth2Request.__init__(self, method=request.method, uri=issuer() + path, headers=request.headers)
        self._request = request
        self.payload = FlaskOAuth2Payload(request)


class Provider(AuthorizationServer):  # type: ignore[misc]
    """The authorization server."""

    def create_oauth2_request(self, request: Any) -> OwnRequest:
        from_flask = request if request is not None else g.community_request
        return OwnRequest(from_flask)

    def query_client(self, client_id: str) -> community.Client | None:
        return community.client(session(), client_id)

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        session().add(
            CommunityToken(
                token_hash=hashed(token["access_token"]), code_hash=request.authorization_code.row.code_hash,
                client_id=request.client.row.id, reader_id=request.user, scope=token["scope"],
                expires_at=g.community_wall + community.TOKEN_LASTS,
            )
        )  # fmt: skip
        session().flush()


class Code:
    """An authorization code as Authlib asks for it."""

    def __init__(self, row: CommunityCode) -> None:
        self.row = row
        self.code_challenge, self.code_challenge_method = row.challenge, "S256"

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return self.row.scope

    def get_nonce(self) -> str:
        return self.row.nonce

    def get_auth_time(self) -> int:
        return int(self.row.made_at.timestamp())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes are kept as hashes, and used up by being asked for."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked, wall = request.payload.data, g.community_wall
        community.keep_code(
            session(), code, client_id=request.client.row.id, reader_id=request.user,
            redirect_uri=request.payload.redirect_uri or request.client.get_default_redirect_uri(),
            scope=request.client.get_allowed_scope(request.payload.scope), nonce=asked.get("nonce", "")[:500],
            challenge=asked["code_challenge"], made_at=wall, expires_at=wall + community.CODE_LASTS,
        )  # fmt: skip

    def query_authorization_code(self, code: str, client: community.Client) -> Code | None:
        row = community.use_code(session(), code, client.row.id, wall=g.community_wall)
        return Code(row) if row else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was used up when it was asked for, and is swept away later."""

    def authenticate_user(self, authorization_code: Code) -> int | None:
        """The reader, if the perk is still theirs."""
        row = authorization_code.row
        client = community.client(session(), row.client_id)
        try:
            assert client is not None
            community.access(session(), client.row, row.reader_id, at=g.community_at)
        except community.NoAccess:
            return None
        return row.reader_id


class Challenge(CodeChallenge):  # type: ignore[misc]
    """PKCE for everybody, S256 and nothing else."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with 'code_challenge_method=S256' is required.", redirect_uri=redirect_uri)
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token: signed with the key of the day, for one site, for ten minutes."""

    def exists_nonce(self, nonce: str, request: Any) -> bool:  # noqa: ARG002 - a code is used once, and so is its nonce
        return False

    def resolve_client_private_key(self, client: Any) -> Any:  # noqa: ARG002 - one key signs for all
        return keys.signing(session(), secret(), at=g.community_wall)

    def get_encode_header(self, client: Any) -> dict[str, str]:
        return {"alg": keys.ALGORITHM, "kid": self.resolve_client_private_key(client).kid}

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        now = int(g.community_wall.timestamp())
        ends = now + int(community.ID_LASTS.total_seconds())
        return {"iss": issuer(), "aud": client.row.id, "iat": now, "exp": ends}

    def generate_user_info(self, user: int, scope: str) -> UserInfo:
        code = session().get_one(CommunityCode, g.community_code)
        client = community.client(session(), code.client_id)
        assert client is not None
        return UserInfo(community.claims_of(session(), client.row, user, scope, at=g.community_at))

    def encode_id_token(self, token: Any, request: Any) -> str:
        g.community_code = request.authorization_code.row.code_hash
        return str(super().encode_id_token(token, request))


class Bearer:
    """An access token as Authlib asks for it: it opens nothing once the perk is gone."""

    def __init__(self, row: CommunityToken, client: community.Client | None) -> None:
        self.row, self.client = row, client

    def is_expired(self) -> bool:
        return self.row.expires_at <= g.community_wall

    def is_revoked(self) -> bool:
        if self.row.revoked_at is not None or self.client is None:
            return True
        try:
            community.access(session(), self.client.row, self.row.reader_id, at=g.community_at)
        except community.NoAccess:
            return True
        return False

    def get_scope(self) -> str:
        return self.row.scope


class Validator(BearerTokenValidator):  # type: ignore[misc]
    """Finds a token by its hash."""

    def authenticate_token(self, token_string: str) -> Bearer | None:
        row = session().get(CommunityToken, hashed(token_string))
        return Bearer(row, community.client(session(), row.client_id)) if row else None



def _server() -> Provider:
    made = Provider()
    made.scopes_supported = list(community.SCOPES)
    config = {"OAUTH2_TOKEN_EXPIRES_IN": {"authorization_code": int(community.TOKEN_LASTS.total_seconds())}}
    made.register_token_generator("default", made.create_bearer_token_generator(config))
    made.register_grant(CodeGrant, [Challenge(required=True), IdToken()])
    return made


server = _server()
protector = ResourceProtector()
protector.register_token_validator(Validator())


def discovery() -> dict[str, Any]:
    """OpenID Connect Discovery 1.0: where everything is and what we do."""
    at = issuer()
    return {
        "issuer": at, "authorization_endpoint": f"{at}/oauth/authorize", "token_endpoint": f"{at}/oauth/token",
        "userinfo_endpoint": f"{at}/oauth/userinfo", "jwks_uri": f"{at}/oauth/jwks.json",
        "scopes_supported": list(community.SCOPES), "response_types_supported": ["code"],
        "response_modes_supported": ["query"], "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": [keys.ALGORITHM],
        "token_endpoint_auth_methods_supported": CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS,
        "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": False,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "locale", "email", "email_verified",
            "standing", "tier", "tier_name", "patron_since",
        ],
    }  # fmt: skip
