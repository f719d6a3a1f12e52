"""Doors for machines about campaigns: events, and who registers for them."""

from litestar import Controller

CONTROLLERS: tuple[type[Controller], ...] = ()
