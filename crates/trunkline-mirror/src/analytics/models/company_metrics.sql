-- What the conversations of a company took. They are those that name it, and those of its contacts that name none.
SELECT
    companies.id AS company_id,
    {companies.name} AS name,
    COALESCE(summed.count_conversations, 0) AS count_conversations,
    COALESCE(summed.count_not_closed, 0) AS count_not_closed,
    COALESCE(summed.count_closed, 0) AS count_closed,
    COALESCE(summed.count_answered, 0) AS count_answered,
    COALESCE(summed.count_reopens, 0) AS count_reopens,
    summed.first_conversation_at,
    summed.last_conversation_at,
    COALESCE(summed.count_ratings, 0) AS count_ratings,
    summed.average_rating,
    summed.average_minutes_to_first_response,
    summed.median_minutes_to_first_response,
    summed.average_minutes_to_resolution,
    summed.median_minutes_to_resolution
FROM companies
LEFT JOIN (
    SELECT
        ranked.company_id,
        count(*) AS count_conversations,
        sum(CASE WHEN ranked.state = 'closed' THEN 0 ELSE 1 END) AS count_not_closed,
        sum(CASE WHEN ranked.state = 'closed' THEN 1 ELSE 0 END) AS count_closed,
        count(ranked.minutes_to_first_response) AS count_answered,
        sum(ranked.count_reopens) AS count_reopens,
        min(ranked.created_at) AS first_conversation_at,
        max(ranked.created_at) AS last_conversation_at,
        count(ranked.rating) AS count_ratings,
        avg(CAST(ranked.rating AS DOUBLE PRECISION)) AS average_rating,
        avg(ranked.minutes_to_first_response) AS average_minutes_to_first_response,
        avg(CASE WHEN ranked.response_place * 2 BETWEEN ranked.responses AND ranked.responses + 2
            THEN ranked.minutes_to_first_response END) AS median_minutes_to_first_response,
        avg(ranked.minutes_to_resolution) AS average_minutes_to_resolution,
        avg(CASE WHEN ranked.resolution_place * 2 BETWEEN ranked.resolutions AND ranked.resolutions + 2
            THEN ranked.minutes_to_resolution END) AS median_minutes_to_resolution
    FROM (
        SELECT
            belonging.company_id,
            metrics.state,
            metrics.created_at,
            metrics.rating,
            metrics.count_reopens,
            metrics.minutes_to_first_response,
            metrics.minutes_to_resolution,
            count(metrics.minutes_to_first_response) OVER (PARTITION BY belonging.company_id) AS responses,
            row_number() OVER (PARTITION BY belonging.company_id ORDER BY
                CASE WHEN metrics.minutes_to_first_response IS NULL THEN 1 ELSE 0 END,
                metrics.minutes_to_first_response) AS response_place,
            count(metrics.minutes_to_resolution) OVER (PARTITION BY belonging.company_id) AS resolutions,
            row_number() OVER (PARTITION BY belonging.company_id ORDER BY
                CASE WHEN metrics.minutes_to_resolution IS NULL THEN 1 ELSE 0 END,
                metrics.minutes_to_resolution) AS resolution_place
        FROM (
            SELECT conversations.id AS conversation_id, {conversations.company_id} AS company_id
            FROM conversations WHERE {conversations.company_id} IS NOT NULL
            UNION
            SELECT conversation_contacts.conversation_id, contact_companies.company_id
            FROM conversation_contacts
            JOIN conversations ON conversations.id = conversation_contacts.conversation_id
            JOIN contact_companies ON contact_companies.contact_id = conversation_contacts.contact_id
            WHERE {conversations.company_id} IS NULL AND conversation_contacts._deleted_at IS NULL
                AND contact_companies._deleted_at IS NULL
        ) AS belonging
        JOIN conversation_metrics AS metrics ON metrics.conversation_id = belonging.conversation_id
    ) AS ranked
    GROUP BY ranked.company_id
) AS summed ON summed.company_id = companies.id
WHERE companies._deleted_at IS NULL
