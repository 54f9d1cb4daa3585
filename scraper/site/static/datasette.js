// On Datasette's own pages: a click elsewhere closes open menus, and the fields of its filter form get names for screen readers.
document.body.addEventListener("click", (event) => {
  const within = event.target.closest("details");
  document.querySelectorAll("details.actions-menu-links[open], details.nav-menu[open]").forEach((details) => {
    if (details !== within) details.open = false;
  });
});
const names = [["_filter_column", "Column to filter by"], ["_filter_op", "Comparison"], ["_filter_value", "Value"], ["_sort", "Sort by"], ["sql", "SQL query"]];
names.forEach(([name, label]) => {
  document.querySelectorAll(`main select[name^="${name}"], main input[type="text"][name^="${name}"], main textarea[name="${name}"]`).forEach((field) => {
    if (!field.labels || !field.labels.length) field.setAttribute("aria-label", label);
  });
});
document.querySelectorAll("main .table-wrapper, main pre").forEach((box) => {
  if (box.scrollWidth > box.clientWidth) {
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", box.tagName === "PRE" ? "SQL" : "Rows");
  }
});
document.querySelectorAll("main h3").forEach((heading) => heading.setAttribute("aria-level", "2"));
document.querySelectorAll("main a.cross").forEach((link) => link.setAttribute("aria-label", "Remove"));
// A table is looked at for its rows: what its columns mean opens on a click.
const columns = document.querySelector("dl.column-descriptions");
if (columns) {
  const meaning = document.createElement("details");
  meaning.className = "meaning";
  const summary = document.createElement("summary");
  summary.textContent = "What the columns mean";
  columns.replaceWith(meaning);
  meaning.append(summary, columns);
}
