"""Scrapy's settings for every crawl, each with the reason for its value."""

# The one list of the stages, in the order in which a page passes them. `usce extract` walks the same list.
READING_STAGES = [
    "pipelines.content.ContentStage",
    "pipelines.relevance.RelevanceStage",
    "pipelines.offer.OfferStage",
    "pipelines.eligibility.EligibilityStage",
    "pipelines.documents.DocumentsStage",
    "pipelines.fees.FeesStage",
    "pipelines.deadlines.DeadlinesStage",
    "pipelines.duration.DurationStage",
    "pipelines.contacts.ContactsStage",
]
# After the reading, pages become programs and programs are stored: only a crawl needs these.
STORING_STAGES = ["pipelines.programs.ProgramsStage", "pipelines.storage.StorageStage"]
ITEM_PIPELINES = {stage: number * 100 for number, stage in enumerate(READING_STAGES + STORING_STAGES, start=1)}
