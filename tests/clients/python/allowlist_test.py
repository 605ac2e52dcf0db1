"""The addresses that may call."""

from workspace import Case, intercom

allowlist = intercom.ip_allowlist


class Allowlist(Case):
    def a_list_with_the_caller_in_it_is_kept_and_read_back_and_is_switched_off_again(self):
        addresses = ["127.0.0.1", "192.0.2.0/24"]
        allowlist.update_ip_allowlist(enabled=True, ip_allowlist=addresses)
        kept = allowlist.get_ip_allowlist()
        self.assertEqual((kept.type, kept.enabled, kept.ip_allowlist), ("ip_allowlist", True, addresses))
        allowlist.update_ip_allowlist(enabled=False, ip_allowlist=[])
        self.assertFalse(allowlist.get_ip_allowlist().enabled)

    def a_list_that_would_lock_the_caller_out_is_not_accepted(self):
        self.assert_refused(
            422,
            "parameter_invalid",
            lambda: allowlist.update_ip_allowlist(enabled=True, ip_allowlist=["192.0.2.1"]),
        )
