// The two step buttons beside the quantity; without this file the number is typed.
for (const stepper of document.querySelectorAll("[data-stepper]")) {
  const input = stepper.querySelector("input");
  const buttons = stepper.querySelectorAll("button[data-step]");
  const chosen = () => document.querySelector("input[name=sku_id]:checked");
  const limit = () => Number(chosen()?.dataset.available || input.max);

  const show = () => {
    const value = Number(input.value) || 1;
    for (const button of buttons) {
      const next = value + Number(button.dataset.step);
      button.disabled = next < 1 || next > limit();
    }
  };

  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = (Number(input.value) || 1) + Number(button.dataset.step);
      input.value = String(Math.min(Math.max(next, 1), limit()));
      show();
    });
  }
  input.addEventListener("input", show);
  document.addEventListener("change", (event) => {
    if (event.target.name !== "sku_id") return;
    if (Number(input.value) > limit()) input.value = String(limit());
    show();
  });
  show();
}
