"""Campaigns, touchpoints and milestones, as migrations see them: the tables of this app and the apps beneath it."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

APP_CONFIG = AppConfig(
    app_name="campaigns",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    # Tables imported from a lower app are that app's to migrate.
    table_classes=[
        table for table in table_finder(["campaigns.tables"]) if table.__module__.startswith("campaigns.tables")
    ],
    migration_dependencies=["crm.piccolo_app"],
)
