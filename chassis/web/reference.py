"""The API's reference as a plain page, made from the service's own OpenAPI document: no script
and nothing from another host, so that it lives under our content policy."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.web.pages import page
from chassis.web.who import Anyone

METHODS = ("get", "put", "post", "delete", "patch")


def docs_router(service: str) -> APIRouter:
    """`/api/<service>/docs`."""
    router = APIRouter(include_in_schema=False, dependencies=[Anyone])

    @router.get(f"/api/{service}/docs")
    async def show(request: Request) -> Response:
        document = request.app.openapi()
        return page(
            request,
            "reference.html",
            service=service,
            openapi_url=request.app.openapi_url,
            operations=_operations(document),
            schemas=_schemas(document),
        )

    return router


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "about": operation.get("description") or operation.get("summary", ""),
            "parameters": operation.get("parameters", []),
            "body": _body_of(operation),
            "answers": sorted(operation.get("responses", {})),
        }
        for path, operations in sorted(document["paths"].items())
        for method, operation in operations.items()
        if method in METHODS and path.startswith(("/api/", "/webhooks/"))
    ]


def _body_of(operation: dict[str, Any]) -> str | None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        reference: str = content.get("schema", {}).get("$ref", "")
        return reference.rpartition("/")[2] or None
    return None


def _schemas(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each model's name and fields: what a body may hold."""
    return [
        {
            "name": name,
            "fields": [
                {
                    "name": field,
                    "kind": _kind(schema),
                    "required": field in model.get("required", ()),
                }
                for field, schema in model["properties"].items()
            ],
        }
        for name, model in sorted(document.get("components", {}).get("schemas", {}).items())
        if "properties" in model
    ]


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("type") or schema.get("const", "any"))
