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

// What was typed stays when the language or the view changes: the fields of the form that was typed into last go along.
const settings = document.querySelector("[data-settings]");
let typed = document.getElementById("form");
for (const link of document.querySelectorAll("[data-settings-link]")) link.hidden = true;
if (settings) settings.hidden = false;
document.addEventListener("input", (event) => {
  if (event.target.form?.method === "post") typed = event.target.form;
});
settings?.addEventListener("formdata", (event) => {
  if (!typed) return;
  const ours = new Set(event.formData.keys());
  for (const [name, value] of new FormData(typed)) {
    if (typeof value === "string" && !ours.has(name)) event.formData.append(name, value);
  }
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

// Who has signed out leaves no key on the device: what a phone keeps at the doors can't be opened any more.
if (location.pathname === "/signed-out" && "indexedDB" in window) indexedDB.deleteDatabase("yizheng-key");
