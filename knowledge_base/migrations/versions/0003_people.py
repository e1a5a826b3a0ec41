"""People: names, municipalities, wishes; verifications, consents, blocks; what a conversation waits for."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The ledger refuses changes by itself. What may change it (retention, erasure, the merging of two persons) says so by
# this fact, in the same transaction; the proof itself (all but whose it is) never changes.
ALLOWED = "EXISTS (SELECT 1 FROM fact WHERE name = 'consents unlocked')"
CONTENT = ("number", "purpose", "what", "wording", "text_hash", "channel", "event_id", "method", "at")


def upgrade() -> None:
    op.add_column("chat_context", sa.Column("awaits", sa.Text(), nullable=True))
    _profiles()
    _ledgers()
    _seal()


def _profiles() -> None:
    op.create_table(
        "profile",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("municipality", sa.String(length=200), nullable=False),
        sa.Column("verified_at", UtcDateTime, nullable=True),
        sa.Column("verified_address", sa.String(length=320), nullable=False),
        sa.Column("prefers", sa.String(length=16), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("paused_until", UtcDateTime, nullable=True),
        sa.Column("refuses", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_profile_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_profile")),
    )
    op.create_table(
        "verification",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("municipality", sa.String(length=200), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_verification_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_verification")),
    )
    op.create_index(op.f("ix_verification_expires_at"), "verification", ["expires_at"], unique=False)


def _ledgers() -> None:
    op.create_table(
        "consent",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("wording", sa.String(length=120), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_at"), "consent", ["at"], unique=False)
    op.create_index("ix_consent_subject_purpose", "consent", ["subject", "purpose"], unique=False)
    op.create_table(
        "block",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_block")),
    )
    op.create_table(
        "tally",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tally")),
    )
    op.create_index(op.f("ix_tally_expires_at"), "tally", ["expires_at"], unique=False)
    op.create_index("ix_tally_what_hash_at", "tally", ["what", "hash", "at"], unique=False)
    op.create_table(
        "contact_notice",
        sa.Column("contact_id", sa.String(length=200), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("told_at", UtcDateTime, nullable=True),
        sa.Column("warned_at", UtcDateTime, nullable=True),
        sa.Column("hidden_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact_notice")),
    )


def _seal() -> None:
    """Triggers that keep the ledger append-only, whoever holds the connection."""
    if op.get_bind().dialect.name == "postgresql":
        same = " AND ".join(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in CONTENT)
        op.execute(f"""
            CREATE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {ALLOWED} AND (TG_OP = 'DELETE' OR ({same})) THEN
                    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
                END IF;
                RAISE EXCEPTION 'the consent ledger is append-only';
            END $$""")
        op.execute("""
            CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON consent
            FOR EACH ROW EXECUTE FUNCTION consent_is_append_only()""")
        return
    changed = " OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in CONTENT)
    for what, condition in (("DELETE", f"NOT {ALLOWED}"), ("UPDATE", f"NOT {ALLOWED} OR {changed}")):
        op.execute(f"""
            CREATE TRIGGER consent_append_only_{what.lower()} BEFORE {what} ON consent WHEN {condition}
            BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END""")
