// What a phone keeps for its officer: today's doors and what was recorded, sealed with AES-GCM.
//
// The portal gives the key to the officer who is signed in, another one to each officer on each phone. It is kept here as a
// key that no script can read out, until the officer signs out, locks the phone, or the time that the sign-in lasts is over.
// Without it what is sealed stays, and is opened when the same officer signs in again.
"use strict";

const phone = (() => {
  const KEYS = "yizheng-key"; // a database of its own, so that signing out removes it whole
  const CHANNEL = new BroadcastChannel("yizheng-doors");
  let mine = null; // {owner, key}, while it is open
  let keys = null;
  let kept = null;

  async function open() {
    const closing = { blocking: (_current, _blocked, event) => event.target.close() };
    keys = await idb.openDB(KEYS, 1, { upgrade: (db) => db.createObjectStore("keys", { keyPath: "owner" }), ...closing });
    kept = await idb.openDB("yizheng-doors", 1, {
      upgrade(db) {
        db.createObjectStore("phone");
        db.createObjectStore("today", { keyPath: "owner" });
        db.createObjectStore("entries", { keyPath: "once" });
        db.createObjectStore("pictures", { keyPath: "id" }).createIndex("once", "once");
      },
      ...closing,
    });
    const [found] = await keys.getAll("keys");
    if (found && new Date(found.until) > new Date()) mine = found;
    else if (found) await lock();
    return mine !== null;
  }

  // The name of this phone, which makes its keys its own; random, and no secret.
  async function name() {
    const known = await kept.get("phone", "name");
    if (known) return known;
    const made = crypto.randomUUID();
    await kept.put("phone", made, "name");
    return made;
  }

  async function unlock({ owner, key, until }) {
    const bytes = Uint8Array.from(key.match(/../g), (each) => parseInt(each, 16));
    const made = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
    mine = { owner, key: made, until };
    const writing = keys.transaction("keys", "readwrite");
    await writing.store.clear();
    await writing.store.put(mine);
    await writing.done;
    for (const other of await kept.getAllKeys("today")) if (other !== owner) await kept.delete("today", other);
  }

  async function lock() {
    mine = null;
    await keys.clear("keys");
    await kept.clear("today");
  }

  // Each sealed value is bound to its place, so that none can stand for another.
  function algorithm(iv, place) {
    return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`${mine.owner} ${place}`) };
  }

  async function seal(place, bytes) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt(algorithm(iv, place), mine.key, bytes) };
  }

  function unseal(place, { iv, data }) {
    return crypto.subtle.decrypt(algorithm(iv, place), mine.key, data);
  }

  const sealText = (place, value) => seal(place, new TextEncoder().encode(JSON.stringify(value)));
  const unsealText = async (place, sealed) => JSON.parse(new TextDecoder().decode(await unseal(place, sealed)));

  async function keepToday(value) {
    await kept.put("today", { owner: mine.owner, sealed: await sealText("today", value) });
  }

  async function today() {
    const found = await kept.get("today", mine.owner);
    return found ? unsealText("today", found.sealed) : null;
  }

  // Entries: what was recorded at a door. `state`: draft (still being typed), waiting (to be sent), conflict (looked at first).
  async function entries() {
    if (!mine) return [];
    const own = (await kept.getAll("entries")).filter((each) => each.owner === mine.owner);
    own.sort((one, other) => one.at - other.at);
    return Promise.all(
      own.map(async ({ sealed, ...each }) => ({ ...each, ...(await unsealText(`entry ${each.once}`, sealed)) })),
    );
  }

  async function put(once, state, at, content) {
    const sealed = await sealText(`entry ${once}`, content);
    await kept.put("entries", { once, owner: mine.owner, state, at, sealed });
    CHANNEL.postMessage("moved");
  }

  // What is being typed; nothing any more once it was recorded, here or in another tab.
  async function draft(once, content) {
    const sealed = await sealText(`entry ${once}`, content);
    const writing = kept.transaction("entries", "readwrite");
    const known = await writing.store.get(once);
    if (!known || known.state === "draft") {
      await writing.store.put({ once, owner: mine.owner, state: "draft", at: Date.now(), sealed });
    }
    await writing.done;
  }

  // Record a visit, in the place of an earlier entry that was looked at again. What another tab recorded stays beside it.
  async function record(once, content, replaces) {
    const own = ["", "draft"].includes((await kept.get("entries", once))?.state ?? "") ? once : crypto.randomUUID();
    const sealed = await sealText(`entry ${own}`, content);
    const writing = kept.transaction(["entries", "pictures"], "readwrite");
    const pictures = writing.objectStore("pictures");
    const at = (replaces && (await writing.objectStore("entries").get(replaces))?.at) || Date.now();
    await writing.objectStore("entries").put({ once: own, owner: mine.owner, state: "waiting", at, sealed });
    if (replaces) {
      await writing.objectStore("entries").delete(replaces);
      for (const each of await pictures.index("once").getAll(replaces)) await pictures.put({ ...each, once: own });
    }
    await writing.done;
    CHANNEL.postMessage("moved");
    return own;
  }

  // What was sent or discarded goes with its pictures.
  async function forget(once) {
    const writing = kept.transaction(["entries", "pictures"], "readwrite");
    await writing.objectStore("entries").delete(once);
    const pictures = writing.objectStore("pictures");
    for (const id of await pictures.index("once").getAllKeys(once)) await pictures.delete(id);
    await writing.done;
    CHANNEL.postMessage("moved");
  }

  async function addPicture(once, bytes) {
    const id = crypto.randomUUID();
    await kept.put("pictures", { id, once, at: Date.now(), size: bytes.byteLength, sealed: await seal(`picture ${id}`, bytes) });
  }

  async function pictures(once) {
    return (await kept.getAllFromIndex("pictures", "once", once)).sort((one, other) => one.at - other.at);
  }

  return {
    open, name, unlock, lock, keepToday, today, entries, put, draft, record, forget, addPicture, pictures,
    owner: () => mine?.owner ?? "",
    sealed: () => kept.count("entries"),
    picture: async (each) => unseal(`picture ${each.id}`, each.sealed),
    removePicture: (id) => kept.delete("pictures", id),
    whenMoved: (heard) => CHANNEL.addEventListener("message", heard),
  };
})();
