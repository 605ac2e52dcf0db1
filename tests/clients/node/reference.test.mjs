// What can only be read: segments and subscription types.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ids, intercom, notFound, truth } from "./workspace.mjs";

describe("segments", () => {
  it("every segment is listed, with its size when that is asked for, and found", async () => {
    const { segments, type } = await intercom.segments.list();
    assert.equal(type, "segment.list");
    assert.deepEqual(ids(segments), ids(await truth("segments")));
    assert.ok(segments.every((segment) => segment.count === undefined || segment.count === null));
    const counted = (await intercom.segments.list({ include_count: true })).segments;
    assert.ok(counted.every((segment) => Number.isInteger(segment.count)));
    for (const segment of segments) {
      const found = await intercom.segments.find({ segment_id: segment.id });
      assert.deepEqual([found.name, found.person_type], [segment.name, segment.person_type]);
    }
    await notFound(intercom.segments.find({ segment_id: "65128165c6112e3500009999" }));
  });
});

describe("subscription types", () => {
  it("every type is listed with its consent and its text", async () => {
    const types = await intercom.subscriptionTypes.list();
    assert.deepEqual(ids(types.data), ids(await truth("subscription_types")));
    for (const type of types.data) {
      assert.equal(type.type, "subscription");
      assert.ok(["opt_in", "opt_out"].includes(type.consent_type));
      assert.equal(type.default_translation.locale, "en");
    }
  });
});
