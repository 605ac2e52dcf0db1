"""Exports of message data: ordered, looked after, called off and downloaded."""

import gzip
import urllib.request

import intercom as sdk

from workspace import TOKEN, Case, an_admin, connect, in_seconds, intercom, new_user

exports = intercom.data_export


def order(after=None, before=None):
    return exports.create(
        created_at_after=in_seconds(-80 * 86400) if after is None else after,
        created_at_before=in_seconds(60) if before is None else before,
    )


class DataExports(Case):
    @classmethod
    def setUpClass(cls):
        request = sdk.CreateMessageRequest_Inapp(
            body="A word that is exported",
            from_=sdk.CreateMessageRequestFrom(type="admin", id=int(an_admin().id)),
            to=sdk.CreateMessageRequestTo(type="user", id=new_user().id),
            create_conversation_without_contact_reply=True,
        )
        intercom.messages.create(request=request)

    def _finished(self, job):
        return self.settled(lambda: exports.find(job.job_identifier))

    def a_job_is_ordered_goes_on_and_comes_to_an_end_with_an_address_to_download_from(self):
        ordered = order()
        self.assertRegex(ordered.job_identifier, "^[a-z0-9]{16}$")
        self.assertEqual((ordered.status, ordered.download_url), ("pending", ""))
        job = self._finished(ordered)
        self.assertEqual((job.job_identifier, job.status), (ordered.job_identifier, "completed"))
        self.assertTrue(job.download_url.endswith(f"/download/content/data/{job.job_identifier}"))
        self.assertGreater(int(job.download_expires_at), in_seconds(0))

    def what_is_downloaded_is_packed_text_with_the_rows_of_the_time_that_was_asked_for(self):
        job = self._finished(order())
        # The client's own method asks and throws the answer away; the file itself comes from the address of the job.
        exports.download(job.job_identifier)
        headers = {"Accept": "application/octet-stream", "Authorization": f"Bearer {TOKEN}"}
        with urllib.request.urlopen(urllib.request.Request(job.download_url, headers=headers)) as answer:
            content = answer.read()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
        self.assertIn("user_id", text)

    def a_second_job_while_one_is_running_is_refused_and_a_job_that_is_called_off_makes_room(self):
        first = order()
        with self.assertRaises(sdk.core.api_error.ApiError) as caught:
            order()
        self.assertEqual(caught.exception.status_code, 429)
        canceled = exports.cancel(first.job_identifier)
        self.assertEqual((canceled.job_identifier, canceled.status), (first.job_identifier, "canceled"))
        self.assertEqual(exports.find(first.job_identifier).status, "canceled")
        self.assertEqual(self._finished(order()).status, "completed")

    def a_time_in_which_nothing_happened_has_no_data(self):
        self.assertEqual(self._finished(order(1000, 2000)).status, "no_data")

    def a_time_that_ends_before_it_begins_is_a_bad_request(self):
        self.assert_refused(400, "bad_request", lambda: order(2000, 1000))

    def a_wrong_token_cannot_download(self):
        job = self._finished(order())
        stranger = connect(token="stolen").data_export
        with self.assertRaises(sdk.core.api_error.ApiError) as caught:
            stranger.download(job.job_identifier)
        self.assertEqual(caught.exception.status_code, 401)
