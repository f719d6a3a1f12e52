"""Doors for machines about campaigns: events, and who registers for them; what the SMS gateway tells."""

from litestar import Controller

from campaigns.api import sms_hooks

CONTROLLERS: tuple[type[Controller], ...] = (*sms_hooks.CONTROLLERS,)
