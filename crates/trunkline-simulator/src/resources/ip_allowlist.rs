//! The addresses that may call the API (facts 2.5). The pipeline keeps the others out.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::Handler;
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, lists::IpAllowlist},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("ip_allowlist.get", Handler::Read(get)),
    ("ip_allowlist.update", Handler::Write(update)),
];

/// Whether a caller from this address is let in.
pub(crate) fn admits(list: &IpAllowlist, caller: IpAddr) -> bool {
    !list.enabled
        || list.entries.is_empty()
        || list
            .entries
            .iter()
            .filter_map(|entry| network(entry))
            .any(|network| network.contains(&caller))
}

/// An IPv4 address or network.
fn network(text: &str) -> Option<ipnet::IpNet> {
    let network = text
        .parse::<ipnet::Ipv4Net>()
        .ok()
        .or_else(|| text.parse::<std::net::Ipv4Addr>().ok().map(ipnet::Ipv4Net::from))?;
    Some(network.into())
}

fn shown(list: &IpAllowlist) -> Reply {
    Reply::json(&json!({ "type": "ip_allowlist", "enabled": list.enabled, "ip_allowlist": list.entries }))
}

fn get(workspace: &Workspace, _: &Request<'_>) -> Answer {
    Ok(shown(&workspace.reference.lists.ip_allowlist))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let mut asked = workspace.reference.lists.ip_allowlist.clone();
    if let Some(enabled) = request.body["enabled"].as_bool() {
        asked.enabled = enabled;
    }
    if let Some(entries) = request.body["ip_allowlist"].as_array() {
        asked.entries = entries
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
    }
    let invalid = |message: String| Err(Refusal::new(422, "parameter_invalid", message));
    if let Some(entry) = asked.entries.iter().find(|entry| network(entry).is_none()) {
        return invalid(format!("{entry} is not an IPv4 address or a CIDR block"));
    }
    if !admits(&asked, request.caller) {
        return invalid(format!(
            "Your IP ({}) is not on the allowlist. Saving would lock you out of this workspace.",
            request.caller
        ));
    }
    workspace.reference.lists.ip_allowlist = asked;
    workspace.changed();
    Ok(shown(&workspace.reference.lists.ip_allowlist))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_enabled_list_with_entries_keeps_anybody_out() {
        for (enabled, entries, expected) in [
            (false, vec!["10.0.0.1"], true),
            (true, vec![], true),
            (true, vec!["10.0.0.1"], false),
            (true, vec!["192.168.1.0/24"], true),
            (true, vec!["10.0.0.1", "192.168.1.7"], true),
        ] {
            let list = IpAllowlist {
                enabled,
                entries: entries.iter().map(|entry| (*entry).to_owned()).collect(),
            };
            let caller = IpAddr::from([192, 168, 1, 7]);
            assert_eq!(admits(&list, caller), expected, "{enabled} {entries:?}");
        }
        assert!(network("::1").is_none() && network("10.0.0.0/33").is_none());
    }
}
