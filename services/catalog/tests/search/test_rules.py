"""Terms, ranks and how a query is read."""

from catalog.search.rules import Document, Han, TextQuery, browse_rank, by_characters, haystack, read_query, text_terms

APPLE = Han("红富士苹果", ("hong", "fu", "shi", "ping", "guo"))
DRIED = Han("苹果干", ("ping", "guo", "gan"))


def test_a_title_is_found_by_every_character_and_pair():
    terms = text_terms(Document(title=[APPLE]), tie_break=0)
    assert {"红", "富", "士", "苹", "果", "红富", "富士", "士苹", "苹果"} <= terms.keys()


def test_a_title_is_found_by_pinyin_and_initials():
    terms = text_terms(Document(title=[APPLE]), tie_break=0)
    assert {"pingguo", "hongfushi", "hongfushipingguo", "guo", "pg", "hfspg", "hfs"} <= terms.keys()


def test_what_a_title_ends_with_is_what_the_thing_is():
    apple = text_terms(Document(title=[APPLE]), tie_break=0)
    dried = text_terms(Document(title=[DRIED]), tie_break=0)
    assert apple["苹果"] > dried["苹果"]
    assert apple["pingguo"] > dried["pingguo"]


def test_a_title_says_more_than_a_place_and_a_place_more_than_a_supplier():
    run = Han("古丈", ("gu", "zhang"))
    titled, placed, supplied = (
        text_terms(
            Document(title=[run] if field == "title" else [], **({} if field == "title" else {field: [run]})),
            tie_break=0,
        )
        for field in ("title", "places", "supplier")
    )
    assert titled["古丈"] > placed["古丈"] > supplied["古丈"]


def test_a_place_is_found_without_its_suffix():
    terms = text_terms(Document(title=[], places=[Han("四川省", ("si", "chuan", "sheng"))]), tie_break=0)
    assert {"四川", "四川省", "sichuan", "sichuansheng", "sc"} <= terms.keys()


def test_ranks_fit_their_column_with_any_tie_break():
    terms = text_terms(Document(title=[Han("果", ("guo",))], english=["fruit"]), tie_break=999)
    assert 0 < max(terms.values()) < 32_768


def test_a_very_long_latin_word_is_left_out():
    assert text_terms(Document(title=["a" * 41]), tie_break=0) == {}


def test_the_last_chinese_word_drives_and_the_others_are_checked():
    assert read_query(["陕西", "苹果"], is_han=[True, True]) == TextQuery("苹果", ("陕西",))
    assert read_query(["苹果", "5kg"], is_han=[True, False]) == TextQuery("苹果", ("5kg",))
    assert read_query(["pingguo"], is_han=[False]) == TextQuery("pingguo", ())
    assert read_query([], is_han=[]) is None


def test_a_long_word_is_looked_up_by_its_end_and_checked_as_a_whole():
    assert read_query(["红富士"], is_han=[True]) == TextQuery("富士", ("红富士",))


def test_the_second_try_asks_for_the_characters_wherever_they_are():
    assert by_characters(["古丈毛", "尖"]) == TextQuery("尖", ("丈", "古", "毛"))
    assert by_characters(["尖"]) is None


def test_the_haystack_holds_the_text_and_its_reading():
    text = haystack(Document(title=[APPLE], english=["red", "fuji"], places=[Han("洛川县", ("luo", "chuan", "xian"))]))
    assert text == "红富士苹果 red fuji 洛川县 hongfushipingguo hfspg luochuanxian"


def test_the_neediest_counties_and_proven_goods_come_first_and_luck_decides_the_rest():
    plain = browse_rank(designations=(), certificate_count=0, product_key=b"a")
    assert browse_rank(designations=("assisted-832",), certificate_count=0, product_key=b"a") == plain + 150
    assert browse_rank(designations=("assisted-832", "key-160"), certificate_count=9, product_key=b"a") == plain + 550
    ranks = {browse_rank(designations=(), certificate_count=0, product_key=bytes([key])) for key in range(100)}
    assert len(ranks) > 80
    assert max(ranks) < 450
