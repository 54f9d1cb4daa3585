// What content systems do that render in the browser: fetch the page's text, then write it into the empty shell.
const name = location.pathname.replace(/^\/|\/$/g, "").replaceAll("/", "-") || "home";
new Image().src = "/logo.png";
fetch("http://127.0.0.1:9/secret").catch(() => {});
fetch(`/data/${name}.json`).then((answer) => answer.json()).then((page) => {
  document.title = `${page.title} | Fallowmere Clinic`;
  document.getElementById("root").innerHTML =
    `<nav><a href="/">Home</a> <a href="/education/visiting">Visiting students</a></nav><main><h1>${page.title}</h1>${page.html}</main>`;
});
