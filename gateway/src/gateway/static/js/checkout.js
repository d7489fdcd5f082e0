// One order, however often the button is pressed. The form's key makes sure of it on the server as well.
const form = document.getElementById("checkout");
let isSent = false;

form?.addEventListener("submit", (event) => {
  if (isSent) {
    event.preventDefault();
    return;
  }
  isSent = true;
  event.submitter?.setAttribute("aria-busy", "true");
});

// Coming back by the browser's own button shows the page as it was: it may be sent again.
window.addEventListener("pageshow", () => {
  isSent = false;
});

document.getElementById("trouble")?.scrollIntoView({ block: "center" });
document.querySelector("[aria-invalid=true]")?.focus();
