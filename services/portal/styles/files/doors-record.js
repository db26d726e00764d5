// Recording a visit: what is typed and photographed is kept from the first moment, and checked before it is recorded.
"use strict";

const MOST = 10; // pictures
const LONGEST = 2048; // pixels
const recorded = new Map(); // what sending a form does, once the phone is ready

function faultsOf(form) {
  const result = form.elements.result.value;
  if (!result) return ["result"];
  return result.endsWith(":") && !form.elements.note.value.trim() ? ["note"] : [];
}

function showFaults(form, names) {
  const summary = form.querySelector("[data-faults]");
  for (const each of summary.querySelectorAll("[data-fault]")) each.hidden = !names.includes(each.dataset.fault);
  summary.hidden = !names.length;
  document.title = document.title.replace(form.dataset.prefix, "");
  if (!names.length) return;
  document.title = form.dataset.prefix + document.title;
  summary.focus();
}

function contentOf(form, door) {
  const { result, note, version } = form.elements;
  const label = form.querySelector(`input[value="${CSS.escape(result.value)}"]`)?.labels[0]?.textContent ?? "";
  return { ...door, result: result.value, found: label, note: note.value.trim(), version: version.value };
}

async function shrunk(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const drawn = canvas.getContext("2d");
  drawn.fillStyle = "white";
  drawn.fillRect(0, 0, canvas.width, canvas.height);
  drawn.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return blob.arrayBuffer();
}

async function showPictures(form, once) {
  const taken = form.querySelector("[data-taken]");
  const all = await phone.pictures(once);
  const rows = all.map(({ id, size }, index) => {
    const made = fill("picture");
    made.querySelector("[data-number]").textContent = index + 1;
    made.querySelector("[data-size]").textContent = `${Math.max(1, Math.round(size / 1024))} KB`;
    made.querySelector("[data-remove]").addEventListener("click", async () => {
      await phone.removePicture(id);
      await showPictures(form, once);
    });
    return made;
  });
  taken.replaceChildren(...rows);
  taken.hidden = !all.length;
  return all.length;
}

async function prepare(form, door) {
  const { "form-once": number, note, result, photographs } = form.elements;
  const own = (await phone.entries()).filter((each) => each.task === door.task);
  const unsent = own.filter((each) => each.state !== "draft"); // looked at again, and sent again in its place
  const looked = unsent.find((each) => each.once === location.hash.slice(1)) ?? unsent.at(-1);
  const found = looked ?? own.find((each) => each.state === "draft");
  const replaces = looked?.once ?? "";
  if (found && !looked) number.value = found.once;
  if (found && !result.value && !note.value) {
    note.value = found.note;
    for (const each of result) each.checked = each.value === found.result;
  }
  const pictured = replaces || number.value;
  await showPictures(form, pictured);
  let saving = Promise.resolve();
  const save = () => (saving = replaces ? saving : phone.draft(number.value, contentOf(form, door)));
  form.addEventListener("input", (event) => event.target !== photographs && save());
  photographs.addEventListener("change", async () => {
    const files = [...photographs.files];
    photographs.value = "";
    const faults = new Set();
    await save();
    for (const file of files) {
      const bytes = await shrunk(file).catch(() => null);
      if (!bytes) faults.add("photographs");
      else if ((await phone.pictures(pictured)).length >= MOST) faults.add("many");
      else await phone.addPicture(pictured, bytes).catch(() => faults.add("room"));
    }
    await showPictures(form, pictured);
    showFaults(form, [...faults]);
  });
  let isSent = false;
  recorded.set(form, async () => {
    const faults = faultsOf(form);
    showFaults(form, faults);
    if (isSent || faults.length) return;
    isSent = true;
    await saving.catch(() => {});
    const once = await phone.record(number.value, contentOf(form, door), replaces).catch(() => "");
    if (!once) {
      isSent = false;
      showFaults(form, ["room"]);
      return;
    }
    if (navigator.onLine) await send();
    const isThere = (await phone.entries()).some((each) => each.once === once);
    location.assign(isThere ? "/doors/" : `/doors/?done=${result.value.split(":")[0]}`);
  });
}

// A form that is sent before the phone is ready waits for it. What needs a network stays on the page while there is none;
// where the phone can keep nothing, a visit does, too.
document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const isVisit = form.matches("[data-visit]");
    if (!isVisit && navigator.onLine) return;
    event.preventDefault();
    event.stopPropagation();
    await begun;
    const record = recorded.get(form);
    if (record) await record();
    else if (navigator.onLine) form.submit();
    else {
      tell(isVisit ? "unkept" : "offline");
      panel.scrollIntoView();
    }
  },
  true,
);
