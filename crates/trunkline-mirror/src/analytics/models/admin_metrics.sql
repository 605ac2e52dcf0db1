-- What a teammate did: first responses that they gave, conversations that they closed last, ratings that they got.
SELECT
    admins.id AS admin_id,
    {admins.name} AS name,
    {admins.email} AS email,
    {admins.job_title} AS job_title,
    (SELECT {list names.name} FROM (
        SELECT COALESCE({teams.name}, team_admins.team_id) AS name
        FROM team_admins LEFT JOIN teams ON teams.id = team_admins.team_id
        WHERE team_admins.admin_id = admins.id AND team_admins._deleted_at IS NULL
        ORDER BY 1) AS names) AS team_names,
    COALESCE(assigned.conversations, 0) AS count_assigned,
    COALESCE(assigned.not_closed, 0) AS count_assigned_not_closed,
    COALESCE(answered.conversations, 0) AS count_first_responses,
    answered.average_minutes AS average_minutes_to_first_response,
    answered.median_minutes AS median_minutes_to_first_response,
    COALESCE(closed.conversations, 0) AS count_closed,
    closed.average_minutes AS average_minutes_to_resolution,
    closed.median_minutes AS median_minutes_to_resolution,
    COALESCE(rated.ratings, 0) AS count_ratings,
    rated.average_rating
FROM admins
LEFT JOIN (
    SELECT {conversations.admin_assignee_id} AS admin_id, count(*) AS conversations,
        sum(CASE WHEN {conversations.state} = 'closed' THEN 0 ELSE 1 END) AS not_closed
    FROM conversations WHERE conversations._deleted_at IS NULL GROUP BY 1
) AS assigned ON assigned.admin_id = admins.id
LEFT JOIN (
    SELECT ranked.admin_id, count(*) AS conversations, avg(ranked.minutes) AS average_minutes,
        avg(CASE WHEN ranked.place * 2 BETWEEN ranked.places AND ranked.places + 2 THEN ranked.minutes END) AS median_minutes
    FROM (
        SELECT metrics.first_response_admin_id AS admin_id, metrics.minutes_to_first_response AS minutes,
            count(*) OVER (PARTITION BY metrics.first_response_admin_id) AS places,
            row_number() OVER (PARTITION BY metrics.first_response_admin_id ORDER BY metrics.minutes_to_first_response) AS place
        FROM conversation_metrics AS metrics
        WHERE metrics.minutes_to_first_response IS NOT NULL AND metrics.first_response_admin_id IS NOT NULL
    ) AS ranked
    GROUP BY ranked.admin_id
) AS answered ON answered.admin_id = admins.id
LEFT JOIN (
    SELECT ranked.admin_id, count(*) AS conversations, avg(ranked.minutes) AS average_minutes,
        avg(CASE WHEN ranked.place * 2 BETWEEN ranked.places AND ranked.places + 2 THEN ranked.minutes END) AS median_minutes
    FROM (
        SELECT metrics.last_close_by_id AS admin_id, metrics.minutes_to_resolution AS minutes,
            count(*) OVER (PARTITION BY metrics.last_close_by_id) AS places,
            row_number() OVER (PARTITION BY metrics.last_close_by_id ORDER BY metrics.minutes_to_resolution) AS place
        FROM conversation_metrics AS metrics
        WHERE metrics.minutes_to_resolution IS NOT NULL AND metrics.last_close_by_id IS NOT NULL
    ) AS ranked
    GROUP BY ranked.admin_id
) AS closed ON closed.admin_id = admins.id
LEFT JOIN (
    SELECT {conversations.rating_teammate_id} AS admin_id, count({conversations.rating}) AS ratings,
        avg(CAST({conversations.rating} AS DOUBLE PRECISION)) AS average_rating
    FROM conversations WHERE conversations._deleted_at IS NULL GROUP BY 1
) AS rated ON rated.admin_id = admins.id
WHERE admins._deleted_at IS NULL
