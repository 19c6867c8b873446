"""What was removed from a dataset is found by its content, too"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_dataset_removals_content", "dataset_removals", ["dataset_id", "content_sha256"], unique=False)
