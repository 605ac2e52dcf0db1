// What moves: news of the page, copying, times, the theme. Every page works without it.
"use strict";
const root = document.documentElement;
root.classList.add("js");

// News: regions by their ids, as HTML that was made on the server.
const main = document.querySelector("main[data-live]");
let source = null;
const isUsed = (region) => {
  const chosen = getSelection();
  return region.contains(document.activeElement) && document.activeElement !== document.body
    || (chosen && !chosen.isCollapsed && region.contains(chosen.anchorNode));
};
const late = new Map();
const put = (id, html) => {
  const region = document.getElementById(id);
  if (!region) return;
  if (isUsed(region)) { late.set(id, html); return; }
  late.delete(id);
  const open = [...region.querySelectorAll("details")].map((details) => details.open);
  region.innerHTML = html;
  region.querySelectorAll("details").forEach((details, index) => { details.open = open[index] ?? details.open; });
};
const listen = () => {
  if (!main || source || document.hidden) return;
  source = new EventSource(main.dataset.live);
  source.onmessage = (event) => {
    for (const [id, html] of late) put(id, html);
    for (const [id, html] of Object.entries(JSON.parse(event.data))) put(id, html);
  };
};
const rest = () => { source?.close(); source = null; };
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
addEventListener("pagehide", rest);
addEventListener("pageshow", listen);
listen();

// Times: "3 minutes ago" stays true.
const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
const ago = (at) => {
  const seconds = Math.floor((Date.now() - Date.parse(at)) / 1000);
  const span = Math.abs(seconds);
  if (span < 5) return "just now";
  const [size, unit] = units.find(([size]) => span >= size);
  const count = Math.floor(span / size);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
};
setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = ago(time.dateTime);
    if (time.textContent !== text) time.textContent = text;
  }
}, 15000);

// Copying. Without HTTPS, and beyond this machine, a browser has only the old way.
const take = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const isTaken = document.execCommand("copy");
  area.remove();
  if (!isTaken) throw new Error("not copied");
};
const copy = async (button) => {
  const said = button.querySelector(".said");
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.copy);
    else take(button.dataset.copy);
    said.textContent = "Copied";
  } catch {
    said.textContent = "Not copied";
  }
  setTimeout(() => { said.textContent = ""; }, 2000);
};

// Light, dark, or as the system has it.
const theme = () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const next = isDark ? "light" : "dark";
  const asSystem = matchMedia("(prefers-color-scheme: dark)").matches === (next === "dark");
  if (asSystem) delete root.dataset.theme; else root.dataset.theme = next;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `trunkline-theme=${asSystem ? "" : next}; Path=/; Max-Age=${asSystem ? 0 : 31536000}; SameSite=Lax${secure}`;
};

// An editor that checks as one types, and leads to the place of a mistake.
const toSpot = (spot) => {
  const area = document.querySelector("textarea[data-check]");
  if (!area) return;
  const [line, column] = spot.split(":").map(Number);
  const before = area.value.split("\n").slice(0, line - 1).join("\n");
  const at = before.length + (line > 1 ? 1 : 0) + column - 1;
  area.focus();
  area.setSelectionRange(at, at);
};
let checking = 0;
const check = async (area) => {
  const turn = ++checking;
  const sent = new URLSearchParams(new FormData(area.form));
  sent.set("check", "yes");
  const answer = await fetch(area.form.action, { method: "POST", body: sent }).catch(() => null);
  if (!answer || turn !== checking) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(area.dataset.check);
  const place = document.getElementById(area.dataset.check);
  if (found && place && turn === checking) place.innerHTML = found.innerHTML;
};
let typed = 0;
document.addEventListener("input", (event) => {
  if (event.target.dataset.check === undefined) return;
  checking++;
  clearTimeout(typed);
  typed = setTimeout(check, 500, event.target);
});

// A path of the sample goes into the expression that was typed into last.
let expression = null;
document.addEventListener("focusin", (event) => {
  if (event.target.dataset.expression !== undefined) expression = event.target;
});
const insert = (path) => {
  if (!expression?.isConnected) return;
  expression.setRangeText(path, expression.selectionStart, expression.selectionEnd, "end");
  expression.focus();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.spot !== undefined) toSpot(button.dataset.spot);
  if (button.dataset.copy !== undefined) copy(button);
  if (button.dataset.insert !== undefined) insert(button.dataset.insert);
  if (button.dataset.themeSwitch !== undefined) theme();
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-busy");
  }
});
document.addEventListener("change", (event) => {
  if (event.target.dataset.send !== undefined) event.target.form.requestSubmit();
});

// "/" goes to the search of the page, where it has one.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("form[role=search] input");
  if (search) { event.preventDefault(); search.focus(); }
});
