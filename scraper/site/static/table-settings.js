// Read by Datasette's table.js: columns may be made facets from their menu.
window.DATASETTE_ALLOW_FACET = true;
