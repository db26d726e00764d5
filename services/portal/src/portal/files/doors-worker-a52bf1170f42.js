// Lets the doors open without a network: pages come from the network as long as there is one; without it comes the page
// that the phone keeps for that, which has nobody's data in it. What the officer's script sealed on the phone is shown there.
"use strict";

const KEPT = "doors";
const SHELL = "/doors/offline";
const AWAY = new Set([502, 503, 504]);
const PATIENCE = 10_000; // milliseconds; a network that takes longer is none

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The page says in which language to keep it, each time that it was loaded, and is told when that is done.
self.addEventListener("message", (event) => event.waitUntil(keep(event.data.language, event.ports[0])));

async function keep(language, port) {
  try {
    const shell = await fetch(`${SHELL}?language=${language}`, { credentials: "omit", cache: "no-store" });
    if (!shell.ok) throw new Error(String(shell.status));
    const files = [...new Set((await shell.clone().text()).match(/\/assets\/[\w.-]+/g))];
    const cache = await caches.open(KEPT);
    const known = new Set((await cache.keys()).map((each) => new URL(each.url).pathname));
    await Promise.all(files.filter((each) => !known.has(each)).map((each) => cache.add(each)));
    await cache.put(SHELL, shell);
    const old = [...known].filter((each) => each !== SHELL && !files.includes(each));
    await Promise.all(old.map((each) => cache.delete(each)));
    port.postMessage(true);
  } catch {
    port.postMessage(false);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (new URL(request.url).pathname.startsWith("/assets/")) event.respondWith(file(request));
});

async function page(request) {
  const isRead = request.method === "GET";
  try {
    const answer = await (isRead ? Promise.race([fetch(request), tooLong()]) : fetch(request));
    if (!isRead || !AWAY.has(answer.status)) return answer;
  } catch {
    if (!isRead) return Response.redirect("/doors/", 303);
  }
  return (await caches.match(SHELL)) ?? Response.error();
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

function tooLong() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("slow")), PATIENCE));
}
