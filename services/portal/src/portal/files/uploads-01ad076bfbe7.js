// Files are handed in piece by piece, with how far it is, a pause, and a lost line that is waited for. After a reload, or
// on another device, the same file chosen again goes on where it was: the server knows it by its digest.
"use strict";

const least = 64 * 1024;

for (const form of document.querySelectorAll("form[data-uploads]")) {
  const box = form.querySelector("[data-upload]");
  const words = box.dataset;
  const find = (name) => box.querySelector(`[data-${name}]`);
  const [bar, shown, said, pause, resume] = ["bar", "shown", "said", "pause", "resume"].map(find);
  const fault = form.querySelector("[data-upload-fault]");
  const title = document.title;
  document.querySelector("main").prepend(fault); // where every page says what is wrong
  let paused = false;
  let wake = () => {};

  const megabytes = (count) => (count / 1048576).toFixed(1);
  const say = (text) => {
    if (said.textContent !== text) said.textContent = text;
  };
  const show = (file, received) => {
    bar.value = Math.floor((100 * received) / file.size);
    const filled = { name: file.name, percent: bar.value, done: megabytes(received), size: megabytes(file.size) };
    shown.textContent = words.sending.replace(/\{(\w+)\}/g, (_, key) => filled[key]);
    if (!paused) say(""); // the bar itself is read; what is said is what changes
  };
  // Until somebody goes on, the line is back, or the seconds are over.
  const wait = (seconds) =>
    new Promise((go) => {
      const timer = seconds && setTimeout(go, seconds * 1000);
      wake = () => {
        clearTimeout(timer);
        go();
      };
    });
  window.addEventListener("online", () => wake());
  pause.addEventListener("click", () => {
    paused = true;
    pause.hidden = true;
    resume.hidden = false;
    resume.focus();
    say(words.paused);
  });
  resume.addEventListener("click", () => {
    paused = false;
    resume.hidden = true;
    pause.hidden = false;
    pause.focus();
    wake();
  });

  // Asks until there is an answer: what is refused is told, what is away or lost is tried again.
  const ask = async (path, options) => {
    for (let seconds = 1; ; seconds = Math.min(2 * seconds, 30)) {
      while (paused) await wait(0);
      try {
        const headers = { "X-Form-Token": form.elements["form-token"].value, ...options.headers };
        const answer = await fetch(path, { ...options, headers, redirect: "manual", cache: "no-store" });
        if (answer.type === "opaqueredirect") throw new Error(words.ended);
        if (answer.ok || answer.status === 409) return { status: answer.status, ...(await answer.json()) };
        if (answer.status < 500 && answer.status !== 429) throw new Error((await answer.json()).text || words.failed);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // no line
      }
      say(words.waiting);
      await wait(seconds);
    }
  };

  const send = async (file, documentType) => {
    say(words.reading);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const body = {
      requirement: words.requirement,
      document_type: documentType,
      name: file.name,
      size: file.size,
      sha256: [...digest].map((each) => each.toString(16).padStart(2, "0")).join(""),
    };
    const json = { "Content-Type": "application/json" };
    let upload = await ask(form.dataset.uploads, { method: "POST", headers: json, body: JSON.stringify(body) });
    if (!upload.id) throw new Error(upload.text);
    const path = `${form.dataset.uploads}/${upload.id}`;
    let length = 4 * least;
    while (!upload.done) {
      show(file, upload.received);
      const piece = file.slice(upload.received, upload.received + length);
      if (upload.received + piece.size === file.size) say(words.checking);
      const begun = performance.now();
      const headers = { "Content-Type": "application/partial-upload", "Upload-Offset": String(upload.received) };
      const next = await ask(path, { method: "PATCH", headers, body: piece });
      if (next.status === 409) {
        const now = await ask(path, {});
        if (!now.done && now.received === upload.received) throw new Error(next.text);
        upload = now; // it had come, and only the answer was lost
        continue;
      }
      upload = next;
      const took = performance.now() - begun;
      length = Math.max(least, Math.min(Number(words.piece), took < 1500 ? 2 * length : took > 8000 ? length / 2 : length));
    }
    show(file, file.size);
  };

  const start = async (files) => {
    box.hidden = false;
    pause.hidden = false;
    resume.hidden = true;
    fault.hidden = true;
    document.title = title;
    paused = false;
    const documentType = new FormData(form).get("document_type");
    try {
      for (const file of files) await send(file, documentType);
      location.assign(words.after);
    } catch (error) {
      box.hidden = true;
      say("");
      const isText = error instanceof Error && !(error instanceof TypeError) && error.name === "Error";
      fault.querySelector("[data-text]").textContent = isText ? error.message : words.failed;
      document.title = fault.dataset.title + title;
      fault.hidden = false;
      fault.focus();
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("[data-once]")) button.removeAttribute("aria-disabled");
    }
  };

  form.addEventListener("submit", (event) => {
    if (form.dataset.sent || event.submitter?.hasAttribute("formaction")) return; // sent already, or for another page
    const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
    if (!files.length || !crypto.subtle) return; // the server says what is missing
    event.preventDefault();
    start(files);
  });
  // A page that was photographed is handed in at once, so that the next one can be taken.
  form.elements.photo?.addEventListener("change", () => form.elements.photo.files.length && form.requestSubmit());
}
