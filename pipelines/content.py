"""HTML or PDF → blocks with the headings above them; page chrome (menus, footers, banners) gone.

Chrome is told by structure: HTML's own elements and ARIA roles, generic words in class names, and blocks that are
nearly nothing but links. Accordion and tab titles become headings of their panels.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable
from urllib.parse import unquote, urljoin

import lxml.html
from lxml import etree
from scrapy.exceptions import DropItem
from w3lib.encoding import html_to_unicode

from scraper.items import Block, Cell, Link, Page
from scraper.text import fold_space

logger = logging.getLogger(__name__)

_SKIP = {
    "script", "style", "noscript", "template", "svg", "iframe", "object", "select", "option", "input", "textarea",
    "canvas", "audio", "video", "map", "head", "nav", "footer", "dialog", "math",
}  # fmt: skip
_UNCLOSED = {"nav", "footer", "div", "section", "aside", "header", "form", "article", "ul"}
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "button", "picture", "img",
}  # fmt: skip
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_CHROME_ROLES = {
    "navigation",
    "contentinfo",
    "banner",
    "search",
    "menu",
    "menubar",
    "dialog",
    "alertdialog",
    "complementary",
}
_CHROME_WORDS = re.compile(
    r"(?:^|[-_\s])(?:nav|navbar|navigation|subnav|sidenav|mainnav|topnav|menu|submenu|megamenu|breadcrumbs?|footer|cookies?|sidebar|skip|skiplink|"
    r"share|sharing|social|masthead|topbar|toolbar|pager|pagination|offcanvas|search|login|related|newsletter|modal|popup|sr-only|visually-hidden)(?:$|[-_\s])",
    re.I,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SCRIPT_SHELL = re.compile(
    rb"id=[\"'](?:root|app|__next|__nuxt|app-root)[\"']|enable JavaScript|requires JavaScript", re.I
)
_BULLET = re.compile(r"^\s*(?:[•▪●◦‣·*–-]|\d{1,2}[.)]|[a-z][.)])\s+")


def decode_cfemail(code: str) -> str:
    """The address behind Cloudflare's `data-cfemail`: hex, each byte XORed with the first."""
    try:
        data = bytes.fromhex(code)
    except ValueError:
        return ""
    return bytes(byte ^ data[0] for byte in data[1:]).decode("utf-8", "replace") if data else ""


def parse_html(body: bytes, content_type: str = "text/html", encoding: str | None = None) -> etree._Element | None:
    """The tree of an HTML page of whatever declared, undeclared or wrong encoding; None when there is nothing in it."""
    if encoding is None:
        encoding, text = html_to_unicode(content_type, body, default_encoding="utf-8")
    else:
        text = body.decode(encoding, "replace")
    text = text.replace("\x00", "")
    if not text.strip():
        return None
    try:
        return lxml.html.document_fromstring(
            text.encode("utf-8", "replace"), parser=lxml.html.HTMLParser(encoding="utf-8", recover=True)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return None


def find_blocks(
    body: bytes, url: str = "", content_type: str = "text/html", encoding: str | None = None
) -> tuple[str, list[Block]]:
    """The title and the blocks of a page of HTML or PDF. Unreadable pages give no blocks."""
    if body[:1024].lstrip().startswith(b"%PDF-") or "application/pdf" in content_type:
        return _pdf_blocks(body)
    root = parse_html(body, content_type, encoding)
    if root is None:
        return "", []
    return _Reader(root, url).read()


def needs_browser(body: bytes, blocks: Iterable[Block]) -> bool:
    """Is the page an empty shell whose text is fetched by script?"""
    if sum(len(block.text) for block in blocks if block.kind != "title") > 400:
        return False
    return body.count(b"<script") > 0 and bool(_SCRIPT_SHELL.search(body))


class _Reader:
    """Walks a page's tree once and writes down its blocks."""

    def __init__(self, root: etree._Element, url: str) -> None:
        self.root = root
        base = root.find(".//base[@href]")
        try:
            self.url = urljoin(url, base.get("href")) if base is not None else url
        except ValueError:
            self.url = url
        self.blocks: list[Block] = []
        self.stack: list[tuple[float, str]] = []  # (depth, heading)
        self.frame = 0  # headings of the stack below this index belong to an outer accordion or tab
        self.buffer: list[str] = []
        self.links: list[Link] = []
        self.bold = self.plain = 0  # characters of the buffer inside and outside of bold
        self.in_bold = 0
        self.lists: list[int] = []  # groups of the lists around
        self.groups = 0
        self.lead = ""
        self.item_lead: list[str] = []
        self.kind: list[tuple[str, str]] = []  # (block kind, term) of the item or definition around
        self.titles: dict[str, str] = {}
        self.triggers: set[etree._Element] = set()
        self.running = 0  # characters of the page's text outside of links

    def read(self) -> tuple[str, list[Block]]:
        title_tag = self.root.find(".//title")
        title = fold_space(title_tag.text or "") if title_tag is not None else ""
        if title:
            self.blocks.append(Block("title", title))
        body = self.root.find(".//body")
        body = self.root if body is None else body
        main = self._main(body)
        text, linked = _text_and_link_length(main)
        self.running = text - linked
        self._find_panels(main)
        if main is not body:
            for h1 in body.iter("h1"):
                if not any(ancestor is main for ancestor in h1.iterancestors()):
                    text = fold_space(h1.text_content())
                    if text:
                        self._heading(1, text, ())
                        break
        self._walk(main, main is body)
        self._flush()
        return title, self.blocks

    def _main(self, body: etree._Element) -> etree._Element:
        """The element that holds the page's own content: main, role=main or the one article; else the body."""
        candidates = [
            e for e in body.iter("main", "div", "section", "article") if e.tag == "main" or e.get("role") == "main"
        ]
        if not candidates:
            articles = list(body.iter("article"))
            candidates = articles if len(articles) == 1 else []
        best = max(candidates, key=lambda e: len(e.text_content()), default=None)
        if best is not None and len(fold_space(best.text_content())) >= 200:
            return best
        return body

    def _find_panels(self, main: etree._Element) -> None:
        """Note the title of each accordion or tab panel: the text of what controls it."""
        ids = None
        for element in main.iter(etree.Element):
            target = element.get("aria-controls") or element.get("data-target") or element.get("data-bs-target")
            if not target and element.tag == "a" and (element.get("role") == "tab" or element.get("data-toggle")):
                target = element.get("href", "")
            if not target or element.tag in _SKIP:
                continue
            target = target.lstrip("#")
            if ids is None:
                ids = {e.get("id") for e in main.iter(etree.Element) if e.get("id")}
            text = fold_space(element.text_content())
            if target in ids and text and len(text) < 200:
                self.titles.setdefault(target, text)
                self.triggers.add(element)

    def _is_chrome(self, element: etree._Element, whole_body: bool) -> bool:
        tag = element.tag
        if tag in _SKIP or element.get("role") in _CHROME_ROLES:
            # An unclosed nav swallows the page: what holds most of the running text is no menu.
            if tag not in _UNCLOSED or not self._holds_the_page(element):
                return True
        if tag == "header" and self._holds_the_page(element):
            return False
        if (
            element.get("role") in _CHROME_ROLES or tag == "aside" or element.get("aria-modal") == "true"
        ) and not self._holds_the_page(element):
            return True
        if tag == "header" and whole_body and element.find(".//h1") is None:
            return True
        if tag in ("body", "main", "html", "article", "form"):
            return False
        name = f"{element.get('class') or ''} {element.get('id') or ''}"
        if len(name) < 3 or tag in ("p", "td", "th", "tr", "table", "li", "span", "strong") or tag in _HEADINGS:
            return False
        if not _CHROME_WORDS.search(_CAMEL.sub("-", name)):
            return False
        # A wrapper may carry such a word and still hold the page: what has running text outside of links stays.
        text, linked = _text_and_link_length(element)
        return text - linked < 400 or linked > 0.6 * text

    def _holds_the_page(self, element: etree._Element) -> bool:
        """Does the element hold more than half of the page's running text (text outside of links)?"""
        text, linked = _text_and_link_length(element)
        return text - linked > 800 and text - linked > 0.5 * self.running

    def _walk(self, element: etree._Element, whole_body: bool) -> None:
        tag = element.tag
        if not isinstance(tag, str):
            return
        if tag == "br":
            self.buffer.append("\n")
            return
        if tag in ("img", "wbr"):
            return
        if tag == "a":
            self._link(element, whole_body)
            return
        if tag in _INLINE and element not in self.triggers:
            bold = tag in ("b", "strong")
            self.in_bold += bold
            self._children(element, whole_body)
            self.in_bold -= bold
            return
        if self._is_chrome(element, whole_body):
            self._flush()
            return
        if element in self.triggers and tag not in _HEADINGS:
            # The text of a trigger is the heading of its panel, written when the panel is entered.
            self._flush()
            return
        panel = self.titles.get(element.get("id", ""), "")
        saved = None
        if panel or tag == "details":
            self._flush()
            saved = (list(self.stack), self.frame, self.lead)
            if panel and not (self.stack and self.stack[-1][1] == panel):
                self._push((self.stack[-1][0] if self.stack else 0) + 0.5, panel)
            self.frame = len(self.stack)
        if tag in _HEADINGS:
            self._flush()
            text = fold_space(element.text_content())
            links = tuple(
                Link(fold_space(a.text_content()), self._absolute(a.get("href")))
                for a in element.iter("a")
                if a.get("href")
            )
            if text:
                self._heading(_HEADINGS[tag], text, links)
        elif tag == "summary":
            self._flush()
            text = fold_space(element.text_content())
            if text:
                self._heading((self.stack[-1][0] if self.stack else 0) + 0.5, text, ())
                self.frame = len(self.stack)
        elif tag in ("ul", "ol"):
            lead = self._flush() or self.lead
            self._enter_list(lead)
            self._children(element, whole_body)
            self._flush()
            self._leave_list()
        elif tag == "li":
            self._flush()
            self.kind.append(("item", ""))
            self._children(element, whole_body)
            self._flush()
            self.kind.pop()
        elif tag == "dl":
            self._definitions(element, whole_body)
        elif tag == "table" and _is_data_table(element):
            self._table(element)
        else:
            self._flush()
            self._children(element, whole_body)
            self._flush()
        if saved is not None:
            self._flush()
            self.stack, self.frame, self.lead = saved

    def _children(self, element: etree._Element, whole_body: bool) -> None:
        self._text(element.text)
        for child in element:
            self._walk(child, whole_body)
            self._text(child.tail)

    def _text(self, text: str | None) -> None:
        if text:
            text = text.replace("\n", " ").replace("\r", " ")
            self.buffer.append(text)
            size = len(text.strip())
            if self.in_bold:
                self.bold += size
            else:
                self.plain += size

    def _link(self, element: etree._Element, whole_body: bool) -> None:
        code = element.get("data-cfemail")
        href = element.get("href") or ""
        if "/cdn-cgi/l/email-protection#" in href:
            code = code or href.rpartition("#")[2]
        if code is None:
            inner = element.find(".//*[@data-cfemail]")
            code = inner.get("data-cfemail") if inner is not None else None
        text = fold_space(element.text_content())
        if code and (address := decode_cfemail(code)):
            self.links.append(Link(text, f"mailto:{address}"))
        elif href and element not in self.triggers:
            self.links.append(Link(text, self._absolute(href)))
        if any(
            isinstance(child.tag, str) and child.tag not in _INLINE
            for child in element.iter(etree.Element)
            if child is not element
        ):
            # A link around whole blocks (a card) is a block itself.
            links, self.links = self.links, []
            self._flush()
            self.links = links
        self._children(element, whole_body)

    def _absolute(self, href: str | None) -> str:
        href = (href or "").strip()
        if href.lower().startswith(("mailto:", "tel:")):
            return unquote(href)
        try:
            return urljoin(self.url, href)
        except ValueError:
            return href

    def _push(self, depth: float, text: str) -> None:
        while len(self.stack) > self.frame and self.stack[-1][0] >= depth:
            self.stack.pop()
        self.stack.append((depth, text))

    def _heading(self, depth: float, text: str, links: tuple[Link, ...]) -> None:
        while len(self.stack) > self.frame and self.stack[-1][0] >= depth:
            self.stack.pop()
        self.blocks.append(
            Block("heading", text, tuple(t for _, t in self.stack), depth=max(1, int(depth)), links=links)
        )
        self.stack.append((depth, text))
        self.lead = ""

    def _flush(self) -> str:
        """Write the buffered text down as a block; give it back when it may introduce what follows."""
        lines = [fold_space(line) for line in "".join(self.buffer).split("\n")]
        text = "\n".join(line for line in lines if line)
        links, bold, plain = tuple(self.links), self.bold, self.plain
        self.buffer, self.links, self.bold, self.plain = [], [], 0, 0
        if not text:
            if links and self.blocks and any(link.url.startswith("mailto:") for link in links):
                self.blocks[-1].links += links
            return ""
        kind, term = self.kind[-1] if self.kind else ("paragraph", "")
        if (
            kind == "paragraph"
            and bold > 0
            and plain <= 1
            and len(text) <= 120
            and not text.endswith((".", "!", ","))
            and "\n" not in text
        ):
            # A paragraph that is bold as a whole is a heading in all but name.
            self._heading(7, text.rstrip(":"), links) if not text.endswith(":") else self._heading(7, text, links)
            return ""
        self.blocks.append(
            Block(
                kind,  # type: ignore[arg-type]
                text,
                tuple(t for _, t in self.stack),
                lead=self.item_lead[-1] if self.lists else (self.lead if kind == "definition" else ""),
                depth=len(self.lists),
                group=self.lists[-1] if self.lists else 0,
                term=term,
                links=links,
            )
        )
        if kind != "definition":
            self.lead = text if kind == "paragraph" and (text.endswith(":") or len(text) < 400) else ""
        return text if kind == "item" or text.endswith(":") else ""

    def _enter_list(self, lead: str) -> None:
        self.groups += 1
        self.lists.append(self.groups)
        self.item_lead.append(lead)

    def _leave_list(self) -> None:
        self.lists.pop()
        self.item_lead.pop()
        if not self.lists:
            self.lead = ""

    def _definitions(self, element: etree._Element, whole_body: bool) -> None:
        self._flush()
        self.groups += 1
        term = ""
        for child in element.iter("dt", "dd"):
            if child.tag == "dt":
                term = fold_space(child.text_content())
                continue
            saved = (list(self.stack), self.frame)
            if term:
                self._push((self.stack[-1][0] if self.stack else 0) + 0.5, term)
                self.frame = len(self.stack)
            self.kind.append(("definition", term))
            self._children(child, whole_body)
            self._flush()
            self.kind.pop()
            self.stack, self.frame = saved

    def _table(self, element: etree._Element) -> None:
        self._flush()
        lead = self.lead
        self.groups += 1
        headings = tuple(t for _, t in self.stack)
        caption = element.find("caption")
        if caption is not None and (text := fold_space(caption.text_content())):
            self.blocks.append(Block("paragraph", text, headings))
            lead = text
        header: list[str] = []
        spans: dict[int, tuple[int, str]] = {}  # column -> (rows left, text) of cells that reach down
        for number, row in enumerate(element.iter("tr")):
            cells: list[tuple[str, bool]] = []
            own: list[str] = []
            links: list[Link] = []

            def fill(cells: list[tuple[str, bool]] = cells) -> None:
                while len(cells) in spans:
                    left, text = spans.pop(len(cells))
                    if left > 1:
                        spans[len(cells)] = (left - 1, text)
                    cells.append((text, False))

            for cell in row.iter("td", "th"):
                fill()
                text = _cell_text(cell)
                own.append(text)
                for a in cell.iter("a", "span"):
                    if a.get("data-cfemail"):
                        links.append(
                            Link(fold_space(a.text_content()), f"mailto:{decode_cfemail(a.get('data-cfemail'))}")
                        )
                    elif a.tag == "a" and a.get("href"):
                        links.append(Link(fold_space(a.text_content()), self._absolute(a.get("href"))))
                width, height = _span(cell, "colspan"), _span(cell, "rowspan")
                for _ in range(width):
                    if height > 1:
                        spans[len(cells)] = (height - 1, text)
                    cells.append((text, cell.tag == "th"))
            fill()
            texts = [text for text, _ in cells]
            if not any(own):
                continue
            is_header = bool(cells) and (all(th for _, th in cells) or (number == 0 and _looks_like_header(row, texts)))
            if is_header and len(set(texts)) > 1:
                header = texts
            whole = len(set(texts)) == 1 and len(texts) > 1  # one cell across: a heading inside of the table
            self.blocks.append(
                Block(
                    "row",
                    " ".join(text for text in own if text),
                    headings,
                    lead=lead,
                    group=self.groups,
                    cells=tuple(
                        Cell(text, header[i] if i < len(header) and not is_header else "", texts[0] if i else "")
                        for i, text in enumerate(texts)
                    ),
                    links=tuple(links),
                    depth=0 if not (is_header or whole) else 1,
                )
            )
            if whole and not is_header:
                lead = texts[0]
        self.lead = ""


def _text_and_link_length(element: etree._Element) -> tuple[int, int]:
    """How many characters of text an element holds, and how many of them inside of links."""
    text = sum(
        len(t.strip())
        for e in element.iter(etree.Element)
        if e.tag not in ("script", "style")
        for t in (e.text, e.tail if e is not element else None)
        if t
    )
    linked = sum(len(t.strip()) for a in element.iter("a") for t in a.itertext() if isinstance(t, str))
    return text, linked


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return max(1, min(int(value), 50)) if value.isdigit() and len(value) < 4 else 1


def _cell_text(cell: etree._Element) -> str:
    parts: list[str] = []
    for node in cell.iter():
        if node.tag in ("script", "style"):
            if node.tail:
                parts.append(node.tail)
            continue
        if isinstance(node.tag, str) and node.tag not in _INLINE:
            parts.append(" ")
        if isinstance(node.tag, str) and node.text:
            parts.append(node.text)
        if node is not cell and node.tail:
            parts.append(node.tail if node.tag in _INLINE else f" {node.tail}")
    return fold_space("".join(parts))


def _looks_like_header(row: etree._Element, texts: list[str]) -> bool:
    """A first row without th whose cells are all bold, or stands in a thead."""
    parent = row.getparent()
    if parent is not None and parent.tag == "thead":
        return True
    cells = [c for c in row if c.tag in ("td", "th")]
    return (
        len(cells) > 1
        and all(c.tag == "th" or c.find(".//strong") is not None or c.find(".//b") is not None for c in cells)
        and all(texts)
    )


def _is_data_table(table: etree._Element) -> bool:
    """Does the table hold data (cells with short texts), or does it only lay the page out?"""
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return False
    if any(table.find(f".//{tag}") is not None for tag in ("h1", "h2", "h3")):
        return False
    rows = list(table.iter("tr"))
    widths = [sum(1 for _ in row.iter("td", "th")) for row in rows]
    if not rows or max(widths) < 2:
        return False
    cells = [len(cell.text_content()) for cell in table.iter("td", "th")]
    return sum(cells) / max(1, len(cells)) < 400


def _pdf_blocks(body: bytes) -> tuple[str, list[Block]]:
    """The text of a PDF as blocks: short lines without a full stop are headings, bullets are items."""
    import pypdf  # slow to import, and few pages are PDFs

    try:
        reader = pypdf.PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            logger.info("encrypted PDF not read")
            return "", []
        title = fold_space(str(reader.metadata.title or "")) if reader.metadata else ""
        lines = [line for page in reader.pages[:60] for line in [*page.extract_text().splitlines(), ""]]
    except Exception as error:  # pypdf raises of every kind on broken files
        logger.info("PDF not read: %s", error)
        return "", []
    blocks = [Block("title", title)] if title else []
    headings: tuple[str, ...] = ()
    buffer: list[str] = []
    kind = "paragraph"

    def flush() -> None:
        nonlocal buffer, kind
        text = fold_space(" ".join(buffer))
        if text:
            blocks.append(Block(kind, text, headings, depth=int(kind == "item")))  # type: ignore[arg-type]
        buffer, kind = [], "paragraph"

    for raw in lines:
        line = fold_space(raw)
        if not line:
            flush()
        elif _BULLET.match(raw):
            flush()
            buffer, kind = [line], "item"
        elif (
            not buffer
            and len(line) < 80
            and not line.endswith((".", ",", ";"))
            and (line.isupper() or line.istitle() or line.endswith(":"))
        ):
            headings = (line,)
            blocks.append(Block("heading", line, (), depth=2))
        else:
            buffer.append(line)
            if line.endswith(".") and len(line) < 60:
                flush()
    flush()
    return title, blocks


class ContentStage:
    """Reads a page's body into blocks; a page without any is dropped, and counted as empty or as in need of a browser."""

    def process_item(self, page: Page) -> Page:
        page.title, page.blocks = find_blocks(page.body, page.url, page.content_type, page.encoding)
        page.needs_browser = needs_browser(page.body, page.blocks)
        if not any(block.kind != "title" for block in page.blocks):
            page.relevant = False
            raise DropItem("needs_browser" if page.needs_browser else "empty")
        return page
