// Work that is done later: tickets in a queue, and exports of reports.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { aTicketType, ids, inSeconds, intercom, newUser, notFound, settled, unique } from "./workspace.mjs";

describe("jobs", () => {
  it("a ticket of the queue exists when its job has succeeded", async () => {
    const user = await newUser();
    const type = await aTicketType();
    const title = unique("Queued");
    const job = await intercom.tickets.enqueueCreateTicket({
      ticket_type_id: type.id,
      contacts: [{ id: user.id }],
      ticket_attributes: { _default_title_: title },
    });
    assert.deepEqual([job.type, job.status, job.resource_type, job.resource_id], ["job", "pending", "ticket", null]);
    const done = await settled(() => intercom.jobs.status({ job_id: job.id }));
    assert.deepEqual([done.id, done.status], [job.id, "success"]);
    const ticket = await intercom.tickets.get({ ticket_id: done.resource_id });
    assert.equal(ticket.ticket_attributes._default_title_, title);
    assert.deepEqual(ids(ticket.contacts.contacts), [user.id]);
    await notFound(intercom.jobs.status({ job_id: "none" }), "job_not_found");
  });

  it("a report is ordered by the names of a dataset and comes to an end", async () => {
    const { data } = await intercom.export.listAvailableDatasetsAndAttributes();
    const dataset = data.find((candidate) => candidate.id === "conversation");
    const ordered = await intercom.export.enqueueANewReportingDataExportJob({
      dataset_id: dataset.id,
      attribute_ids: dataset.attributes.slice(0, 2).map((attribute) => attribute.id),
      start_time: inSeconds(-86400),
      end_time: inSeconds(60),
    });
    assert.equal(ordered.status, "pending");
    const request = { job_identifier: ordered.job_identifier, app_id: "app", client_id: "client" };
    const done = await settled(() => intercom.dataExport.exportReportingData(request));
    assert.deepEqual([done.job_identifier, done.status], [ordered.job_identifier, "complete"]);
    assert.ok(done.download_url.endsWith(`/download/reporting_data/${ordered.job_identifier}`));
    await intercom.dataExport.downloadReportingDataExport({ job_identifier: ordered.job_identifier, app_id: "app" });
  });
});
