"""Doors for machines about campaigns: events, and who registers for them."""

from litestar import Controller

from campaigns.api import events

CONTROLLERS: tuple[type[Controller], ...] = (*events.CONTROLLERS,)
