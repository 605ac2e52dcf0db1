// Data events: what contacts did, one by one and summed up.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { inSeconds, intercom, newLead, newUser, notFound, unique } from "./workspace.mjs";

describe("data events", () => {
  it("events of a user are read back newest first, with their metadata", async () => {
    const user = await newUser();
    const [first, second] = [inSeconds(-600), inSeconds(-300)];
    await intercom.events.create({
      event_name: "ordered",
      user_id: user.external_id,
      created_at: first,
      metadata: { order_number: "3434", price: "12" },
    });
    await intercom.events.create({ event_name: "returned", email: user.email, created_at: second });
    const list = await intercom.events.list({ type: "user", user_id: user.external_id });
    assert.equal(list.type, "event.list");
    assert.deepEqual(
      list.events.map((event) => [event.event_name, event.created_at]),
      [["returned", second], ["ordered", first]],
    );
    assert.deepEqual({ ...list.events[1].metadata }, { order_number: "3434", price: "12" });
    assert.equal(list.events[1].intercom_user_id, user.id);
    assert.equal(list.events[1].user_id, user.external_id);
    assert.equal(list.events[1].email, user.email);
  });

  it("every way to name a user finds the same events", async () => {
    const user = await newUser();
    await intercom.events.create({ event_name: "looked", user_id: user.external_id, created_at: inSeconds(-60) });
    for (const way of [{ user_id: user.external_id }, { email: user.email }, { intercom_user_id: user.id }]) {
      const { events } = await intercom.events.list({ type: "user", ...way });
      assert.deepEqual(events.map((event) => event.event_name), ["looked"]);
    }
  });

  it("a lead's event is named by its id", async () => {
    const lead = await newLead();
    await intercom.events.create({ event_name: "peeked", id: lead.id, created_at: inSeconds(-60) });
    const { events } = await intercom.events.list({ type: "user", intercom_user_id: lead.id });
    assert.deepEqual(events.map((event) => event.event_name), ["peeked"]);
  });

  it("the same event at the same second is one event", async () => {
    const user = await newUser();
    const event = { event_name: "clicked", user_id: user.external_id, created_at: inSeconds(-60) };
    await intercom.events.create(event);
    await intercom.events.create(event);
    const { events } = await intercom.events.list({ type: "user", user_id: user.external_id });
    assert.equal(events.length, 1);
  });

  it("a summary counts the events of each name", async () => {
    const user = await newUser();
    for (const [event_name, age] of [["opened", 300], ["opened", 200], ["opened", 100], ["closed", 50]]) {
      await intercom.events.create({ event_name, user_id: user.external_id, created_at: inSeconds(-age) });
    }
    const summary = await intercom.events.list({ type: "user", user_id: user.external_id, summary: true });
    assert.equal(summary.type, "event.summary");
    assert.equal(summary.intercom_user_id, user.id);
    const counts = Object.fromEntries(summary.events.map((event) => [event.name, event.count]));
    assert.deepEqual(counts, { opened: 3, closed: 1 });
  });

  it("a summary that is written is counted", async () => {
    const user = await newUser();
    const [first, last] = [inSeconds(-4000), inSeconds(-400)];
    await intercom.events.summaries({
      user_id: user.external_id,
      event_summaries: { event_name: "imported", count: 4, first, last },
    });
    const summary = await intercom.events.list({ type: "user", user_id: user.external_id, summary: true });
    const seconds = (text) => Date.parse(text) / 1000;
    assert.deepEqual(
      summary.events.map((event) => [event.name, event.count, seconds(event.first), seconds(event.last)]),
      [["imported", 4, first, last]],
    );
  });

  it("an event of nobody is not found", async () => {
    const event = { event_name: "ordered", user_id: unique("nobody"), created_at: inSeconds(-60) };
    await notFound(intercom.events.create(event));
  });
});
