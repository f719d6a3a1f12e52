"""Where Piccolo looks by default: the engine of the house and the apps whose tables it migrates, lowest first."""

from piccolo.conf.apps import AppRegistry

from crm.database import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["crm.piccolo_app", "campaigns.piccolo_app", "leads.piccolo_app"])
