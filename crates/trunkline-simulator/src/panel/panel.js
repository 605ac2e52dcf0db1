"use strict";
const at = (id) => document.getElementById(id);
const origin = location.origin;
at("origin").textContent = origin;

const time = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

const cell = (text, kind) => {
  const td = document.createElement("td");
  td.textContent = text ?? "";
  if (kind) td.className = kind;
  return td;
};

const fill = (id, rows) => {
  if (rows.length === 0) return;
  at(id).replaceChildren(...rows.map((cells) => {
    const tr = document.createElement("tr");
    tr.append(...cells);
    return tr;
  }));
};

const tell = (problem) => {
  at("error").textContent = problem;
  at("error").hidden = problem === "";
};

const show = (overview) => {
  const date = new Date(overview.now * 1000).toISOString().replace("T", " ").slice(0, 19);
  at("clock").textContent = `Its clock says ${date} UTC; ${overview.answered} requests were answered.`;
  at("counts").replaceChildren(...overview.counts.map(([name, count]) => {
    const tile = document.createElement("div");
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    value.textContent = count.toLocaleString("en");
    tile.append(term, value);
    return tile;
  }));
  fill("log", overview.requests.map((request) => [
    cell(time(request.at)),
    cell(request.status, request.status >= 400 ? "bad" : "good"),
    cell(request.operation),
    cell(`${request.method} ${request.path}${request.query ? "?" + request.query : ""}`),
    cell(request.version),
  ]));
  at("set").hidden = overview.faults.length === 0;
  at("set").textContent = overview.faults.map((fault) => JSON.stringify(
    Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== null && value !== 0 && value !== false)),
  )).join("\n");
};

const shown = 40;
let deliveries = [];
let newest = 0;

const showDeliveries = () => fill("deliveries", deliveries.toReversed().map((delivery) => [
  cell(time(delivery.at)),
  cell(delivery.status ?? delivery.error, delivery.status >= 200 && delivery.status < 300 ? "good" : "bad"),
  cell(delivery.topic),
  cell(delivery.url),
  cell(delivery.attempt),
]));

const call = async (method, path, body) => {
  const answer = await fetch(path, { method, body, headers: body ? { "content-type": "application/json" } : {} });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer;
};

let overview = { faults: [] };
const refresh = async () => {
  try {
    overview = await (await call("GET", "/_sim/overview")).json();
    show(overview);
    // Only what is new is fetched; deliveries carry their bodies.
    if (overview.deliveries > newest) {
      const since = Math.max(newest, overview.deliveries - shown);
      const text = await (await call("GET", `/_sim/deliveries?since=${since}`)).text();
      const fresh = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      deliveries = [...deliveries, ...fresh].slice(-shown);
      newest = Math.max(newest, ...fresh.map((delivery) => delivery.number));
      showDeliveries();
    }
    tell("");
  } catch (problem) {
    tell(String(problem.message ?? problem));
  }
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { post, put, fault, body } = button.dataset;
  try {
    if (post) await call("POST", post, body);
    if (put) await call("PUT", put, body);
    if (button.dataset.delete) await call("DELETE", button.dataset.delete);
    if (fault) await call("PUT", "/_sim/faults", JSON.stringify([...overview.faults, JSON.parse(fault)]));
  } catch (problem) {
    tell(String(problem.message ?? problem));
  }
  await refresh();
});

refresh();
setInterval(refresh, 1000);
