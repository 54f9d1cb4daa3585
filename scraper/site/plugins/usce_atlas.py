"""Hooks Datasette up with the site: metadata, canned queries, routes. What they do stands in `scraper.site`."""

from datasette import hookimpl

from scraper.site import app, metadata, pages


@hookimpl
def get_metadata(datasette, key, database, table):
    return {"databases": {name: metadata.database_metadata() for name in app.atlas_names(datasette)}}


@hookimpl
def canned_queries(datasette, database, actor):
    return metadata.QUERIES if database in app.atlas_names(datasette) else {}


@hookimpl
def register_routes():
    return pages.ROUTES


@hookimpl
def extra_template_vars(datasette):
    return {**app.template_variables(datasette), "features": pages.FEATURES}
