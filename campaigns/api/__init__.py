"""Doors for machines about campaigns: events and who registers for them, and what a gateway for text messages tells us."""

from litestar import Controller

from campaigns.api import events, sms_hooks

CONTROLLERS: tuple[type[Controller], ...] = (*events.CONTROLLERS, *sms_hooks.CONTROLLERS)
