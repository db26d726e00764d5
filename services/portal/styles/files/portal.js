// What pages do better with a script; without it all of them work, too.
"use strict";

// An error summary is read first.
document.querySelector("[data-focus]")?.focus();

// The skip link moves the focus, too.
document.querySelector("[data-skip]")?.addEventListener("click", () => document.getElementById("main")?.focus());

// A form is sent once, however often its button is pressed; the server does it once in any case.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("[data-once]")) button.setAttribute("aria-disabled", "true");
});

// A page that the back button brings back can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[data-once]")) button.removeAttribute("aria-disabled");
  }
});

// Print, where there is somebody who can.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
