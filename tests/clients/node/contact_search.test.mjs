// The search language, with every operator, over four contacts that only this file knows.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { inSeconds, intercom, refused, rowsOf, unique } from "./workspace.mjs";

describe("contact search", () => {
  const domain = `${unique("search")}.example`;
  const made = {};

  before(async () => {
    const people = [
      { name: "Anna Abel", email: `anna@${domain}`, phone: "+353870000001", signed_up_at: 1600000000 },
      { name: "Berta Bell", email: `berta@${domain}`, phone: "+353870000002", signed_up_at: 1620000000 },
      { name: "Carla Abel", email: `carla@${domain}`, signed_up_at: 1640000000 },
      { role: "lead", name: "Dora", email: `dora@${domain}` },
    ];
    for (const person of people) {
      const contact = await intercom.contacts.create(person);
      made[person.name] = contact.id;
    }
  });

  const names = async (query) =>
    (await rowsOf(await intercom.contacts.search({ query }))).map((contact) => contact.name).sort();

  const mine = { field: "email_domain", operator: "=", value: domain };
  const among = (...value) => ({ operator: "AND", value: [mine, ...value] });
  const where = (field, operator, value) => ({ field, operator, value });

  const cases = [
    ["= finds the same text", () => where("name", "=", "Anna Abel"), ["Anna Abel"]],
    ["= finds the same role", () => where("role", "=", "lead"), ["Dora"]],
    ["!= leaves the same text out", () => where("name", "!=", "Anna Abel"), ["Berta Bell", "Carla Abel", "Dora"]],
    ["IN finds any of a list", () => where("name", "IN", ["Dora", "Carla Abel", "Nobody"]), ["Carla Abel", "Dora"]],
    ["NIN leaves a list out", () => where("name", "NIN", ["Dora", "Carla Abel"]), ["Anna Abel", "Berta Bell"]],
    ["IN finds ids", () => where("id", "IN", [made.Dora, made["Anna Abel"]]), ["Anna Abel", "Dora"]],
    ["> compares days", () => where("signed_up_at", ">", 1610000000), ["Berta Bell", "Carla Abel"]],
    ["< compares days", () => where("signed_up_at", "<", 1610000000), ["Anna Abel"]],
    ["= on a time finds the whole day", () => where("signed_up_at", "=", 1620000001), ["Berta Bell"]],
    ["~ finds a piece of a text", () => where("name", "~", "abel"), ["Anna Abel", "Carla Abel"]],
    ["!~ leaves a piece of a text out", () => where("name", "!~", "Abel"), ["Berta Bell", "Dora"]],
    ["^ finds a beginning", () => where("email", "^", "carla@"), ["Carla Abel"]],
    ["$ finds an end", () => where("phone", "$", "0002"), ["Berta Bell"]],
    ["a contact of this minute is younger than yesterday", () => where("created_at", ">", inSeconds(-172800)),
      ["Anna Abel", "Berta Bell", "Carla Abel", "Dora"]],
    ["a contact of this minute is not older than yesterday", () => where("created_at", "<", inSeconds(-86400)), []],
  ];
  for (const [title, filter, expected] of cases) {
    it(title, async () => {
      assert.deepEqual(await names(among(filter())), expected);
    });
  }

  it("OR takes what any of its filters finds", async () => {
    const either = { operator: "OR", value: [where("name", "=", "Dora"), where("name", "^", "Berta")] };
    assert.deepEqual(await names(among(either)), ["Berta Bell", "Dora"]);
  });

  it("AND inside OR is two levels, which is allowed", async () => {
    const both = (name) => ({ operator: "AND", value: [mine, where("name", "~", name)] });
    const query = { operator: "OR", value: [both("Anna"), both("Carla")] };
    assert.deepEqual(await names(query), ["Anna Abel", "Carla Abel"]);
  });

  it("custom attributes and tags are searched", async () => {
    const tag = await intercom.tags.create({ name: unique("searched") });
    await intercom.tags.tagContact({ contact_id: made["Anna Abel"], id: tag.id });
    assert.deepEqual(await names(where("tag_id", "=", tag.id)), ["Anna Abel"]);
    const tier = unique("tier");
    await intercom.contacts.update({ contact_id: made.Dora, custom_attributes: { "Plan tier": tier } });
    assert.deepEqual(await names(where("custom_attributes.Plan tier", "=", tier)), ["Dora"]);
  });

  it("the pager of a search finds each contact once", async () => {
    const page = await intercom.contacts.search({ query: mine, pagination: { per_page: 1 } });
    assert.equal(page.response.total_count, 4);
    assert.equal(page.response.pages.total_pages, 4);
    const found = (await rowsOf(page)).map((contact) => contact.name).sort();
    assert.deepEqual(found, ["Anna Abel", "Berta Bell", "Carla Abel", "Dora"]);
  });

  it("a field that does not exist is a bad request", async () => {
    await refused(intercom.contacts.search({ query: where("no_such_field", "=", "x") }), 400, "invalid_field");
  });
});
