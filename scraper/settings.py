"""Scrapy's settings for every crawl, each with the reason for its value. Ours begin with USCE_."""

from __future__ import annotations

import os

from scraper.politeness import user_agent

# The one list of the stages, in the order in which a page passes them. `usce extract` walks the same list.
READING_STAGES = [
    "pipelines.content.ContentStage",
    "pipelines.electives.ElectivesStage",  # before the question whether a page is for visitors: catalogs mostly do not say
    "pipelines.agencies.AgenciesStage",
    "pipelines.relevance.RelevanceStage",
    "pipelines.offer.OfferStage",
    "pipelines.eligibility.EligibilityStage",
    "pipelines.documents.DocumentsStage",
    "pipelines.fees.FeesStage",
    "pipelines.deadlines.DeadlinesStage",
    "pipelines.duration.DurationStage",
    "pipelines.contacts.ContactsStage",
    "pipelines.guide.GuideStage",
]
# After the reading, pages become programs and programs are stored: only a crawl needs these.
STORING_STAGES = ["pipelines.programs.ProgramsStage", "pipelines.storage.StorageStage"]
ITEM_PIPELINES = {stage: number * 100 for number, stage in enumerate(READING_STAGES + STORING_STAGES, start=1)}

BOT_NAME = "usce-atlas"
SPIDER_MODULES = ["spiders"]

# --- What a crawl works on; `usce crawl` sets these ---------------------------------------------------------------------
USCE_DATABASE = ""  # path of the SQLite file; empty: nothing is stored
USCE_REGISTRY = ""  # folder with institutions.csv and start_urls.csv; empty: the project's own data/
USCE_INSTITUTIONS: list[str] = []  # ids to visit; empty: all
USCE_RECORD = ""  # folder for a WARC file of the crawl
USCE_REPLAY = ""  # WARC file to crawl instead of the network
USCE_RESUME = 0  # number of a crawl that was cut off and is gone on with
USCE_MINUTES = 0.0  # what a crawl may take; 0: as long as it needs

# --- Who we are ---------------------------------------------------------------------------------------------------------
# A host must be able to find out who visits it. No address is invented here: the maintainer of each installation gives his.
USCE_URL = os.environ.get("USCE_URL", "")
USCE_CONTACT = os.environ.get("USCE_CONTACT", "")
USER_AGENT = user_agent(USCE_URL, USCE_CONTACT)

# --- How polite we are --------------------------------------------------------------------------------------------------
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "usce-atlas"  # the name by which a robots.txt may speak to us, without version and address
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # for each host: a hospital's server has better things to do
DOWNLOAD_DELAY = 1.0  # seconds between two requests to a host, for a site that answers at once; AutoThrottle adds to it
DOWNLOAD_DELAY_JITTER = 0  # it serves to look like a person, which we do not want, and would undercut a Crawl-delay
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0  # Scrapy's 5 s would make the first pages of each of some hundred hosts slow for nothing
AUTOTHROTTLE_MAX_DELAY = 30.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 0.5  # rest twice as long as the host needed for its answer
USCE_CRAWL_DELAY_MAX = 30.0  # a robots.txt that asks for more gets this
USCE_RETRY_AFTER_MAX = 60.0  # a host that asks for a longer rest is left alone until the next crawl
USCE_CONDITIONAL = True  # ask for known pages only in case they changed; a recording wants them whole, and does not
# Hosts are what is crawled in parallel. Sixteen keep one machine's line busy at the delays above.
CONCURRENT_REQUESTS = 32
USCE_CONCURRENT_INSTITUTIONS = 16
# The requests that only name an institution (data:,ID) go to no host. Scrapy takes them for one host's all the same, and would begin one
# visit a second, for the politeness that is due to hospitals.
DOWNLOAD_SLOTS = {"": {"delay": 0.0, "concurrency": USCE_CONCURRENT_INSTITUTIONS}}

# --- How far we go ------------------------------------------------------------------------------------------------------
USCE_MAX_PAGES = (
    40  # of one institution: the programs of a site stand on a handful of pages, most of them 2 or 3 links deep
)
USCE_MAX_DEPTH = 5  # links from a start; beyond, links lead in circles
USCE_MIN_LINK_SCORE = 0.15  # see spiders/links.py: below it, nothing speaks for a link
USCE_MAX_SITEMAPS = 6  # files read of one institution's sitemaps: the index and the parts that promise most
USCE_MAX_CANDIDATES = 5000  # links remembered for one institution, the best ones: memory stays flat on endless sites

# --- What we do not wait for or swallow ---------------------------------------------------------------------------------
DOWNLOAD_TIMEOUT = 30  # seconds for a whole answer: a trickle ends here too
DNS_TIMEOUT = 10
DOWNLOAD_MAXSIZE = 10 * 1024 * 1024  # bytes, before and after decompression; real pages and checklists stay below 3 MB
DOWNLOAD_WARNSIZE = 0  # what is too large is counted, a warning besides helps nobody
REDIRECT_MAX_TIMES = 8
METAREFRESH_MAXDELAY = 10  # a page that refreshes itself later than that is a page, not a redirect
RETRY_TIMES = 2
RETRY_HTTP_CODES = [429, 500, 502, 503, 504, 522, 524, 408]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # it is counted as the page's outcome
COOKIES_ENABLED = True  # some sites redirect for ever to who brings none; they are forgotten at the end of a crawl
USCE_ALLOW_PRIVATE_ADDRESSES = False  # a link must not lead a crawler into the network it runs in; tests allow loopback
USCE_HOSTS: dict[str, str] = {}  # names with addresses of their own, as in a hosts file: for tests and the demo
TWISTED_DNS_RESOLVER = "scraper.politeness.Resolver"

# --- A crawl by several workers (scraper/queue); `usce crawl --queue` sets the first two ------------------------------------
USCE_QUEUE = ""  # address of the Redis
USCE_QUEUE_CRAWL = ""  # which crawl in it
# A worker that was silent for so long is dead: its work and its hosts go to others. Twice DOWNLOAD_TIMEOUT, so that nothing of it is in
# flight then. Renewed four times as often.
USCE_LEASE_SECONDS = float(os.environ.get("USCE_LEASE_SECONDS", 60))
USCE_QUEUE_BACKLOG = 2000  # finished visits that may wait in Redis; workers take no more before some are written

# --- Pages that need a browser (scraper/browser.py) ---------------------------------------------------------------------
USCE_BROWSER = True  # where scrapy-playwright and chromium are there; without, such pages are reported
DOWNLOAD_HANDLERS = {"http": "scraper.browser.Handler", "https": "scraper.browser.Handler"}

# --- When a crawl is published (scraper/staging.py) ---------------------------------------------------------------------
# Hospitals close a few programs a year, not a fifth of all in a week: that is a fault of ours, or of the network.
USCE_GATE_PROGRAMS = 0.8
# A few sites are down in any week, a quarter of them is our line, our address on a block list, or a bug. Counted of those
# that could be read before: sites which never let us in say nothing new.
USCE_GATE_HOSTS = 0.25
# A field that a third of its programs lose at once was not struck from all these pages: a rule of ours broke.
USCE_GATE_FIELDS = 1 / 3
# One program closed, one site down is life, and in a small crawl a large share: it takes two to be a pattern.
USCE_GATE_AT_LEAST = 2

# --- Scrapy's parts, ours among them ------------------------------------------------------------------------------------
DOWNLOADER_MIDDLEWARES = {
    "scraper.politeness.OwnSite": 90,  # before robots.txt, so that a foreign host is not even asked for that
    "scraper.politeness.Conditional": 95,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # OwnSite knows more
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scraper.politeness.Robots": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scraper.politeness.Retry": 550,
    # Next to the network, below the cache: archives hold bodies as read.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scraper.politeness.WholeBodies": 910,
}
EXTENSIONS = {
    "scrapy.extensions.throttle.AutoThrottle": None,
    "scraper.politeness.Throttle": 0,
}
HTTPCACHE_STORAGE = "scraper.archive.ArchiveStorage"  # switched on by USCE_RECORD and USCE_REPLAY
HTTPCACHE_IGNORE_SCHEMES = ["file", "data"]
CONCURRENT_ITEMS = 1  # of one institution: its pages pass the stages one after the other
TELNETCONSOLE_ENABLED = False  # nobody opens a door into a running crawl
REMOTE_CONTROL_ENABLED = False
LOG_LEVEL = "WARNING"
STATS_DUMP = False  # the crawl's report says it better
DEFAULT_DROPITEM_LOG_LEVEL = "DEBUG"  # most pages are dropped as not relevant: that is no warning
MEMUSAGE_ENABLED = False
