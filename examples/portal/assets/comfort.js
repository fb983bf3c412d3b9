// Comfort only: every page works without this file.
"use strict";

// A form that was sent once is not sent again by a second click: its code would be spent already.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// Times in the browser's own zone.
for (const time of document.querySelectorAll("time[datetime]")) {
  const date = new Date(time.dateTime);
  time.textContent = date.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

// What is to be kept elsewhere, for the clipboard.
const copies = (id, text) => {
  const button = document.getElementById(id);
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Please copy by hand";
    }
  });
};
copies("copy-key", () => document.getElementById("key").textContent.replaceAll(/\s/g, ""));
copies("copy-codes", () => [...document.querySelectorAll("#recovery-codes code")].map((code) => code.textContent).join("\n"));

const print = document.getElementById("print-codes");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// The cursor waits in the code field, but on a phone the QR code above it comes first.
if (document.body.dataset.page === "setup" && !document.getElementById("code-error")) {
  addEventListener("load", () => scrollTo(0, 0));
}

// How long to wait, counted down by the browser.
const wait = document.getElementById("wait");
if (wait) {
  const end = performance.now() + 1000 * Number(wait.dataset.seconds);
  const count = (n, unit) => (n === 0 ? [] : [`${n} ${unit}${n === 1 ? "" : "s"}`]);
  const tick = setInterval(() => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    if (left > 0) {
      wait.textContent = [...count(Math.floor(left / 60), "minute"), ...count(left % 60, "second")].join(" ");
    } else {
      clearInterval(tick);
      wait.parentElement.textContent = "You can try again now.";
    }
  }, 1000);
}
