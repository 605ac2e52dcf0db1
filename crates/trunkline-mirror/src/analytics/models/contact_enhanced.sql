-- A contact with the names of what belongs to them, and how much they wrote.
SELECT
    contacts.id AS contact_id,
    {contacts.external_id} AS external_id,
    {contacts.role} AS role,
    {contacts.name} AS name,
    {contacts.email} AS email,
    {contacts.phone} AS phone,
    {contacts.created_at} AS created_at,
    {contacts.updated_at} AS updated_at,
    {contacts.signed_up_at} AS signed_up_at,
    {contacts.last_seen_at} AS last_seen_at,
    {contacts.last_replied_at} AS last_replied_at,
    {contacts.country} AS country,
    {contacts.city} AS city,
    {contacts.owner_id} AS owner_id,
    (SELECT {admins.name} FROM admins WHERE admins.id = {contacts.owner_id}) AS owner_name,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({companies.name}, contact_companies.company_id) AS name
        FROM contact_companies LEFT JOIN companies ON companies.id = contact_companies.company_id
        WHERE contact_companies.contact_id = contacts.id AND contact_companies._deleted_at IS NULL
        ORDER BY 1) AS names) AS company_names,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({tags.name}, contact_tags.tag_id) AS name
        FROM contact_tags LEFT JOIN tags ON tags.id = contact_tags.tag_id
        WHERE contact_tags.contact_id = contacts.id AND contact_tags._deleted_at IS NULL
        ORDER BY 1) AS names) AS tag_names,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({segments.name}, contact_segments.segment_id) AS name
        FROM contact_segments LEFT JOIN segments ON segments.id = contact_segments.segment_id
        WHERE contact_segments.contact_id = contacts.id AND contact_segments._deleted_at IS NULL
        ORDER BY 1) AS names) AS segment_names,
    (SELECT count(*) FROM conversation_contacts
        JOIN conversations ON conversations.id = conversation_contacts.conversation_id
        WHERE conversation_contacts.contact_id = contacts.id AND conversation_contacts._deleted_at IS NULL
            AND conversations._deleted_at IS NULL) AS count_conversations
FROM contacts
WHERE contacts._deleted_at IS NULL
