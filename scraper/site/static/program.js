// The checklist: ticks are kept in this browser only (localStorage) and are never sent anywhere. The page works without it.
const boxes = [...document.querySelectorAll("input[data-tick]")];
const key = (box) => `usce-atlas/${box.dataset.tick}`;
const tell = () => {
  const said = document.querySelector("[data-ticked]");
  if (said) said.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length} ticked`;
};
try {
  boxes.forEach((box) => {
    box.checked = localStorage.getItem(key(box)) === "1";
    box.addEventListener("change", () => {
      if (box.checked) localStorage.setItem(key(box), "1");
      else localStorage.removeItem(key(box));
      tell();
    });
  });
  if (boxes.length) tell();
} catch (error) {
  // A browser that keeps nothing: the boxes can be ticked all the same.
}
const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
