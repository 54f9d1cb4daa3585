"""Hooks Datasette up with the site: metadata, canned queries, routes, headers. What they do stands in `scraper.site`."""

from datasette import hookimpl

from scraper.site import app, errors, metadata, pages, security, snapshot

security.stand_alone()


@hookimpl
def startup(datasette):
    async def prepare():
        if app.atlas_names(datasette):
            await snapshot.current(datasette)

    return prepare


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
def skip_csrf(datasette, scope):
    # A form that changes nothing needs no token, and a token would need a cookie: see scraper/site/match.py.
    return scope["path"] == datasette.urls.path("/match")


@hookimpl
def extra_template_vars(datasette):
    async def variables():
        return {
            "about": (await snapshot.current(datasette)).about if app.atlas_names(datasette) else {},
            **app.template_variables(datasette),
            "features": pages.FEATURES,
            "navigation": pages.NAVIGATION,
            "footer_links": pages.FOOTER,
            "static_version": pages.STATIC_VERSION,
        }

    return variables


@hookimpl(hookwrapper=True)
def handle_exception(datasette, request, exception):
    # Datasette's own handler would print every local variable, and with them what a visitor asked for.
    outcome = yield
    outcome.force_result([errors.answer(datasette, request, exception)])


@hookimpl
def asgi_wrapper(datasette):
    return lambda site: security.guard(site, datasette.setting("base_url"), lambda: app.atlas_names(datasette))
