// Exports of message data: ordered, looked after, called off and downloaded.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";

import { anAdmin, connect, inSeconds, intercom, newUser, refused, settled, token } from "./workspace.mjs";

const lastMonths = () => ({ created_at_after: inSeconds(-80 * 86400), created_at_before: inSeconds(60) });

const finished = (job_identifier) => settled(() => intercom.dataExport.find({ job_identifier }));

describe("data exports", () => {
  before(async () => {
    const admin = await anAdmin();
    const user = await newUser();
    await intercom.messages.create({
      message_type: "inapp",
      body: "A word that is exported",
      from: { type: "admin", id: Number(admin.id) },
      to: { type: "user", id: user.id },
      create_conversation_without_contact_reply: true,
    });
  });

  it("a job is ordered, goes on and comes to an end with an address to download from", async () => {
    const ordered = await intercom.dataExport.create(lastMonths());
    assert.match(ordered.job_identifier, /^[a-z0-9]{16}$/);
    assert.deepEqual([ordered.status, ordered.download_url], ["pending", ""]);
    const job = await finished(ordered.job_identifier);
    assert.deepEqual([job.job_identifier, job.status], [ordered.job_identifier, "completed"]);
    assert.ok(job.download_url.endsWith(`/download/content/data/${job.job_identifier}`), job.download_url);
    assert.ok(Number(job.download_expires_at) > inSeconds(0));
  });

  it("what is downloaded is packed text with the rows of the time that was asked for", async () => {
    const ordered = await intercom.dataExport.create(lastMonths());
    const job = await finished(ordered.job_identifier);
    // The client's own method asks and throws the answer away; the file itself comes from the address of the job.
    await intercom.dataExport.download({ job_identifier: job.job_identifier });
    const answer = await fetch(job.download_url, {
      headers: { accept: "application/octet-stream", authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 200);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = bytes.subarray(0, 2).toString("hex") === "1f8b" ? gunzipSync(bytes).toString() : bytes.toString();
    assert.ok(text.length > 0);
    assert.match(text, /user_id/);
  });

  it("a second job while one is running is refused, and a job that is called off makes room", async () => {
    const first = await intercom.dataExport.create(lastMonths());
    await assert.rejects(intercom.dataExport.create(lastMonths()), (error) => error.statusCode === 429);
    const canceled = await intercom.dataExport.cancel({ job_identifier: first.job_identifier });
    assert.deepEqual([canceled.job_identifier, canceled.status], [first.job_identifier, "canceled"]);
    const found = await intercom.dataExport.find({ job_identifier: first.job_identifier });
    assert.equal(found.status, "canceled");
    const second = await intercom.dataExport.create(lastMonths());
    assert.equal((await finished(second.job_identifier)).status, "completed");
  });

  it("a time in which nothing happened has no data", async () => {
    const ordered = await intercom.dataExport.create({ created_at_after: 1000, created_at_before: 2000 });
    assert.equal((await finished(ordered.job_identifier)).status, "no_data");
  });

  it("a time that ends before it begins is a bad request, and so is one without an end", async () => {
    const backwards = { created_at_after: 2000, created_at_before: 1000 };
    await refused(intercom.dataExport.create(backwards), 400, "bad_request");
    await refused(intercom.dataExport.create({ created_at_after: 1000 }), 400, "bad_request");
  });

  it("a wrong token cannot download", async () => {
    const ordered = await intercom.dataExport.create(lastMonths());
    const job = await finished(ordered.job_identifier);
    const call = connect({ token: "stolen" }).dataExport.download({ job_identifier: job.job_identifier });
    await assert.rejects(call, (error) => error.statusCode === 401);
  });
});
