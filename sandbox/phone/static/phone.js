// Keeps the list as the server has it. What a message says only ever goes in as text.
"use strict";

const list = document.getElementById("messages");
const template = document.getElementById("message").content.firstElementChild;
const offline = document.getElementById("offline");
const source = "/messages.json" + location.search;

function show(messages) {
  const items = new Map([...list.children].map((item) => [item.dataset.sid, item]));
  for (const message of messages.toReversed()) {
    const known = items.get(message.sid);
    items.delete(message.sid);
    const item = known ?? template.cloneNode(true);
    fill(item, message);
    if (known) continue; // it stays where it is, so that a screen reader reads nothing twice
    item.classList.add("new");
    list.prepend(item);
  }
  for (const gone of items.values()) gone.remove();
}

function fill(item, message) {
  const part = (selector) => item.querySelector(selector);
  const sent = new Date(message.date_created);
  const today = sent.toDateString() === new Date().toDateString();
  item.dataset.sid = message.sid;
  item.dataset.status = message.status;
  part(".number").href = "/?to=" + encodeURIComponent(message.to);
  write(part(".number"), message.to);
  part("time").dateTime = message.date_created;
  part("time").title = sent.toLocaleString();
  write(part("time"), sent.toLocaleString([], { timeStyle: "short", ...(today ? {} : { dateStyle: "medium" }) }));
  write(part(".body"), message.body);
  part(".code").hidden = !message.code;
  write(part(".code strong"), message.code ?? "");
  part(".code button").hidden = !navigator.clipboard;
  write(part(".status"), message.status + (message.error_code ? ` · ${message.error_code}` : ""));
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

list.addEventListener("click", async ({ target }) => {
  if (!target.matches("button")) return;
  await navigator.clipboard.writeText(target.previousElementSibling.textContent);
  target.textContent = "Copied";
  setTimeout(() => { target.textContent = "Copy"; }, 2000);
});

async function update() {
  const now = new Date().toLocaleTimeString([], { timeStyle: "short" });
  write(document.getElementById("clock"), now.replace(/\s?[AP]M$/i, ""));
  try {
    show((await (await fetch(source)).json()).messages);
    write(offline, "");
  } catch {
    write(offline, "The sandbox does not answer. Waiting for it…");
  }
  setTimeout(update, 500);
}

update();
