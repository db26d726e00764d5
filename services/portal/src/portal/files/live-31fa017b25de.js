// A part of a page that moves by itself: told by server-sent events, else asked for every 15 seconds. Only while it is seen.
"use strict";

const part = document.querySelector("[data-live]");
const every = 15000;
let source = null;
let timer = null;
let over = false;

const moved = () => {
  if (document.visibilityState === "visible") part.dispatchEvent(new Event("moved"));
};

const stop = () => {
  source?.close();
  clearInterval(timer);
  source = timer = null;
};

const ask = () => {
  timer ??= setInterval(moved, every);
};

const follow = () => {
  if (over || source || document.visibilityState !== "visible") return;
  source = new EventSource(part.dataset.live);
  source.addEventListener("progress", moved);
  source.addEventListener("end", (event) => {
    over = event.data.includes("done");
    stop();
    moved();
  });
  source.addEventListener("error", () => {
    if (source?.readyState === EventSource.CLOSED) {
      stop();
      ask();
    }
  });
};

document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? follow() : stop()));
window.addEventListener("pagehide", stop);
follow();
