// A kiosk: a visible countdown that every touch begins again, the card that ends the visit when it is taken off, and no
// history: each page takes the place of the one before it.
"use strict";

{
  const bar = document.querySelector("[data-silence]");
  const go = (address) => location.replace(address);

  if (bar) {
    const silence = Number(bar.dataset.silence) * 1000;
    const soon = 20000;
    const box = bar.querySelector("[data-left-box]");
    const status = bar.querySelector("[data-soon]");
    let last = Date.now();
    let told = last;
    const leave = () => go(bar.dataset.end);
    const here = async () => {
      last = Date.now();
      status.textContent = "";
      if (last - told < soon) return;
      told = last;
      const answer = await fetch(bar.dataset.here, { cache: "no-store" }).catch(() => null);
      if (answer && !answer.ok) leave();
    };
    for (const kind of ["pointerdown", "keydown", "input"]) document.addEventListener(kind, here, { passive: true });
    bar.querySelector("[data-still]").addEventListener("click", (event) => {
      event.preventDefault();
      here();
    });
    box.hidden = false;
    const tick = () => {
      const left = silence - (Date.now() - last);
      bar.querySelector("[data-left]").textContent = String(Math.max(0, Math.ceil(left / 1000)));
      bar.classList.toggle("y-silence--soon", left <= soon);
      if (left <= soon && !status.textContent) status.textContent = status.dataset.soon;
      if (left <= 0) leave();
    };
    tick();
    setInterval(tick, 500);
    setInterval(async () => {
      const answer = await fetch(bar.dataset.reader, { method: "HEAD", credentials: "omit", cache: "no-store" }).catch(() => null);
      if (!answer?.ok) leave();
    }, 3000);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (event.defaultPrevented || !link || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.href);
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const sent = new URLSearchParams(new FormData(form, event.submitter));
    event.preventDefault();
    if (form.method !== "post") {
      go(`${form.action.split("?")[0]}?${sent}`);
      return;
    }
    const answer = await fetch(form.action, { method: "POST", body: sent }).catch(() => null);
    if (answer?.redirected) go(answer.url);
    else form.submit(); // refused: the page says why; what is sent twice is done once
  });

  // A page that is brought back from memory is asked for anew.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}
