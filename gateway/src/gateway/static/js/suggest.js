// Arrow keys walk from the search field through its suggestions and back; Escape puts them away.
document.addEventListener("keydown", (event) => {
  const search = event.target.closest?.(".search");
  if (!search) return;
  const box = search.querySelector(".suggestions");
  if (event.key === "Escape") {
    box.replaceChildren();
    search.querySelector("input").focus();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const stops = [search.querySelector("input"), ...box.querySelectorAll("a")];
  if (stops.length < 2) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
});
