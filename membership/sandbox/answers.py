"""How the API says no (https://docs.stripe.com/api/errors)."""

from __future__ import annotations


class Refusal(Exception):
    """An error envelope with its status. `keep`: what was written before it stays (a declined charge is a fact)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keep: bool = False,
        **more: str | None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keep = keep
        self.error: dict[str, str] = {"message": message, "type": type}
        if code:
            self.error["code"] = code
            self.error["doc_url"] = f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}"
        if param:
            self.error["param"] = param
        self.error.update({key: value for key, value in more.items() if value is not None})


def missing(param: str) -> Refusal:
    return Refusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(params: list[str]) -> Refusal:
    several = "s" if len(params) > 1 else ""
    words = f"Received unknown parameter{several}: {', '.join(params)}"
    return Refusal(words, code="parameter_unknown", param=params[0])


def no_such(kind: str, id: str, param: str = "id") -> Refusal:
    """404 for the object in the path, 400 for one named in a parameter, as Stripe has it."""
    words = f"No such {kind}: '{id}'"
    return Refusal(words, status=404 if param == "id" else 400, code="resource_missing", param=param)


def card_error(message: str, code: str, decline_code: str | None, **more: str | None) -> Refusal:
    """402: the bank said no. The failed charge is kept."""
    return Refusal(message, status=402, type="card_error", code=code, decline_code=decline_code, keep=True, **more)
