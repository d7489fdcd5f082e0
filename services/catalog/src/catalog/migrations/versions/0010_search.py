"""Words that mean the same, and what was sold lately."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_GROUPS = """
土豆 马铃薯 洋芋 山药蛋
番茄 西红柿
红薯 甘薯 地瓜 番薯 红苕
玉米 苞谷 包谷 棒子
香菇 冬菇 花菇
木耳 黑木耳 云耳
银耳 白木耳 雪耳
平菇 侧耳
圣女果 小番茄 樱桃番茄
辣椒 海椒 番椒
花生 落花生 长生果
猕猴桃 奇异果
菠萝 凤梨
火龙果 红龙果
车厘子 樱桃
蓝莓 越橘
桂圆 龙眼
红枣 大枣 枣子
板栗 栗子 毛栗
核桃 胡桃
杏仁 巴旦木
葵花籽 瓜子 葵瓜子
枸杞 枸杞子
黄花菜 金针菜
百合 百合干
莲子 莲米
魔芋 蒟蒻
藜麦 灰米
荞麦 苦荞 甜荞
燕麦 莜麦
小米 粟米
大米 稻米
黄豆 大豆
绿豆 青小豆
粉条 粉丝
豆腐 豆干
菜籽油 菜油
茶油 山茶油 茶籽油
花椒 川椒
腊肉 熏肉
羊肉 羔羊肉
洋葱 葱头
卷心菜 包菜 甘蓝 莲花白
青菜 小白菜
南瓜 倭瓜
山药 淮山
生姜 老姜
柑橘 橘子 桔子
橙子 甜橙
柚子 文旦
石榴 安石榴
"""
_NAMESPACE = UUID("5c9d7d0e-1d1f-5a53-9f5e-0a6a4e0b8f11")


def upgrade() -> None:
    groups = op.create_table(
        "synonym_groups",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("is_applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_synonym_groups")),
    )
    words = op.create_table(
        "synonym_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("char_length(word) BETWEEN 2 AND 20", name=op.f("ck_synonym_words_word_length")),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["synonym_groups.group_id"],
            name=op.f("fk_synonym_words_group_id_synonym_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_synonym_words")),
    )
    op.create_index("ix_synonym_words_group_id", "synonym_words", ["group_id"])
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    for line in _GROUPS.split("\n"):
        found = [word for word in line.split() if len(word) > 1]
        if len(found) > 1:
            group_id = uuid5(_NAMESPACE, found[0])
            row = {"group_id": group_id, "note": "", "is_applied": True, "revision": 1, "changed_at": moment}
            op.bulk_insert(groups, [row])
            op.bulk_insert(words, [{"word": word, "group_id": group_id} for word in found])
    op.create_table(
        "recent_sales",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_recent_sales_quantity_positive")),
        sa.PrimaryKeyConstraint("order_id", "product_id", name=op.f("pk_recent_sales")),
    )
    op.create_index("ix_recent_sales_product_id", "recent_sales", ["product_id", "sold_on"])
    op.create_index("ix_recent_sales_sold_on", "recent_sales", ["sold_on"])
    op.add_column("product_cards", sa.Column("sold_count", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_check_constraint(op.f("ck_product_cards_sold_count_not_negative"), "product_cards", "sold_count >= 0")
    op.create_index("ix_product_cards_sold_count", "product_cards", ["sold_count", "product_number"])
