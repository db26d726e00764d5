// Parts marked data-live are fetched anew from the address that they name, until they no longer say so.
"use strict";

for (const place of document.querySelectorAll("[data-live]")) follow(place);

function follow(place) {
  const address = place.dataset.live;
  const pause = Number(place.dataset.every) || 1000;
  setTimeout(async () => {
    let next = place;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error", cache: "no-store" });
      if (answer.ok) next = replaced(place, await answer.text());
    } catch {
      // The server is away or asks to sign in again: what is shown stays, and the next try may succeed.
    }
    if (next && next.dataset.live) follow(next);
    else location.reload();
  }, pause);
}

function replaced(place, text) {
  const read = new DOMParser().parseFromString(text, "text/html").querySelector("[data-part]");
  if (!read) return place;
  const keeps = place.contains(document.activeElement) && document.activeElement !== place;
  if (keeps) return place; // somebody is typing in it
  place.replaceWith(read);
  return read;
}
