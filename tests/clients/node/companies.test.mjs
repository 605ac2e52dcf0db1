// Companies: written, found, attached, listed, scrolled and deleted.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ids, intercom, newCompany, newUser, notFound, refused, rowsOf, truth, unique } from "./workspace.mjs";

describe("companies", () => {
  it("a company is written by its own id and found by Intercom's", async () => {
    const written = {
      company_id: unique("acme"),
      name: "Acme & Söhne",
      monthly_spend: 1200,
      size: 85,
      website: "https://acme.example",
      industry: "Lamps",
      remote_created_at: 1600000000,
    };
    const created = await intercom.companies.createOrUpdate({
      ...written,
      plan: "Team",
      custom_attributes: { renewal_month: 7 },
    });
    const found = await intercom.companies.find({ company_id: created.id });
    for (const [name, value] of Object.entries(written)) {
      assert.equal(found[name], value, name);
    }
    assert.equal(found.plan.name, "Team");
    assert.equal(found.custom_attributes.renewal_month, 7);
  });

  it("writing the same company id again changes that company", async () => {
    const first = await newCompany({ size: 10 });
    const second = await intercom.companies.createOrUpdate({ company_id: first.company_id, name: "Renamed" });
    assert.equal(second.id, first.id);
    const found = await intercom.companies.find({ company_id: first.id });
    assert.deepEqual([found.name, found.size], ["Renamed", 10]);
  });

  it("an update by Intercom's id leaves the company id alone", async () => {
    const company = await newCompany();
    const body = { name: "Updated", website: "https://u.example" };
    await intercom.companies.update({ company_id: company.id, body });
    const found = await intercom.companies.find({ company_id: company.id });
    assert.deepEqual([found.name, found.website], ["Updated", "https://u.example"]);
    assert.equal(found.company_id, company.company_id);
  });

  it("one company is retrieved by its own id and by its name", async () => {
    const company = await newCompany();
    const user = await newUser();
    await intercom.companies.attachContact({ contact_id: user.id, id: company.id });
    assert.equal((await intercom.companies.retrieve({ company_id: company.company_id })).id, company.id);
    assert.equal((await intercom.companies.retrieve({ name: company.name })).id, company.id);
  });

  it("companies are retrieved by tag and by segment", async () => {
    const company = await newCompany();
    const user = await newUser();
    await intercom.companies.attachContact({ contact_id: user.id, id: company.id });
    const tag = await intercom.tags.create({ name: unique("partner"), companies: [{ id: company.id }] });
    const tagged = await intercom.companies.retrieve({ tag_id: tag.id });
    assert.deepEqual(ids(tagged.data), [company.id]);
    const [member] = await truth("company_segments");
    const members = await intercom.companies.retrieve({ segment_id: member.segment_id, per_page: 50 });
    assert.ok(ids(members.data).includes(member.company_id));
    const segments = await intercom.companies.listAttachedSegments({ company_id: member.company_id });
    assert.ok(ids(segments.data).includes(member.segment_id));
  });

  it("a contact is attached, listed on both sides and detached", async () => {
    const company = await newCompany();
    const user = await newUser();
    const attached = await intercom.companies.attachContact({ contact_id: user.id, id: company.id });
    assert.deepEqual([attached.type, attached.id], ["company", company.id]);
    const contacts = await intercom.companies.listAttachedContacts({ company_id: company.id });
    assert.deepEqual(ids(contacts.data), [user.id]);
    assert.equal((await intercom.companies.find({ company_id: company.id })).user_count, 1);
    assert.deepEqual(ids((await intercom.contacts.find({ contact_id: user.id })).companies.data), [company.id]);
    const detached = await intercom.companies.detachContact({ contact_id: user.id, company_id: company.id });
    assert.equal(detached.id, company.id);
    assert.deepEqual((await intercom.companies.listAttachedContacts({ company_id: company.id })).data, []);
    await notFound(
      intercom.companies.detachContact({ contact_id: user.id, company_id: company.id }),
      "company_not_found",
    );
  });

  it("a company without contacts is in no list and still found", async () => {
    const company = await newCompany();
    const listed = async () => ids(await rowsOf(await intercom.companies.list({ per_page: 50 })));
    assert.ok(!(await listed()).includes(company.id));
    assert.equal((await intercom.companies.find({ company_id: company.id })).id, company.id);
    await intercom.companies.attachContact({ contact_id: (await newUser()).id, id: company.id });
    assert.ok((await listed()).includes(company.id));
  });

  it("the first page of a scroll has every company, and the used up scroll is not found", async () => {
    const page = await intercom.companies.scroll();
    const found = [...page.data];
    const used = async () => {
      while (page.hasNextPage()) {
        await page.getNextPage();
        found.push(...page.data);
      }
    };
    await notFound(used());
    assert.deepEqual(ids(found).sort(), ids(await truth("companies")).filter((id) => ids(found).includes(id)).sort());
    assert.equal(new Set(ids(found)).size, found.length);
    assert.equal(found.length, (await intercom.companies.list({ per_page: 50 })).response.total_count);
  });

  it("a deleted company is not found", async () => {
    const company = await newCompany();
    const deleted = await intercom.companies.delete({ company_id: company.id });
    assert.deepEqual({ ...deleted }, { id: company.id, object: "company", deleted: true });
    await notFound(intercom.companies.find({ company_id: company.id }), "company_not_found");
  });

  it("a key that no company has is a bad request", async () => {
    const fields = { company_id: unique("odd"), test: 1 };
    await refused(intercom.companies.createOrUpdate(fields), 400, "bad_request");
  });
});
