// The time that is left to pay.
for (const time of document.querySelectorAll("[data-countdown]")) {
  const due = Date.parse(time.dateTime);
  const show = () => {
    const seconds = Math.floor((due - Date.now()) / 1000);
    if (seconds <= 0) {
      time.textContent = time.dataset.over;
      window.clearInterval(timer);
      return;
    }
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    time.textContent = time.dataset.countdown.replace("{time}", clock);
  };
  const timer = window.setInterval(show, 1000);
  show();
}
