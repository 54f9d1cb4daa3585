"""HTML and PDF → blocks: each case of content.yml, tables, links, hostile input, and the pages of the corpus."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.exceptions import DropItem
from w3lib.encoding import html_to_unicode

from pipelines.content import ContentStage, _Lines, _running_lines, decode_cfemail, find_blocks, needs_browser
from scraper.extract import pages_of_warc
from scraper.items import Block, Page
from scraper.text import fold_space

CASES = yaml.safe_load(Path(__file__).with_name("content.yml").read_text("utf-8"))
SPACE = re.compile(r"[\s\u200b\ufeff]+")


def read(body: str | bytes, url: str = "https://hospital.example/education/page", **options: Any) -> list[Block]:
    return find_blocks(body.encode() if isinstance(body, str) else body, url, **options)[1]


def line(block: Block) -> str:
    return f"{block.kind} <{block.context if block.kind != 'paragraph' else ' / '.join(block.headings)}> {fold_space(block.text)}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
@pytest.mark.parametrize("frame", ["<main>{}</main>", "<html><body>{}</body></html>"], ids=["main", "body"])
def test_blocks(case: dict[str, Any], frame: str) -> None:
    blocks = read(frame.format(case["html"]))
    assert [line(block) for block in blocks] == case["blocks"]
    for words in case.get("absent", []):
        assert all(words not in block.text for block in blocks)


def rows(table: str) -> list[Block]:
    return [block for block in read(f"<main><p>Dates:</p>{table}</main>") if block.kind == "row"]


def test_table_cells_know_their_headers() -> None:
    header, first, second = rows(
        "<table><tr><th>Block</th><th>Start</th></tr><tr><th>1</th><td>May 4</td></tr><tr><td>2</td><td>June 1</td></tr></table>"
    )
    assert header.text == "Block Start"
    assert [(cell.text, cell.column, cell.row) for cell in first.cells] == [("1", "Block", ""), ("May 4", "Start", "1")]
    assert second.cells[1].column == "Start"
    assert first.lead == "Dates:"
    assert first.group == second.group != 0


def test_table_spans() -> None:
    _, first, second = rows(
        "<table><tr><th>Who</th><th>Fee</th><th>Due</th></tr><tr><td rowspan=2>US</td><td>$5</td><td>May</td></tr><tr><td colspan=2>none</td></tr></table>"
    )
    assert [cell.text for cell in second.cells] == ["US", "none", "none"]
    assert [cell.column for cell in second.cells] == ["Who", "Fee", "Due"]
    assert (first.text, second.text) == ("US $5 May", "none")


def test_table_row_across_heads_the_rows_below() -> None:
    blocks = rows("<table><tr><td colspan=2>Fall term</td></tr><tr><td>Block 1</td><td>Sept 1</td></tr></table>")
    assert blocks[1].lead == "Fall term"


def test_table_header_in_bold() -> None:
    blocks = rows("<table><tr><td><b>Who</b></td><td><b>Fee</b></td></tr><tr><td>All</td><td>$5</td></tr></table>")
    assert blocks[1].cells[1].column == "Fee"


def test_cell_text_is_in_reading_order() -> None:
    (row,) = rows(
        "<table><tr><td>Fee <b>of <i>fifty</i></b> dollars<br>once<ul><li>a</li><li>b</li></ul></td><td>x</td></tr></table>"
    )
    assert row.cells[0].text == "Fee of fifty dollars once a b"


def test_links_are_absolute_and_kept() -> None:
    (block,) = read(
        '<main><p>See <a href="../form.pdf">the form</a>, <a href="mailto:a%40b.example">us</a>, <a href="tel:+15552345678">phone</a></p></main>'
    )
    assert [link.url for link in block.links] == [
        "https://hospital.example/form.pdf",
        "mailto:a@b.example",
        "tel:+15552345678",
    ]
    assert [link.text for link in block.links] == ["the form", "us", "phone"]


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="/cdn-cgi/l/email-protection#{code}">[email protected]</a>',
        '<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="{code}">[email protected]</a>',
        '<span class="__cf_email__" data-cfemail="{code}">[email protected]</span>',
        '<a href="/cdn-cgi/l/email-protection#{code}"><span class="__cf_email__" data-cfemail="{code}">[email protected]</span></a>',
        '<joomla-hidden-mail first="ZWQ=" last="YWxkZXIuZXhhbXBsZQ==">protected</joomla-hidden-mail>',
        '<span data-enc-email="rq[at]nyqre.rknzcyr">protected</span>',
    ],
)
def test_hidden_addresses(markup: str) -> None:
    code = "".join(f"{byte:02x}" for byte in (7, *(ord(c) ^ 7 for c in "ed@alder.example")))
    assert decode_cfemail(code) == "ed@alder.example"
    (block,) = read(f"<main><p>Write to {markup.format(code=code)} soon.</p></main>")
    assert [link.url for link in block.links] == ["mailto:ed@alder.example"]
    assert "ed@alder" not in block.text


@pytest.mark.parametrize("code", ["", "zz", "7", "é"])
def test_broken_cfemail(code: str) -> None:
    assert decode_cfemail(code) == ""


def test_contacts_stand_apart() -> None:
    (block,) = read('<main><p>Call<a href="tel:5552345678">555-234-5678</a><span>555-234-5678</span></p></main>')
    assert block.text == "Call 555-234-5678 555-234-5678"


def test_contact_box_beside_the_main_part() -> None:
    words = "<p>Visiting students may take electives. The fee is $50 and is not returned.</p>" * 1
    page = (
        "<body><header><p>Main line: 555-234-0000</p></header><main><h1>Visiting Students</h1>"
        + words
        + "<p>"
        + "More words. " * 20
        + '</p></main><div class="contact-box"><h3>Contact</h3><p>Phone: 555-234-5678</p></div>'
        "<footer><p>Switchboard, phone 555-234-0000</p></footer></body>"
    )
    texts = [block.text for block in read(page)]
    assert "Phone: 555-234-5678" in texts
    assert not any("0000" in text for text in texts)


def test_introduction_beside_the_main_part() -> None:
    main = "<main><h2>Eligibility</h2><p>" + "Students must be in their final year. " * 10 + "</p></main>"
    hero = "<div class=hero><h1>Visiting Students</h1><p>We accept students of other schools from June to December of each year.</p></div>"
    blocks = read(f"<body><header><nav><a href=/>Home</a></nav></header>{hero}{main}</body>")
    assert [block.text for block in blocks[:2]] == [
        "Visiting Students",
        "We accept students of other schools from June to December of each year.",
    ]
    assert blocks[1].headings == ("Visiting Students",)
    assert blocks[3].headings == ("Visiting Students", "Eligibility")


def test_the_page_is_an_h2_where_the_h1_is_the_sites_name() -> None:
    main = "<main><h2>Eligibility</h2><p>" + "Students must be in their final year. " * 10 + "</p></main>"
    head = "<title>Visiting Students | Alder Medicine</title><div><h1><a href='/'>Alder Medicine</a></h1></div><div><h2>Visiting Students</h2></div>"
    assert read(f"<html><head></head><body>{head}{main}</body></html>")[1].text == "Visiting Students"
    assert read(f"<body>{head.replace('<h2>V', '<h2>Our V')}{main}</body>")[1].text == "Alder Medicine"


ABOVE = "<div><a href='/give'>Give $5</a> | <a href='/vs'>Visiting Students</a> Call 555-201-3344</div><div role='alert'><p>Residents apply by May 1.</p></div>"
MENU = "".join(f"<li><a href='/{i}'>{name}</a></li>" for i, name in enumerate(("Residents", "Observerships", "Fees", "Housing", "Contact")))  # fmt: skip


def test_what_stands_above_the_name_of_a_page_is_the_sites() -> None:
    text = "<p>Visiting students pay us $100 for each elective they take.</p>" + "<p>Electives last four weeks.</p>" * 8
    page = "<html><head><title>Electives | Alder</title></head><body>{}</body></html>"
    assert read(page.format(f"{ABOVE}<h1>Electives</h1>{text}"))[1].text == "Electives"
    # A page that begins above its heading, and one without a heading of its own.
    begun = read(page.format(f"<div>{text}</div><h1>Dates and Fees</h1><p>May 4</p>"))
    assert begun[1].text.startswith("Visiting students pay")
    assert any("Give" in block.text for block in read(page.format(f"{ABOVE}<h2>Dates</h2>{text}")))
    contact = "<div><h3>Contact</h3><p>electives@alder.example</p></div>"
    assert any("@" in block.text for block in read(page.format(f"{contact}<h1>Electives</h1>{text}")))


@pytest.mark.parametrize("frame", ["<main>{}</main>", "<body>{}</body>"], ids=["main", "body"])
def test_menu_that_says_nothing_of_itself(frame: str) -> None:
    text = "<p>" + "Visiting students take electives of four weeks. " * 8 + "</p>"
    menu = f"<div class='x1'><p>On this site</p><ul>{MENU}</ul></div>"
    texts = [block.text for block in read(frame.format(f"<h1>Electives</h1>{menu}<div>{text}</div>"))]
    assert texts == ["Electives", fold_space(text[3:-4])]
    path = "<div><a href='/'>Home</a>/<a href='/e'>Education</a>/How long does an elective last?</div>"
    texts = [
        block.text
        for block in read(frame.format(f"<h1>How long does an elective last?</h1>{path}{menu}<div>{text}</div>"))
    ]
    assert "Observerships" not in texts
    for kept in (menu.replace("On this site", "Choose one of:"), f"<p>Choose what you like.</p><ul>{MENU}</ul>"):
        assert "Observerships" in [block.text for block in read(frame.format(f"<h1>Electives</h1>{kept}{text}"))]
    assert "Observerships" in [block.text for block in read(frame.format(f"<h1>Electives</h1>{menu}<p>Welcome.</p>"))]


def test_box_of_links_set_close_is_a_menu_of_a_page_without_a_main_part() -> None:
    links = "".join(f"<a class='entry' href='/{i}'>Page on {i}</a>" for i in range(7))
    page = f"<h1>Electives</h1><p>{'Each costs $50. ' * 20}</p><div><div class='box-header'>Education</div><div>{links}</div></div><p>End</p>"
    assert not any("Page" in block.text for block in read(f"<body>{page}</body>"))
    assert any("Page" in block.text for block in read(f"<main>{page}</main>"))


def test_boxes_beside_the_main_part_that_are_for_others() -> None:
    main = "<main><h1>Visiting Students</h1><p>" + "Students must be in their final year. " * 10 + "</p></main>"
    boxes = "<div><h4>Refer a patient</h4><p>Call 555-201-4455.</p></div><div><h4>Questions</h4><p>Call 555-201-7766.</p></div>"
    texts = [block.text for block in read(f"<body>{main}{boxes}</body>")]
    assert "Call 555-201-7766." in texts
    assert not any("4455" in text for text in texts)


def test_page_in_an_unclosed_menu() -> None:
    text = "<p>Visiting students may take electives of four weeks here. Please read all of it.</p>" * 15
    blocks = read(
        f"<body><nav><a href='/'>Home</a><div><h1>Visiting Students</h1>{text.replace('here', 'there', 1)}</div></body>"
    )
    assert any(block.text.startswith("Visiting students may take") for block in blocks)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    body = "<html><body><p>Médecine: the fee is $50.</p></body></html>".encode(encoding)
    assert read(body, encoding=encoding)[0].text == "Médecine: the fee is $50."


def test_wrong_encoding_does_not_raise() -> None:
    assert find_blocks("<p>Médecine</p>".encode("latin-1"), "", "text/html; charset=nonsense")[1]
    assert find_blocks("<p>Médecine</p>".encode("latin-1"), "", "text/html", "no-such-codec")[1]


@pytest.mark.parametrize(
    "shell",
    [
        '<html><body><div id="root"></div><script src="/app.js"></script></body></html>',
        "<html><body><noscript>Please enable JavaScript to use this site.</noscript><script>x()</script></body></html>",
        '<html><body><app-root></app-root><script type="module" src="/m.js"></script></body></html>',
    ],
)
def test_shell_needs_a_browser(shell: str) -> None:
    page = Page(url="https://hospital.example/", body=shell.encode())
    with pytest.raises(DropItem, match="needs_browser"):
        ContentStage().process_item(page)
    assert page.needs_browser


def test_page_with_text_needs_no_browser() -> None:
    body = ('<div id="root"><p>' + "Visiting students may apply. " * 30 + "</p></div><script></script>").encode()
    assert not needs_browser(body, read(body))


@pytest.mark.parametrize(
    "body",
    [
        '<div id="__next"><main><h1>Sub-internship</h1><p>Seniors of other schools may rotate here for two weeks.</p></main></div><script></script>',
        '<div id="___gatsby"><p>We take no visiting students this year, and none in the next.</p></div><script></script>',
    ],
)
def test_short_page_that_came_with_its_text_needs_no_browser(body: str) -> None:
    assert not needs_browser(body.encode(), read(body.encode()))


def test_notice_of_cookies_is_no_text() -> None:
    body = b'<div id="__next"><p>We use cookies to make this site better for everybody.</p></div><script></script>'
    assert needs_browser(body, read(body))


@pytest.mark.parametrize("body", [b"", b"   ", b"\x00\x00", b"<", b"%PDF-1.4 broken", b"<html></html>", b"\xff\xfe<"])
def test_nothing_to_read(body: bytes) -> None:
    page = Page(url="https://hospital.example/", body=body)
    if not any(block.kind != "title" for block in find_blocks(body)[1]):
        with pytest.raises(DropItem):
            ContentStage().process_item(page)
        assert page.relevant is False


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read(body: bytes) -> None:
    find_blocks(body)
    find_blocks(b"%PDF-1.7\n" + body)


PIECES = st.sampled_from(
    ["<ul>", "</ul>", "<li>", "</li>", "<table>", "<tr>", "<td>", "<th rowspan=3>", "<td colspan=2>", "</table>", "<dl>", "<dt>", "<dd>", "</dl>", "<h2>", "</h2>",
     "<p>", "<b>", "</b>", "<br>", "<details>", "<summary>", "</summary>", "</details>", "<div id=a>", '<a href="#a" role=tab>', "</a>", "</div>", "<nav>", "</nav>",
     "<aside>", "</aside>", "<pre>", "</pre>", "word ", "Fee: $50. ", "• item\n", "<!-- c -->", "<?pi?>", "&nbsp;", "\n"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_any_markup_gives_verbatim_blocks(pieces: list[str]) -> None:
    page = "".join(pieces)
    for block in read(page):
        assert block.text.strip()
        assert SPACE.sub("", block.text) in SPACE.sub("", html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", page)))
        assert block.depth >= 0


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 100_000 + b"text" + b"</div>" * 100_000,
        b"<div class=menu>" * 20_000 + b"text",
        b"<ul><li>x" * 30_000,
        b"<table><tr><td>" * 20_000,
        b"<p><font>x" * 50_000,
        b"<b>" * 100_000 + b"x",
        b"<details><summary>s</summary>" * 20_000,
        b"<dl><dt>t<dd>" * 20_000,
        b"<p>" + b"word " * 200_000 + b"</p>",
        b"<br>" * 250_000,
        b"<table>" + b"<tr><td rowspan=50 colspan=50>x" * 15_000,
        b"<a href='mailto:a@b.example'>x</a>" * 30_000,
        b"<h2>head</h2>" * 60_000,
        b"<" * 1_000_000,
        b"&amp;" * 200_000,
        b"<div id=p><button aria-controls=p>t</button>" * 15_000,
        b"<div class='accordion sidebar'>" * 30_000 + b"text",
        b"<p>1) a<br>" * 60_000,
        b"<p>1. a<p>2. b" * 30_000,
        b"<div class=tab-list>" * 30_000 + b"text",
        b"<div class=tab-list><div class=tab>a</div>" * 15_000,
        b"<div class=tab-list><ul><li>a<li>b</ul></div><div><div>c</div><div>d</div></div>" * 8_000,
        b"<div id=header><a href=/>x</a>" * 15_000,
        b"<div role=button>a</div><div>" * 20_000,
        b"<table><tr><td><b>a</b><td><p>b<p>c" * 10_000,
        b"<div>" * 20_000 + b"x" * 700 + b"</div>c" * 20_000,
        b"<h1><a href=/>Site</a></h1>" * 30_000,
        b"<div><button>a</button><button>b</button></div><div>c</div>" * 15_000,
        b"<p>1. a</p>" * 90_000,
    ],
    ids=lambda body: body[:24].decode(),
)
def test_hostile_input_is_fast(body: bytes) -> None:
    start = time.process_time()
    read(body)
    assert time.process_time() - start < 6


def test_pdf_text() -> None:
    fpdf = pytest.importorskip("fpdf")
    pdf = fpdf.FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    for text in (
        "Visiting Student Policy",
        "Applications are due eight weeks before the start of the elective.",
        "Applicants must submit:",
        "- Curriculum vitae",
        "- Transcript",
    ):
        pdf.multi_cell(0, 10, text, new_x="LMARGIN", new_y="NEXT")
    blocks = find_blocks(bytes(pdf.output()), "https://hospital.example/policy.pdf", "application/pdf")[1]
    texts = [block.text for block in blocks]
    assert "Visiting Student Policy" in texts
    assert any("due eight weeks before" in text for text in texts)
    assert any(block.kind == "item" and "Curriculum vitae" in block.text for block in blocks)


LINES = """VISITING OBSERVER
APPLICATION PACKET
Larkspur Valley Hospital, Office of Education
Observers may watch physicians at work in our clinics and wards for two weeks, and may not take part in
the care of patients.
WHAT TO SEND
- Curriculum vitae
- A letter from your dean or from the head of the department in which you work now, with the
dates of your stay
- Immunization record
Fees and Deadlines
The fee of $150 is due with the form and is non-
refundable. Please apply six weeks ahead.
1. Fill in the form.
2. Sign it.
CONTACT
Office of Education, 555-234-5678
Page 1 of 1"""


def test_lines_without_markup() -> None:
    """What a PDF gives: headings by capitals or title case, wrapped lines joined, items that end where a line falls short."""
    blocks = _Lines("").read(_running_lines([LINES.split("\n")]))
    assert [(block.kind, block.text) for block in blocks] == [
        ("heading", "VISITING OBSERVER APPLICATION PACKET"),
        ("paragraph", "Larkspur Valley Hospital, Office of Education"),
        ("paragraph", "Observers may watch physicians at work in our clinics and wards for two weeks, and may not take part in the care of patients."),
        ("heading", "WHAT TO SEND"),
        ("item", "- Curriculum vitae"),
        ("item", "- A letter from your dean or from the head of the department in which you work now, with the dates of your stay"),
        ("item", "- Immunization record"),
        ("heading", "Fees and Deadlines"),
        ("paragraph", "The fee of $150 is due with the form and is nonrefundable. Please apply six weeks ahead."),
        ("item", "1. Fill in the form."),
        ("item", "2. Sign it."),
        ("heading", "CONTACT"),
        ("paragraph", "Office of Education, 555-234-5678"),
    ]  # fmt: skip
    assert blocks[4].headings == ("WHAT TO SEND",)
    assert blocks[4].group == blocks[6].group != blocks[9].group


def test_running_heads_of_pages_go() -> None:
    texts = ["Who may come.", "How to apply.", "What it costs.", "Where to stay."]
    pages = [[f"Larkspur Hospital, page {number}", text, str(number)] for number, text in enumerate(texts)]
    assert _running_lines(pages) == texts


@pytest.mark.corpus
def test_blocks_of_real_pages_are_verbatim(corpus: Path) -> None:
    """Every block's text stands in its page, white space aside: whatever is cut out of it can be shown as a quote."""
    for page in pages_of_warc(corpus / "pages.warc.gz"):
        text = html_to_unicode(page.content_type, page.body, default_encoding="utf-8")[1]
        text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", "", text)
        text = SPACE.sub("", html.unescape(re.sub(r"(?s)</?[a-zA-Z!][^>]*>", "", text)))
        for block in find_blocks(page.body, page.url, page.content_type)[1]:
            assert SPACE.sub("", block.text) in text, f"{page.url}: {block.text[:200]!r}"


@pytest.mark.corpus
def test_reading_is_fast(corpus: Path) -> None:
    pages = list(pages_of_warc(corpus / "pages.warc.gz"))
    start = time.process_time()
    for page in pages:
        find_blocks(page.body, page.url, page.content_type)
    assert len(pages) / (time.process_time() - start) > 100


@pytest.mark.parametrize(
    ("html", "depths"),
    [
        ("<h1>Visitors</h1><details><summary>Fees</summary><p>$50</p></details>", [1, 2]),
        ("<details><summary>Fees</summary><p>$50</p></details>", [2]),
        ("<h2>Visitors</h2><p>Welcome.</p><h2>Fees</h2><p>$50</p>", [1, 2]),
        ("<p><b>Visitors</b></p><p>Welcome.</p><p><b>Fees</b></p><p>$50</p>", [1, 7]),
        ("<h2>Visitors | Alder Hospital</h2><h2>Fees</h2><p>$50</p>", [1, 2]),
        ("<h2>Welcome</h2><p>Visitors</p><h2>Visitors</h2><p>Fees</p>", [2, 2]),
    ],
)
def test_one_heading_is_the_name_of_the_page(html: str, depths: list[int]) -> None:
    """A first heading that the page's title names is its name; the title of a panel below it is none."""
    page = f"<html><head><title>Visitors | Alder Hospital</title></head><body>{html}</body></html>"
    assert [block.depth for block in read(page) if block.kind == "heading"] == depths


@pytest.mark.parametrize(
    "table",
    [
        '<div><div><div><b>Block</b></div><div><b>Due</b></div></div><div><div>1</div><div>May 4</div></div><div><div>2</div><div>June 1</div></div></div>',
        '<div><div class="row"><div class="head">Block</div><div class="head">Due</div></div><div class="row"><div class="cell">1</div><div class="cell">May 4</div></div>'
        '<div class="row"><div class="cell">2</div><div class="cell">June 1</div></div></div>',
        '<div role="table"><div role="row"><span role="columnheader">Block</span><span role="columnheader">Due</span></div>'
        '<div role="row"><span role="cell">1</span><span role="cell">May 4</span></div><div role="row"><span role="cell">2</span><span role="cell">June 1</span></div></div>',
    ],
    ids=["bold", "names", "roles"],
)  # fmt: skip
def test_tables_of_boxes(table: str) -> None:
    _, first, second = rows(table)
    assert [(cell.text, cell.column, cell.row) for cell in first.cells] == [("1", "Block", ""), ("May 4", "Due", "1")]
    assert second.text == "2 June 1"


@pytest.mark.parametrize(
    "boxes",
    [
        '<div class="q"><div>How much?</div><div>$50</div></div><div class="q"><div>When?</div><div>May</div></div>',
        '<div><div class="faq-title">How much?</div><div>$50</div></div><div><div class="faq-title">When?</div><div>May</div></div><div><div class="faq-title">Who?</div><div>All</div></div>',
        "<div><div><h3>Fees</h3></div><div>$50</div></div><div><div><h3>Dates</h3></div><div>May</div></div><div><div><h3>Who</h3></div><div>All</div></div>",
        "<div><div>Fees</div><div>$50</div></div><div><div>Dates</div></div><div><div>Who</div><div>All</div></div>",
    ],
    ids=["two", "titles", "headings", "uneven"],
)  # fmt: skip
def test_other_boxes_are_no_tables(boxes: str) -> None:
    assert rows(f"<div>{boxes}</div>") == []


TEXT = "<p>Students of other schools may take electives of two or four weeks in any of our departments.</p>"


def test_bar_of_links_is_a_menu() -> None:
    bar = " | ".join(f'<a href="/{word}">{word}</a>' for word in ("Home", "Visiting Students", "Fees", "Dates"))
    foot = " • ".join(f'<a href="/{word}">{word}</a>' for word in ("Home", "Alumni", "Jobs", "Maps", "News", "Press"))
    blocks = read(f"<body><table><tr><td>{bar}</td></tr></table><h1>Electives</h1>{TEXT}<p>{foot}</p></body>")
    assert [block.kind for block in blocks] == ["heading", "paragraph"]


def test_site_name_is_no_heading_of_the_page() -> None:
    head = '<div id=top><h1><a href="/">Alder Hospital</a></h1></div><h2>Observerships</h2>'
    blocks = read(f"<head><title>Observerships | Alder Hospital</title></head><body>{head}{TEXT}</body>")
    assert blocks[1].text == "Observerships" and blocks[1].depth == 1
    assert blocks[2].headings == ("Observerships",)


@pytest.mark.parametrize("title", ["Alder Electives", ""])
def test_title_of_a_page_may_lead_home(title: str) -> None:
    page = f'<head><title>{title}</title></head><body><h1><a href="/">Alder Electives</a></h1>{TEXT}</body>'
    for url in ("https://hospital.example/", "https://hospital.example/electives"):
        assert any(block.kind == "heading" for block in read(page, url))


def test_page_goes_on_after_its_article() -> None:
    article = f"<article>{TEXT * 3}</article>"
    panel = '<div class="tabs-content"><p>Each elective costs $50, which you pay by card when we have offered you a place with us, and not before.</p></div>'
    texts = [block.text for block in read(f"<body><h1>Electives</h1>{article}{panel}</body>")]
    assert any("costs $50" in text for text in texts)


@pytest.mark.parametrize("name", ["top-header", "page-bar", "site-top"])
def test_line_above_the_page_is_the_sites_own(name: str) -> None:
    line = f'<div id="{name}"><div>555-234-0000 <a href="mailto:info@alder.example">info@alder.example</a></div></div>'
    texts = [block.text for block in read(f"<body>{line}<h1>Observers</h1><p>The fee is $50.</p></body>")]
    assert texts == ["Observers", "The fee is $50."]


def test_line_above_the_main_part_is_the_sites_own() -> None:
    words = "<p>" + "Students may come to us for four weeks. " * 10 + "</p>"
    page = f'<body><div class="page"><div class="page-bar"><p>Call 555-234-0000 for an appointment</p></div><main><h1>Students</h1>{words}</main></div></body>'
    assert not any("0000" in block.text for block in read(page))


def test_head_of_the_site_goes_with_its_name() -> None:
    head = '<div id="header"><h1><a href="/">Alder Hospital</a></h1><p>Call 555-201-3344</p></div>'
    beside = "<div><h3>Quick links</h3><p>Find your way.</p></div>"
    blocks = read(
        f"<head><title>Observerships | Alder Hospital</title></head><body>{head}{beside}<h2>Observerships</h2>{TEXT}</body>"
    )
    assert not any("555" in block.text for block in blocks)
    assert next(block for block in blocks if block.text.startswith("Students")).headings == ("Observerships",)
    named = '<div class="banner"><a href="/">Home</a><div class="title">Observerships</div></div>'
    blocks = read(f"<head><title>Observerships | Alder Hospital</title></head><body>{named}{TEXT}</body>")
    assert blocks[-1].headings == ("Observerships",)


def test_foot_of_a_page_that_is_not_called_so() -> None:
    foot = '<div id="ftr"><div><p>1 Elm Street | (555) 201-3344 | web@alder.example</p></div><p>Copyright 2026 Alder Hospital</p></div>'
    contact = "<p>Write to the registrar, phone 555-201-9999.</p>"
    texts = [
        block.text
        for block in read(f"<body><form><div><h1>Electives</h1>{TEXT * 3}{contact}</div>{foot}</form></body>")
    ]
    assert any("9999" in text for text in texts) and not any("3344" in text for text in texts)
    whole = f"<body><div><p>{contact}</p><p>© 2026 Alder Hospital</p></div></body>"
    assert any("9999" in block.text for block in read(whole))
