-- A conversation with names in place of ids.
SELECT
    conversations.id AS conversation_id,
    {conversations.title} AS title,
    {conversations.created_at} AS created_at,
    {conversations.updated_at} AS updated_at,
    {conversations.state} AS state,
    {conversations.priority} AS priority,
    {conversations.waiting_since} AS waiting_since,
    {conversations.snoozed_until} AS snoozed_until,
    {conversations.channel_initial} AS channel_initial,
    {conversations.channel_current} AS channel_current,
    {conversations.source_type} AS source_type,
    {conversations.source_delivered_as} AS source_delivered_as,
    {conversations.source_subject} AS subject,
    {conversations.source_body_text} AS first_message,
    {conversations.source_author_type} AS author_type,
    {conversations.source_author_id} AS author_id,
    {conversations.source_author_name} AS author_name,
    {conversations.source_author_email} AS author_email,
    NULLIF({conversations.admin_assignee_id}, '0') AS admin_assignee_id,
    (SELECT {admins.name} FROM admins WHERE admins.id = {conversations.admin_assignee_id}) AS admin_assignee_name,
    NULLIF({conversations.team_assignee_id}, '0') AS team_assignee_id,
    (SELECT {teams.name} FROM teams WHERE teams.id = {conversations.team_assignee_id}) AS team_assignee_name,
    {conversations.company_id} AS company_id,
    (SELECT {companies.name} FROM companies WHERE companies.id = {conversations.company_id}) AS company_name,
    {conversations.rating} AS rating,
    {conversations.rating_remark} AS rating_remark,
    {conversations.rating_created_at} AS rating_created_at,
    {conversations.rating_teammate_id} AS rating_teammate_id,
    (SELECT {admins.name} FROM admins WHERE admins.id = {conversations.rating_teammate_id}) AS rating_teammate_name,
    {conversations.last_close_at} AS last_close_at,
    {conversations.last_closed_by_id} AS last_closed_by_id,
    (SELECT {admins.name} FROM admins WHERE admins.id = {conversations.last_closed_by_id}) AS last_closed_by_name,
    {conversations.sla_name} AS sla_name,
    {conversations.sla_status} AS sla_status,
    {conversations.ai_agent_participated} AS ai_agent_participated,
    {conversations.ai_agent_resolution_state} AS ai_agent_resolution_state,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({tags.name}, conversation_tags.tag_id) AS name
        FROM conversation_tags LEFT JOIN tags ON tags.id = conversation_tags.tag_id
        WHERE conversation_tags.conversation_id = conversations.id AND conversation_tags._deleted_at IS NULL
        ORDER BY 1) AS names) AS tag_names,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({contacts.name}, {contacts.email}, conversation_contacts.contact_id) AS name
        FROM conversation_contacts LEFT JOIN contacts ON contacts.id = conversation_contacts.contact_id
        WHERE conversation_contacts.conversation_id = conversations.id AND conversation_contacts._deleted_at IS NULL
        ORDER BY 1) AS names) AS contact_names
FROM conversations
WHERE conversations._deleted_at IS NULL
