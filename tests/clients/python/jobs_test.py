"""Work that is done later: tickets in a queue, and exports of reports."""

import intercom as sdk

from workspace import Case, a_ticket_type, ids, in_seconds, intercom, new_user, unique


class Jobs(Case):
    def a_ticket_of_the_queue_exists_when_its_job_has_succeeded(self):
        user, title = new_user(), unique("Queued")
        job = intercom.tickets.enqueue_create_ticket(
            ticket_type_id=a_ticket_type().id,
            contacts=[sdk.CreateTicketRequestContactsItemId(id=user.id)],
            request_options={"additional_body_parameters": {"ticket_attributes": {"_default_title_": title}}},
        )
        self.assertEqual((job.type, job.status), ("job", "pending"))
        self.assertEqual((job.resource_type, job.resource_id), ("ticket", None))
        done = self.settled(lambda: intercom.jobs.status(job.id))
        self.assertEqual((done.id, done.status), (job.id, "success"))
        ticket = intercom.tickets.get(done.resource_id)
        self.assertEqual(ticket.ticket_attributes["_default_title_"], title)
        self.assertEqual(ids(ticket.contacts.contacts), [user.id])
        self.assert_not_found(lambda: intercom.jobs.status("none"), "job_not_found")

    def a_report_is_ordered_by_the_names_of_a_dataset_and_comes_to_an_end(self):
        datasets = intercom.export.list_available_datasets_and_attributes().data
        dataset = next(candidate for candidate in datasets if candidate.id == "conversation")
        ordered = intercom.export.enqueue_a_new_reporting_data_export_job(
            dataset_id=dataset.id,
            attribute_ids=[attribute.id for attribute in dataset.attributes[:2]],
            start_time=in_seconds(-86400),
            end_time=in_seconds(60),
        )
        self.assertEqual(ordered.status, "pending")
        job = ordered.job_identifier
        exports = intercom.data_export
        done = self.settled(lambda: exports.export_reporting_data(job, app_id="app", client_id="client"))
        self.assertEqual((done.job_identifier, done.status), (job, "complete"))
        self.assertTrue(done.download_url.endswith(f"/download/reporting_data/{job}"))
        exports.download_reporting_data_export(job, app_id="app")
