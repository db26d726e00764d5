// The desk with a script: keys that lead through a queue, and what has just come in.
"use strict";

const OFF = "desk-keys-off";
const MOST = 10;

function remembered() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

// Keys. None counts while something is typed, and all can be turned off (WCAG 2.1.4).
const keys = document.querySelector("[data-keys]");
let off = remembered();

function openDeed() {
  return document.querySelector("details[data-deed][open]");
}

function press(target) {
  const details = target.closest("details");
  if (target.matches("summary") && details) {
    for (const other of document.querySelectorAll("details[data-deed][open]")) {
      if (other !== details && details.matches("[data-deed]")) other.open = false;
    }
    details.open = true;
    (details.querySelector("[data-reasons] input") ?? target).focus();
    return;
  }
  target.click();
}

function choose(number) {
  const radios = openDeed()?.querySelectorAll("[data-reasons] input[type=radio]:not([value=''])") ?? [];
  const radio = radios[number - 1];
  if (!radio) return false;
  radio.checked = true;
  radio.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("textarea, select, input:not([type=radio], [type=checkbox])");
  if (event.key === "Escape" && typing) typing.blur();
  if (off || typing) return;
  if (/^[1-9]$/.test(event.key) && choose(Number(event.key))) {
    event.preventDefault();
    return;
  }
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (target) {
    event.preventDefault();
    press(target);
  }
});

// Enter on a reason sends the form with the button that goes on to the next task.
document.addEventListener("keypress", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-reasons] input")) return;
  event.preventDefault();
  event.target.form.requestSubmit(event.target.form.querySelector("button[value=next]"));
});

if (keys) {
  keys.hidden = false;
  const toggle = keys.querySelector("[data-keys-switch]");
  const say = () => {
    toggle.textContent = off ? toggle.dataset.off : toggle.dataset.on;
  };
  say();
  toggle.addEventListener("click", () => {
    off = !off;
    try {
      localStorage.setItem(OFF, off ? "yes" : "no");
    } catch {
      // the browser keeps nothing: until the page is left, then
    }
    say();
  });
}

// What has just come in, while the page can be seen; on a task's page only what comes of that task.
const live = document.querySelector("[data-live]");
const task = live?.dataset.liveTask;
let source = null;

function listen() {
  source = new EventSource(live.dataset.live);
  source.addEventListener("news", (event) => {
    const { text, address, what } = JSON.parse(event.data);
    if (task && address !== task) return;
    live.hidden = false;
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.className = "govuk-link y-more";
    link.href = address;
    link.textContent = text;
    line.dataset.what = what;
    line.append(link);
    const list = live.querySelector("[data-live-list]");
    list.prepend(line);
    while (list.children.length > MOST) list.lastElementChild.remove();
    const none = live.querySelector("[data-live-none]");
    if (none) none.hidden = true;
  });
  source.addEventListener("queues", (event) => {
    const table = document.getElementById("queues");
    if (table && !table.contains(document.activeElement)) table.innerHTML = JSON.parse(event.data).html;
  });
  source.addEventListener("end", () => source.close());
}

if (live && "EventSource" in window) {
  live.hidden = Boolean(task);
  listen();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source.close();
    else if (source.readyState === EventSource.CLOSED) listen();
  });
  window.addEventListener("pagehide", () => source.close());
}
