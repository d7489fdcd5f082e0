// A typed quantity is sent when the field is left; without this file the return key sends it.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// A form that is sent by the return key presses its first button, which would be "fewer": send the number alone instead.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-submit-on-change]")) return;
  event.preventDefault();
  event.target.blur();
});
