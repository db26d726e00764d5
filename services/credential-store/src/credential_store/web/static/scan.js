// Reads a QR code with the camera where the browser can do it itself; without that, the text is pasted.
"use strict";

const button = document.getElementById("scan");
const camera = document.getElementById("camera");
const said = document.getElementById("said");
const field = document.getElementById("presentation");

async function scan() {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  camera.srcObject = stream;
  camera.hidden = false;
  await camera.play();
  const until = Date.now() + 60_000;
  try {
    while (Date.now() < until) {
      const [code] = await detector.detect(camera);
      if (code) {
        field.value = code.rawValue;
        field.form.submit();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    said.textContent = button.dataset.none;
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    camera.hidden = true;
  }
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  button.hidden = false;
  button.addEventListener("click", () => scan().catch(() => { said.textContent = button.dataset.none; }));
}
