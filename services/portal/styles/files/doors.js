// The doors' pages on a phone. What is recorded is sealed on the phone first and sent from there, with a network at once,
// without one when it is back; and once, however often it is tried: each visit and picture has a number of its own.
"use strict";

const LOCK = "yizheng-doors";
const AGAIN = 30_000; // milliseconds between two tries
const LATE = 300_000; // milliseconds after which it is said when a visit was recorded
const LATER = new Set([408, 425, 429]);
const panel = document.querySelector("[data-phone]");
const offline = document.querySelector("[data-offline]");
let session = null; // {owner, token}, while the portal knows who is signed in

class Conflict extends Error {}

function tell(name, holds = true) {
  const part = panel?.querySelector(`[data-says="${name}"]`);
  if (!part) return;
  part.hidden = !holds;
  panel.hidden = false;
}

function moment(at) {
  const language = document.documentElement.lang;
  const style = { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Shanghai" };
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, style).format(at);
}

function fill(template) {
  return document.getElementById(template).content.cloneNode(true);
}

// Sending

async function hello() {
  const name = await phone.name();
  const answer = await fetch(`/doors/device?device=${name}`, { cache: "no-store", signal: AbortSignal.timeout(15_000) });
  if (!answer.ok) throw new Error(String(answer.status));
  const said = await answer.json();
  session = said.owner ? said : null;
  if (session) await phone.unlock(session);
  tell("sign-in", !session);
}

async function post(path, fields, picture) {
  const body = new FormData();
  for (const [key, value] of Object.entries({ ...fields, "form-token": session.token })) body.set(key, value);
  if (picture) body.set("photographs", new Blob([picture], { type: "image/jpeg" }), "door.jpg");
  const signal = AbortSignal.timeout(120_000);
  const answer = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual", signal });
  if (answer.ok) return answer.json();
  const isTold = answer.headers.get("content-type")?.startsWith("application/json") && !LATER.has(answer.status);
  if (isTold && answer.status < 500) throw new Conflict((await answer.json()).problem);
  throw new Error(String(answer.status)); // signed out meanwhile, or a service is away: later
}

async function sendOne({ once, at, state: _state, owner: _owner, ...content }) {
  const path = `/doors/tasks/${encodeURIComponent(content.task)}`;
  try {
    content.recorded_at ??= Date.now() - at > LATE ? new Date(at).toISOString() : ""; // said the same at every try
    await phone.put(once, "waiting", at, content);
    for (const each of await phone.pictures(once)) {
      const fields = { "form-once": each.id, version: content.version };
      content.version = (await post(`${path}/photographs`, fields, await phone.picture(each))).version;
      await phone.put(once, "waiting", at, content); // before the picture goes: sent twice it counts once
      await phone.removePicture(each.id);
    }
    const { version, result, note, recorded_at: recorded } = content;
    await post(`${path}/visit`, { "form-once": once, version, result, note, recorded_at: recorded });
    await phone.forget(once);
    return true;
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await phone.put(once, "conflict", at, { ...content, problem: error.message });
    return false;
  }
}

const waiting = async () => (await phone.entries()).filter((each) => each.state === "waiting");

// One tab sends at a time. Returns whether anything was sent.
function send() {
  return navigator.locks.request(LOCK, async () => {
    let sent = false;
    if (phone.owner() ? !(await waiting()).length : !(await phone.sealed())) return sent;
    tell("sending");
    try {
      await hello();
      for (const each of session ? await waiting() : []) sent = (await sendOne(each)) || sent;
    } catch {
      // no network, or what it leads to is away: tried again
    } finally {
      tell("sending", false);
    }
    if (sent) tell("sent");
    await show();
    return sent;
  });
}

async function wake() {
  if (!navigator.onLine) return;
  const sent = await send();
  if (!offline) {
    if (sent) await keepToday(await fetched("/doors/"));
    return;
  }
  await hello().catch(() => {});
  if (session && !document.querySelector("form[data-visit]")) location.reload();
}

// What is kept

async function fetched(path) {
  const answer = await fetch(path, { cache: "no-store" });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function keepToday(page) {
  const part = page.querySelector("[data-today]");
  if (!part) return;
  const doors = [...part.querySelectorAll("[data-door]")].map((each) => JSON.parse(each.dataset.door));
  await phone.keepToday({ html: part.outerHTML, form: page.getElementById("record").innerHTML, doors, at: Date.now() });
}

async function keepPages() {
  navigator.storage?.persist?.(); // what is not sent yet is not the browser's to throw away
  try {
    await navigator.serviceWorker.register("/doors/worker.js");
    const { active } = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => tell(event.data ? "ready" : "unkept");
    active.postMessage({ language: document.documentElement.lang }, [channel.port2]);
  } catch {
    tell("unkept");
  }
}

// What was recorded and not sent

async function show() {
  const all = (await phone.entries()).filter((each) => each.state !== "draft");
  const list = panel.querySelector("[data-entries]");
  list.replaceChildren(...(await Promise.all(all.map(entry))));
  panel.querySelector("[data-count]").textContent = all.length;
  tell("waiting", all.length > 0);
  const tasks = new Set(all.map((each) => each.task));
  for (const card of document.querySelectorAll("li[data-door]")) {
    card.querySelector("[data-recorded]").hidden = !tasks.has(JSON.parse(card.dataset.door).task);
  }
}

async function entry({ once, at, state, task, address, found, note, problem }) {
  const made = fill("entry");
  const set = (name, text) => (made.querySelector(`[data-${name}]`).textContent = text);
  const look = made.querySelector("[data-look]");
  look.href = `/doors/tasks/${encodeURIComponent(task)}#${once}`;
  look.textContent = address;
  set("found", found);
  set("note", note);
  set("when", moment(at));
  set("pictures", (await phone.pictures(once)).length);
  set("problem", problem ?? "");
  made.querySelector("[data-conflict]").hidden = state !== "conflict";
  made.querySelector("[data-discard]").addEventListener("click", async () => {
    await phone.forget(once);
    await show();
  });
  return made;
}

// The page that is shown without a network

async function showKept() {
  tell("offline");
  const today = phone.owner() ? await phone.today() : null;
  const task = location.pathname.match(/^\/doors\/tasks\/([^/]+)/)?.[1];
  const door = today?.doors.find((each) => each.task === decodeURIComponent(task ?? ""));
  const place = offline.querySelector("[data-kept]");
  const lock = document.querySelector("[data-lock]");
  lock.hidden = !phone.owner();
  lock.addEventListener("click", async () => {
    await phone.lock();
    location.reload();
  });
  offline.querySelector("[data-nothing]").hidden = today !== null || !phone.owner();
  if (!today) return;
  const at = offline.querySelector("[data-kept-at]");
  at.hidden = false;
  at.querySelector("time").textContent = moment(today.at);
  if (!door) {
    place.innerHTML = today.html;
    return;
  }
  document.querySelector("[data-back]").hidden = false;
  offline.querySelector("[data-title]").textContent = document.title = door.address;
  const made = fill("door");
  for (const [name, text] of [["name", door.name], ["due", door.due], ["visit-text", door.visit]]) {
    made.querySelector(`[data-${name}]`).textContent = text;
  }
  made.querySelector("[data-record]").innerHTML = today.form;
  place.replaceChildren(made);
  const form = place.querySelector("form");
  form.elements["form-once"].value = crypto.randomUUID();
  form.elements.version.value = door.version;
  await prepare(form, { task: door.task, address: door.address });
}

async function begin() {
  try {
    await phone.open();
  } catch {
    tell("unkept"); // this browser keeps nothing: forms are sent as they are
    return;
  }
  if (offline) {
    await showKept();
    if (!phone.owner()) tell((await phone.sealed()) ? "locked" : "offline");
  } else {
    const owner = document.querySelector("[name=form-owner]").value; // who the page is for, whatever the phone has open
    if (phone.owner() !== owner) await hello().catch(() => {});
    if (phone.owner() === owner) {
      await keepToday(document);
      const form = document.querySelector("form[data-visit]");
      if (form) await prepare(form, JSON.parse(form.closest("[data-door]").dataset.door));
    }
    if (document.querySelector("[data-today]")) {
      hello().catch(() => {}); // a new sign-in lasts longer
      keepPages();
    }
  }
  await show();
  phone.whenMoved(() => show());
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  setInterval(async () => (offline || (await phone.sealed())) && wake(), AGAIN);
  if (!offline) await wake();
}

const begun = begin();
