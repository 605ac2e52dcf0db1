-- A company with the names of its tags and segments.
SELECT
    companies.id AS company_id,
    {companies.company_id} AS external_id,
    {companies.name} AS name,
    {companies.plan_name} AS plan_name,
    {companies.industry} AS industry,
    {companies.website} AS website,
    {companies.size} AS size,
    {companies.monthly_spend} AS monthly_spend,
    {companies.created_at} AS created_at,
    {companies.updated_at} AS updated_at,
    {companies.last_request_at} AS last_request_at,
    {companies.session_count} AS session_count,
    {companies.user_count} AS user_count,
    (SELECT count(*) FROM contact_companies
        WHERE contact_companies.company_id = companies.id AND contact_companies._deleted_at IS NULL) AS count_contacts,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({tags.name}, company_tags.tag_id) AS name
        FROM company_tags LEFT JOIN tags ON tags.id = company_tags.tag_id
        WHERE company_tags.company_id = companies.id AND company_tags._deleted_at IS NULL
        ORDER BY 1) AS names) AS tag_names,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({segments.name}, company_segments.segment_id) AS name
        FROM company_segments LEFT JOIN segments ON segments.id = company_segments.segment_id
        WHERE company_segments.company_id = companies.id AND company_segments._deleted_at IS NULL
        ORDER BY 1) AS names) AS segment_names
FROM companies
WHERE companies._deleted_at IS NULL
