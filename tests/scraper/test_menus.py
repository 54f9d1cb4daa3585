"""What stands in a page's menus, head and foot is taken out before the page is parsed; what may be more stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.menus import without_menus

TEXT = "<p>Visiting students pay $100.</p>"

EMPTIED = {
    "a menu": ("<nav id='n' class='main'><a href='/a'>About</a></nav>", "<nav id='n' class='main'></nav>"),
    "the page's head, with the menu in it": ("<header class=h>Name<nav><a href='/'>Home</a></nav></header>", "<header class=h></header>"),
    "its foot": ("<footer><p>Street 1</p></footer>", "<footer></footer>"),
    "a menu within a menu": ("<nav><nav>a</nav>b</nav>", "<nav></nav>"),
    "an end tag in a comment": ("<nav>a<!-- </nav> -->b</nav>", "<nav></nav>"),
    "a comment that ends in a menu's comment": ("<nav><!-- old <nav> --><a>b</a></nav>", "<nav></nav>"),
    "one link to a place on the page": ('<header><a href="#main">Skip</a></header>', "<header></header>"),
    "another element of a like name": ("<nav><nav-item>a</nav-item></nav>", "<nav></nav>"),
    "what stands in a section's head": ("<header><nav>a</nav><h1>Electives</h1></header>", "<header><nav></nav><h1>Electives</h1></header>"),
}  # fmt: skip

KEPT = {
    "a menu that is not closed": "<nav><a href='/a'>About</a>",
    "one that another element's end closes": "<header><nav>a</header></nav>",
    "the page's first heading": "<header><h1>Electives</h1></header>",
    "the page in a menu": "<nav><main>Text</main></nav>",
    "an article in a foot": "<footer><article>Text</article></footer>",
    "most of the page's paragraphs": "<footer>" + 4 * "<p>Text.</p>" + "</footer>",
    "the head of a section": "<section></section><header>Electives</header>",
    "tabs by their role": '<nav><a role="tab" href="?fees">Fees</a></nav>',
    "links to several places on the page": '<nav><a href="#fees">Fees</a><a href="#dates">Dates</a></nav>',
    "more text than links": "<nav><p>Each elective costs $50, which you send us with your <a href='/f'>form</a> and the letter of your dean.</p></nav>",
    "text with addresses": '<nav>Write to us: <a href="mailto:a@alder.example">a@alder.example</a> or <a href="tel:1">call</a></nav>',
    "a start tag with '>' in it": '<nav title="a > b">a</nav>',
    "one that is closed at once": "<nav class='a'/>a</nav>",
    "a menu in a comment": "<!-- <nav> -->a<!-- </nav> -->",
    "a menu that begins in a comment": "<!-- <nav> -->a</nav>",
    "a page after a comment that never ends": "<!-- <nav>a</nav>",
    "another element": "<nav-bar>a</nav-bar>",
}


@pytest.mark.parametrize("name", EMPTIED)
def test_emptied(name: str) -> None:
    given, expected = EMPTIED[name]
    assert without_menus(f"{given}{TEXT}".encode()) == f"{expected}{TEXT}".encode()


@pytest.mark.parametrize("name", KEPT)
def test_kept(name: str) -> None:
    page = f"{KEPT[name]}{TEXT}".encode()
    assert without_menus(page) == page


def test_a_script_that_names_a_comment_hides_no_more_than_itself() -> None:
    script = "<script>var open = '<!--';" + 400 * " " + "</script>"
    page = f"<nav>a{script}b</nav>{TEXT}<nav><!-- c -->d</nav>"
    assert without_menus(page.encode()) == f"<nav></nav>{TEXT}<nav></nav>".encode()


_word = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
_page = st.recursive(
    _word,
    lambda inner: st.tuples(
        st.sampled_from(["nav", "header", "footer", "div", "section", "main", "p", "h1", "li"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


def _written(node: str | tuple, chrome: bool = False) -> tuple[str, list[str]]:
    """A page as HTML, and its words that stand in no element that may be emptied."""
    if isinstance(node, str):
        return f"{node} ", [] if chrome else [node]
    tag, inner = node
    parts = [_written(child, chrome or tag in ("nav", "header", "footer")) for child in inner]
    return f"<{tag}>{''.join(html for html, _ in parts)}</{tag}>", [word for _, words in parts for word in words]


@given(_page)
def test_no_word_outside_of_them_is_lost(page: tuple) -> None:
    html, words = _written(page)
    emptied = without_menus(html.encode())
    left = iter(emptied.decode().replace("<", " <").replace(">", "> ").split())
    assert all(word in left for word in words)  # in their order


@given(
    st.lists(
        st.sampled_from(
            [
                "<nav>",
                "</nav>",
                "<header",
                "</header>",
                "<!--",
                "-->",
                "<h1>",
                "<script>",
                "</script>",
                "</p>",
                ">",
                "a",
            ]
        )
    )
)
def test_broken_pages_lose_nothing_but_what_stands_between_tags_of_one_name(parts: list[str]) -> None:
    page = "".join(parts).encode()
    emptied = without_menus(page)
    assert len(emptied) <= len(page)
    if b"</nav" not in page and b"</header" not in page:
        assert emptied == page


@pytest.mark.parametrize(
    "part", ["<nav>", "<nav>a</nav>", "<nav ", "<nav </nav ", "<!--", "<!-- </script>", "<!-- -->", "</nav>", "<header><h1>", "<", '<nav href="#a'],
)  # fmt: skip
def test_a_page_of_nothing_else_takes_as_long_as_it_is_long(part: str) -> None:
    def seconds(size: int) -> float:
        page = (part * (size // len(part)) + "--></nav>").encode()
        start = time.process_time()
        without_menus(page)
        return time.process_time() - start

    whole = min(seconds(400_000) for _ in range(3))  # what Python collects meanwhile is no part of it
    assert whole < 0.5 or whole < 9 * seconds(100_000)  # growth, not speed
