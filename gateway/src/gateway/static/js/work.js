// The menu is one long line on a phone, and may be longer than a low window: bring the page's own entry into sight.
const entry = document.querySelector(".work-nav [aria-current]");
if (entry) {
  const menu = entry.closest(".work-nav");
  menu.scrollLeft = entry.offsetLeft - (menu.clientWidth - entry.offsetWidth) / 2;
  menu.scrollTop = entry.offsetTop - (menu.clientHeight - entry.offsetHeight) / 2;
}
