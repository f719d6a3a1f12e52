"""People, consents and the network, as migrations see them: the tables of this app and the apps beneath it."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

APP_CONFIG = AppConfig(
    app_name="crm",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    # Tables imported from a lower app are that app's to migrate.
    table_classes=[table for table in table_finder(["crm.tables"]) if table.__module__.startswith("crm.tables")],
    migration_dependencies=[],
)
