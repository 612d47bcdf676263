"""Sign in to the page with a token, see who you are, sign out."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from libs.common.answers.system import Caller, SignedOut
from services.gateway.access.access import Access
from services.gateway.access.identity import Identity, Refused
from services.gateway.access.scopes import READ, identity_of
from services.gateway.access.sessions import COOKIE, CSRF_COOKIE, LIFE_S
from services.gateway.problems import problem

router = APIRouter(tags=["system"])


class SignIn(BaseModel):
    """A token, as `shirushi token create` has printed it."""

    token: Annotated[str, Field(min_length=1, max_length=8192)]


@router.post("/session", response_model=None, responses={200: {"model": Caller}})
async def sign_in(body: SignIn, request: Request, response: Response) -> Any:
    """Open a session for this browser: an HttpOnly cookie, and a word that each change repeats."""
    access: Access = request.app.state.access
    if not access.required:
        return _who(identity_of(request))
    address = request.client.host if request.client else "unknown"
    try:
        identity = await access.bearer(body.token.strip(), address)
    except Refused as refused:
        return problem(refused.status, refused.sentence, retry_s=refused.retry_s)
    if identity.token_id is None:
        raise HTTPException(422, "the page takes a token of `shirushi token create`")
    cookie, csrf = access.sessions.open(identity.token_id)
    secure = request.url.scheme == "https"
    for name, value, hidden in ((COOKIE, cookie, True), (CSRF_COOKIE, csrf, False)):
        response.set_cookie(
            name, value, max_age=LIFE_S, httponly=hidden, samesite="strict", secure=secure
        )
    return _who(identity)


@router.get(
    "/session", response_model=None, responses={200: {"model": Caller}}, dependencies=[READ]
)
async def who(request: Request) -> dict[str, Any]:
    """Who the gateway takes you for, and what you may do."""
    return _who(identity_of(request))


@router.delete(
    "/session", response_model=None, responses={200: {"model": SignedOut}}, dependencies=[READ]
)
async def sign_out(response: Response) -> dict[str, bool]:
    """Forget this browser's session."""
    for name in (COOKIE, CSRF_COOKIE):
        response.delete_cookie(name, samesite="strict")
    return {"signed_in": False}


def _who(identity: Identity) -> dict[str, Any]:
    return {
        "signed_in": identity.way != "open",
        "who": identity.who,
        "scope": identity.scope,
        "way": identity.way,
    }
