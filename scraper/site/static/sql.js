// Datasette's SQL editor, from a file of its own so that no inline script is needed.
window.addEventListener("load", () => {
  const button = document.querySelector("button#sql-format");
  const shown = document.querySelector("pre#sql-query");
  const input = document.querySelector("textarea#sql-editor");
  if (input) {
    const editor = CodeMirror.fromTextArea(input, { lineNumbers: true, mode: "text/x-sql", lineWrapping: true });
    editor.getInputField().setAttribute("aria-label", "SQL query");
    editor.setOption("extraKeys", { "Shift-Enter": () => document.querySelector("form.sql").submit(), Tab: false });
    if (button) {
      button.hidden = false;
      button.addEventListener("click", () => editor.setValue(sqlFormatter.format(editor.getValue())));
    }
  } else if (button && shown) {
    const formatted = sqlFormatter.format(shown.textContent);
    if (formatted !== shown.textContent) {
      button.hidden = false;
      button.addEventListener("click", () => { shown.textContent = formatted; });
    }
  }
});
