// The list of programs works without this; with it, filters stand open where there is room and the order changes at once.
const filters = document.querySelector("details[data-wide-open]");
if (filters && window.matchMedia("(min-width: 60rem)").matches) filters.open = true;
const form = document.querySelector("form.finder");
const sort = document.getElementById("sort");
document.querySelectorAll("[data-no-script]").forEach((button) => { button.hidden = true; });
sort?.addEventListener("change", () => form.requestSubmit());
// Addresses that are shared hold what was asked for, not every empty field.
const asked = sort?.value;
form?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    if (value === "" || (name === "sort" && value === asked && !new URLSearchParams(location.search).has("sort"))) event.formData.delete(name);
  }
});
