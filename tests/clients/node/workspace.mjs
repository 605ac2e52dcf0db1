// What every test of the Node.js client shares: the client, the simulator's address, and things to work with.
//
// The one rule: the client is the published package, unchanged; only its options point it at the simulator. Tests of
// one file never need what another file left behind.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

// The package is installed outside the sources when a runner says where, and beside this file otherwise.
const require = createRequire(process.env.TRUNKLINE_CLIENT_MODULES ?? import.meta.url);

export const { Intercom, IntercomClient, IntercomError } = require("intercom-client");

const address = process.env.TRUNKLINE_SIMULATOR_URL ?? "http://127.0.0.1:7071";
export const token = process.env.TRUNKLINE_SIMULATOR_TOKEN ?? "clients";

/** A client with other options than the usual ones. */
export const connect = (options = {}) => new IntercomClient({ baseUrl: address, token, maxRetries: 0, ...options });

export const intercom = connect();

let made = 0;

/** A text that no other test uses. */
export const unique = (text) => `${text}-${process.pid}-${(made += 1)}`;

/** Unix seconds, some seconds from now. */
export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

/** A call of the simulator's control surface. */
export async function control(method, path, body = undefined) {
  const answer = await fetch(`${address}/_sim${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return text;
}

/** Every object of a stream. */
export async function truth(stream) {
  const lines = (await control("GET", `/truth/${stream}`)).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

export const newUser = (fields = {}) =>
  intercom.contacts.create({ email: `${unique("user")}@people.example`, external_id: unique("user"), ...fields });

export const newLead = (fields = {}) =>
  intercom.contacts.create({ role: "lead", email: `${unique("lead")}@people.example`, ...fields });

export const newCompany = (fields = {}) =>
  intercom.companies.createOrUpdate({ company_id: unique("company"), name: unique("Company"), ...fields });

/** A conversation that a user began. */
export async function newConversation(body = "The export is empty", user = undefined) {
  const from = user ?? (await newUser());
  const message = await intercom.conversations.create({ from: { type: "user", id: from.id }, body });
  return { user: from, id: message.conversation_id, message };
}

export async function anAdmin(place = 0) {
  return (await intercom.admins.list()).admins[place];
}

/** The first ticket type of a category. */
export async function aTicketType(category = "Customer") {
  return (await intercom.ticketTypes.list()).data.find((type) => type.category === category);
}

export async function newTicket(fields = {}) {
  const user = await newUser();
  const type = await aTicketType();
  const ticket = await intercom.tickets.create({
    ticket_type_id: type.id,
    contacts: [{ id: user.id }],
    ticket_attributes: { _default_title_: unique("Broken lamp"), _default_description_: "It does not shine" },
    ...fields,
  });
  return { ticket, user, type };
}

/** The newest part of a conversation or ticket. */
export function lastPart(thread) {
  const parts = thread.conversation_parts?.conversation_parts ?? thread.ticket_parts.ticket_parts;
  return parts.at(-1);
}

export const ids = (rows) => rows.map((row) => row.id);

/** Every row of a pager, by its iterator. */
export async function rowsOf(page) {
  const rows = [];
  for await (const row of page) {
    rows.push(row);
  }
  return rows;
}

/** The rows of each page of a pager, page by page. */
export async function pagesOf(first) {
  const pages = [first.data];
  for (let page = first; page.hasNextPage(); ) {
    page = await page.getNextPage();
    pages.push(page.data);
  }
  return pages;
}

/** What a question about a job answers at the end; each time that it has not ended, a simulated minute passes. */
export async function settled(ask) {
  for (let asked = 0; asked < 60; asked += 1) {
    const answer = await ask();
    if (!["pending", "in_progress"].includes(answer.status)) {
      return answer;
    }
    await control("PUT", "/clock", { advance_seconds: 60 });
  }
  return assert.fail("the job does not end");
}

/** The call is refused with this status and this code in the body, and raises this class of the client's. */
export async function refused(call, status, code, kind = IntercomError) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, `${error} is not ${kind.name}`);
    assert.equal(error.statusCode, status);
    assert.equal(error.body.type, "error.list");
    assert.equal(error.body.errors[0].code, code);
    return true;
  });
}

export const notFound = (call, code = "not_found") => refused(call, 404, code);
