"""What a handler may do: the least policy that its calls need, and which of them a role's policy would deny."""

from workbench.permissions.handler_access import HandlerAccess, handler_access

__all__ = ["HandlerAccess", "handler_access"]
