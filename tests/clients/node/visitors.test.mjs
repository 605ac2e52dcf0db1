// Visitors, and how they become contacts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { intercom, newUser, notFound, truth, unique } from "./workspace.mjs";

describe("visitors", () => {
  const aVisitor = async () => (await truth("visitors")).at(-1);

  it("a visitor is found by the user id and changed by either id", async () => {
    const visitor = await aVisitor();
    const found = await intercom.visitors.find({ user_id: visitor.user_id });
    assert.deepEqual([found.type, found.id], ["visitor", visitor.id]);
    await intercom.visitors.update({ user_id: visitor.user_id, name: "Vera" });
    assert.equal((await intercom.visitors.find({ user_id: visitor.user_id })).name, "Vera");
    await intercom.visitors.update({ id: visitor.id, name: "Viola" });
    assert.equal((await intercom.visitors.find({ user_id: visitor.user_id })).name, "Viola");
    await notFound(intercom.visitors.find({ user_id: unique("nobody") }));
  });

  it("a visitor becomes a lead of the same id", async () => {
    const visitor = await aVisitor();
    const lead = await intercom.visitors.mergeToContact({
      type: "lead",
      visitor: { user_id: visitor.user_id },
      user: {},
    });
    assert.deepEqual([lead.type, lead.id, lead.role], ["contact", visitor.id, "lead"]);
    assert.equal((await intercom.contacts.find({ contact_id: visitor.id })).role, "lead");
  });

  it("a visitor goes into the user who exists", async () => {
    const visitor = await aVisitor();
    const user = await newUser();
    const merged = await intercom.visitors.mergeToContact({
      type: "user",
      visitor: { user_id: visitor.user_id },
      user: { email: user.email },
    });
    assert.deepEqual([merged.id, merged.role, merged.email], [user.id, "user", user.email]);
    await notFound(intercom.visitors.find({ user_id: visitor.user_id }));
  });
});
