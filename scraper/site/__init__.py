"""What Datasette serves: metadata, templates, static files and the routes that plugins/usce_atlas.py registers."""
