// A card reader's agent on this machine: the card that lies on it goes into the reader's field, and the form is sent.
"use strict";

for (const button of document.querySelectorAll("[data-reader]")) {
  const form = button.form;
  const fault = form.querySelector("[data-reader-fault]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    fault.hidden = true;
    button.setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch(button.dataset.reader, { credentials: "omit", cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const field = form.elements.card ?? form.querySelector("[data-card]");
      field.name = "card";
      field.value = JSON.stringify(await answer.json());
      form.requestSubmit();
    } catch {
      fault.hidden = false;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}
