"""GET /v1/products?q=…: words, single characters, pinyin, initials, English, and two words together."""

from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from catalog import chinese
from catalog.search import queries, rules
from catalog.search.queries import Filters
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst
from tests.bench.pgbench import Script, run_pgbench
from tests.bench.product_list import catalog_row
from tests.bench.recorded import recorded_script
from tests.bench.stage import CLIENTS, Stage

_LIMIT = 20
_COUNT = 2000
_TEXTS = (
    *("香菇", "苹果", "蜂蜜", "红茶", "核桃", "木耳", "大米", "小米", "花椒", "牛肉", "红枣", "河北香菇", "云南 核桃"),
    *("菇", "茶", "枣", "米"),
    *("xianggu", "pingguo", "fengmi", "hetao", "muer"),
    *("honey", "tea"),
)


class ProductSearch:
    """A mix that real visitors type, each text as often."""

    name = "search"

    async def prepare(self, stage: Stage) -> None:
        """Each text finds something, else the mix would measure nothing."""
        answers = {text: orjson.loads(await stage.get(self._url(stage, text))) for text in _TEXTS}
        missing = [text for text, answer in answers.items() if not answer["items"]]
        if missing:
            raise RuntimeError(f"nothing is found for {', '.join(missing)}")

    async def measure(self, stage: Stage) -> dict[str, float]:
        """The mix over HTTP, and its statements bare."""
        urls = [self._url(stage, text) for text in _TEXTS]
        order = [stage.chance.randrange(len(urls)) for _ in range(stage.scaled(_COUNT))]

        async def search(number: int) -> None:
            await stage.get(urls[order[number]])

        account = stage.account("catalog", database="catalog")
        sample = await burst(search, count=len(order), clients=CLIENTS, account=account)
        bare = await run_pgbench(
            stage, "catalog", [await _statement(number, text) for number, text in enumerate(_TEXTS)]
        )
        return {**sample.figures(), "bare_rate": bare.rate, "bare_ms": bare.database_ms}

    def rows(self, medians: Figures) -> list[Row]:
        """CPU a search; the ratio is of rates."""
        return [catalog_row("search (words, characters, pinyin)", medians, "", 1.5)]

    def _url(self, stage: Stage, text: str) -> str:
        return f"{stage.url('catalog')}/v1/products?limit={_LIMIT}&q={quote(text)}"


async def _statement(number: int, text: str) -> Script:
    words = chinese.words(text)
    text_query = rules.read_query(words, is_han=[chinese.is_han(word) for word in words])
    return await recorded_script(
        number,
        lambda fetch: queries.find_cards(
            fetch,
            text_query=text_query,
            filters=Filters(),
            sort="relevance",
            after=None,
            limit=_LIMIT + 1,
            now=datetime.now(UTC),
        ),
    )
