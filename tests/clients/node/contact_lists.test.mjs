// What hangs on a contact: tags, companies, segments, subscriptions and notes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { anAdmin, ids, intercom, newCompany, newUser, notFound, rowsOf, truth, unique } from "./workspace.mjs";

describe("lists of a contact", () => {
  it("a tag is attached, listed and detached", async () => {
    const user = await newUser();
    const tag = await intercom.tags.create({ name: unique("listed") });
    const attached = await intercom.tags.tagContact({ contact_id: user.id, id: tag.id });
    assert.deepEqual([attached.type, attached.id, attached.name], ["tag", tag.id, tag.name]);
    const listed = await intercom.contacts.listAttachedTags({ contact_id: user.id });
    assert.deepEqual(listed.data.map(({ id, name }) => [id, name]), [[tag.id, tag.name]]);
    const shown = await intercom.contacts.find({ contact_id: user.id });
    assert.equal(shown.tags.total_count, 1);
    assert.deepEqual(ids(shown.tags.data), [tag.id]);
    const detached = await intercom.tags.untagContact({ contact_id: user.id, tag_id: tag.id });
    assert.equal(detached.id, tag.id);
    assert.deepEqual((await intercom.contacts.listAttachedTags({ contact_id: user.id })).data, []);
  });

  it("the companies are under data, where the client's pager does not look", async () => {
    const user = await newUser();
    const company = await newCompany();
    await intercom.companies.attachContact({ contact_id: user.id, id: company.id });
    const page = await intercom.contacts.listAttachedCompanies({ contact_id: user.id });
    assert.deepEqual(ids(page.response.data), [company.id]);
    assert.equal(page.response.data[0].name, company.name);
    assert.equal(page.response.total_count, 1);
    const found = await rowsOf(page);
    assert.deepEqual(ids(found), page.response.companies === undefined ? [] : [company.id]);
  });

  it("a segment of a contact is one of the workspace", async () => {
    const [member] = await truth("contact_segments");
    const contact = member.contact_id ?? member.contact?.id ?? member.id;
    const segments = await intercom.contacts.listAttachedSegments({ contact_id: contact });
    assert.ok(segments.data.length > 0);
    for (const segment of segments.data) {
      const found = await intercom.segments.find({ segment_id: segment.id });
      assert.equal(found.name, segment.name);
    }
  });

  it("an opt-in subscription is listed after it is attached and not after it is detached", async () => {
    const user = await newUser();
    const types = (await intercom.subscriptionTypes.list()).data;
    const optIn = types.find((type) => type.consent_type === "opt_in");
    const attached = await intercom.contacts.attachSubscription({
      contact_id: user.id,
      id: optIn.id,
      consent_type: "opt_in",
    });
    assert.deepEqual([attached.type, attached.id], ["subscription", optIn.id]);
    const listed = async () => ids((await intercom.contacts.listAttachedSubscriptions({ contact_id: user.id })).data);
    assert.deepEqual(await listed(), [optIn.id]);
    await intercom.contacts.detachSubscription({ contact_id: user.id, subscription_id: optIn.id });
    assert.deepEqual(await listed(), []);
  });

  it("an opt-out subscription is listed when the contact opts out of it", async () => {
    const user = await newUser();
    const optOut = (await intercom.subscriptionTypes.list()).data.find((type) => type.consent_type === "opt_out");
    await intercom.contacts.attachSubscription({ contact_id: user.id, id: optOut.id, consent_type: "opt_out" });
    const listed = await intercom.contacts.listAttachedSubscriptions({ contact_id: user.id });
    assert.deepEqual(ids(listed.data), [optOut.id]);
  });

  it("a note is written, found and listed newest first", async () => {
    const user = await newUser();
    const admin = await anAdmin();
    const first = await intercom.notes.create({ contact_id: user.id, body: "Likes tea", admin_id: admin.id });
    const second = await intercom.notes.create({ contact_id: user.id, body: "Dislikes calls", admin_id: admin.id });
    assert.equal(first.type, "note");
    assert.equal(first.body, "<p>Likes tea</p>");
    assert.equal(first.author.id, admin.id);
    assert.equal(first.contact.id, user.id);
    const found = await intercom.notes.find({ note_id: Number(first.id) });
    assert.deepEqual([found.id, found.body], [first.id, first.body]);
    const listed = await rowsOf(await intercom.notes.list({ contact_id: user.id }));
    assert.deepEqual(ids(listed), [second.id, first.id]);
    await notFound(intercom.notes.find({ note_id: 999999999 }));
  });
});
