"""Telephone calls, and the link that takes a caller to the messenger."""

import intercom as sdk
from intercom.errors import BadRequestError

from workspace import Case, ids, intercom, new_user, unique


class Calls(Case):
    def every_call_is_listed_a_page_after_the_other_and_found(self):
        everything = intercom.calls.list_calls(per_page=25)
        self.assertEqual((everything.type, everything.total_count), ("list", len(everything.data)))
        self.assertGreater(len(everything.data), 0)
        pages = range(1, len(everything.data) + 1)
        rows = [row for page in pages for row in intercom.calls.list_calls(page=page, per_page=1).data]
        self.assertEqual(ids(rows), ids(everything.data))
        for call in everything.data:
            found = intercom.calls.show_call(call.id)
            for name in ["id", "conversation_id", "contact_id", "direction", "ended_reason"]:
                self.assertEqual(getattr(found, name), getattr(call, name), name)
        self.assert_not_found(lambda: intercom.calls.show_call("1"))

    def a_call_belongs_to_a_conversation_with_its_contact(self):
        call = intercom.calls.list_calls().data[0]
        found = intercom.conversations.find(call.conversation_id)
        self.assertIn(call.contact_id, ids(found.contacts.contacts))

    def the_calls_of_conversations_come_with_what_was_said(self):
        call = intercom.calls.list_calls().data[0]
        found = intercom.calls.list_calls_with_transcripts(conversation_ids=[call.conversation_id])
        self.assertEqual(ids(found.data), [call.id])
        self.assertTrue(found.data[0].transcript)

    def what_was_said_in_a_call_is_a_plain_text(self):
        call = intercom.calls.list_calls().data[0]
        self.assertRegex(intercom.calls.show_call_transcript(call.id), r"^\[00:00:\d\d\] ")


class PhoneCallRedirects(Case):
    def a_telephone_number_gets_a_link_to_the_messenger(self):
        new_user(name=unique("Caller"), phone="+353832345678")
        request = sdk.CreatePhoneSwitchRequest(phone="+353832345678")
        redirect = intercom.phone_call_redirects.create(request=request)
        self.assertEqual((redirect.type, redirect.phone), ("phone_call_redirect", "+353832345678"))

    def what_is_no_telephone_number_is_a_bad_request_with_a_body_of_its_own_kind(self):
        request = sdk.CreatePhoneSwitchRequest(phone="not a number")
        with self.assertRaises(BadRequestError) as caught:
            intercom.phone_call_redirects.create(request=request)
        self.assertEqual(caught.exception.body["error_key"], "invalid_phone_number")
