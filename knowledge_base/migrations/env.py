"""Alembic's entry: runs the steps on the connection, and in the transaction, that the caller gives."""

from alembic import context

from knowledge_base.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
