// Keeps the list as the server has it. Text only ever goes in as text.
const list = document.getElementById("messages");
const source = "/messages.json" + location.search;
let shown = "";

function line(name, ...content) {
  const element = document.createElement("p");
  element.className = name;
  element.append(...content);
  return element;
}

function item(message) {
  const number = document.createElement("a");
  number.href = "/?to=" + encodeURIComponent(message.to);
  number.textContent = message.to;
  const time = document.createElement("time");
  time.dateTime = message.date_created;
  time.textContent = new Date(message.date_created).toLocaleTimeString();
  const code = message.error_code ? ` (${message.error_code})` : "";
  const element = document.createElement("li");
  element.dataset.sid = message.sid;
  element.append(
    line("to", number, " ", time),
    line("body", ...withCodes(message.body)),
    line("status", message.status + code),
  );
  return element;
}

// One-time codes stand out, and one click selects them.
function withCodes(text) {
  return text.split(/(\b\d{4,8}\b)/).map((part, index) => {
    if (index % 2 === 0) return part;
    const code = document.createElement("strong");
    code.textContent = part;
    return code;
  });
}

async function update() {
  try {
    const text = await (await fetch(source)).text();
    if (text !== shown) {
      list.replaceChildren(...JSON.parse(text).messages.map(item));
      shown = text;
    }
  } catch {
    // The sandbox is stopping or starting; the next round tells.
  }
  setTimeout(update, 500);
}

update();
