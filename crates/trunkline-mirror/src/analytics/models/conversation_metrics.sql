-- How long a conversation took, and how often what happened in it.
SELECT
    told.conversation_id,
    told.created_at,
    told.state,
    told.begun_by,
    told.admin_assignee_id,
    told.team_assignee_id,
    told.company_id,
    told.rating,
    told.rating_teammate_id,
    told.is_complete,
    told.count_parts,
    told.count_contact_messages,
    told.count_answers,
    told.count_notes,
    told.count_assignments,
    told.count_reopens,
    told.asked_at,
    told.first_assignment_at,
    told.last_assignment_at,
    told.first_response_at,
    (SELECT conversation_parts.author_id FROM conversation_parts
        WHERE conversation_parts.conversation_id = told.conversation_id
            AND conversation_parts._deleted_at IS NULL
            AND {conversation_parts.created_at} = told.first_response_at AND {ANSWER}
        ORDER BY length(conversation_parts.id), conversation_parts.id LIMIT 1) AS first_response_admin_id,
    told.first_close_at,
    told.first_admin_close_at,
    told.last_close_at,
    (SELECT {conversation_parts.author_type} FROM conversation_parts
        WHERE conversation_parts.conversation_id = told.conversation_id
            AND conversation_parts._deleted_at IS NULL
            AND {conversation_parts.created_at} = told.last_close_at AND {conversation_parts.part_type} = 'close'
        ORDER BY length(conversation_parts.id) DESC, conversation_parts.id DESC LIMIT 1) AS last_close_by_type,
    COALESCE(
        (SELECT {conversation_parts.author_id} FROM conversation_parts
            WHERE conversation_parts.conversation_id = told.conversation_id
                AND conversation_parts._deleted_at IS NULL
                AND {conversation_parts.created_at} = told.last_close_at AND {conversation_parts.part_type} = 'close'
            ORDER BY length(conversation_parts.id) DESC, conversation_parts.id DESC LIMIT 1),
        told.last_closed_by_id) AS last_close_by_id,
    told.resolved_at,
    {minutes told.created_at | told.first_assignment_at} AS minutes_to_first_assignment,
    {minutes told.created_at | told.last_assignment_at} AS minutes_to_last_assignment,
    {minutes told.asked_at | told.first_response_at} AS minutes_to_first_response,
    {minutes told.created_at | told.first_close_at} AS minutes_to_first_close,
    {minutes told.created_at | told.first_admin_close_at} AS minutes_to_first_admin_close,
    {minutes told.created_at | told.last_close_at} AS minutes_to_last_close,
    {minutes told.created_at | told.resolved_at} AS minutes_to_resolution,
    office.schedule_id AS office_hours_schedule_id,
    office.to_first_response AS office_minutes_to_first_response,
    office.to_first_close AS office_minutes_to_first_close,
    office.to_resolution AS office_minutes_to_resolution
FROM (
    SELECT
        timed.*,
        CASE WHEN timed.begun_by = 'contact' OR timed.is_complete = 0 THEN timed.first_answer_at
            -- We wrote first: what counts is the first answer to what the contact wrote.
            ELSE (SELECT min({conversation_parts.created_at}) FROM conversation_parts
                WHERE conversation_parts.conversation_id = timed.conversation_id
                    AND conversation_parts._deleted_at IS NULL
                    AND {conversation_parts.created_at} >= timed.asked_at AND {ANSWER})
            END AS first_response_at,
        CASE WHEN timed.state = 'closed' THEN timed.last_close_at END AS resolved_at
    FROM (
        SELECT
            counted.conversation_id,
            counted.created_at,
            counted.state,
            counted.begun_by,
            counted.admin_assignee_id,
            counted.team_assignee_id,
            counted.company_id,
            counted.rating,
            counted.rating_teammate_id,
            counted.last_closed_by_id,
            counted.is_complete,
            counted.count_parts,
            counted.count_contact_messages,
            counted.count_answers,
            counted.count_notes,
            CASE WHEN counted.is_complete = 1 THEN counted.count_assignments
                ELSE COALESCE(counted.stated_assignments, counted.count_assignments) END AS count_assignments,
            CASE WHEN counted.is_complete = 1 THEN counted.count_reopens
                ELSE COALESCE(counted.stated_reopens, counted.count_reopens) END AS count_reopens,
            CASE WHEN counted.begun_by = 'contact' THEN counted.created_at
                WHEN counted.is_complete = 1 THEN counted.first_contact_at
                ELSE COALESCE(counted.stated_contact_at, counted.first_contact_at) END AS asked_at,
            CASE WHEN counted.is_complete = 1 THEN counted.first_assignment_at
                ELSE COALESCE(counted.stated_first_assignment_at, counted.first_assignment_at) END AS first_assignment_at,
            CASE WHEN counted.is_complete = 1 THEN counted.last_assignment_at
                ELSE COALESCE(counted.stated_last_assignment_at, counted.last_assignment_at) END AS last_assignment_at,
            CASE WHEN counted.is_complete = 1 THEN counted.first_answer_at
                ELSE COALESCE(counted.stated_answer_at, counted.first_answer_at) END AS first_answer_at,
            CASE WHEN counted.is_complete = 1 THEN counted.first_close_at
                ELSE COALESCE(counted.stated_first_close_at, counted.first_close_at) END AS first_close_at,
            counted.first_admin_close_at,
            COALESCE(counted.last_close_at, counted.stated_last_close_at) AS last_close_at
        FROM (
            -- A conversation is one row of its table, and stands beside each of its parts.
            SELECT
                conversations.id AS conversation_id,
                {own conversations.created_at} AS created_at,
                {own conversations.state} AS state,
                CASE WHEN {own conversations.source_author_type} IN ('user', 'lead', 'contact', 'visitor') THEN 'contact'
                    ELSE COALESCE({own conversations.source_author_type}, 'unknown') END AS begun_by,
                NULLIF({own conversations.admin_assignee_id}, '0') AS admin_assignee_id,
                NULLIF({own conversations.team_assignee_id}, '0') AS team_assignee_id,
                {own conversations.company_id} AS company_id,
                {own conversations.rating} AS rating,
                {own conversations.rating_teammate_id} AS rating_teammate_id,
                {own conversations.last_closed_by_id} AS last_closed_by_id,
                {own conversations.count_assignments} AS stated_assignments,
                {own conversations.count_reopens} AS stated_reopens,
                {own conversations.first_contact_reply_at} AS stated_contact_at,
                {own conversations.first_assignment_at} AS stated_first_assignment_at,
                {own conversations.last_assignment_at} AS stated_last_assignment_at,
                {own conversations.first_admin_reply_at} AS stated_answer_at,
                {own conversations.first_close_at} AS stated_first_close_at,
                {own conversations.last_close_at} AS stated_last_close_at,
                -- The stated count has the first message in it.
                CASE WHEN COALESCE({own conversations.count_conversation_parts}, 0) <= count(conversation_parts.id) + 1
                    THEN 1 ELSE 0 END AS is_complete,
                count(conversation_parts.id) AS count_parts,
                sum(CASE WHEN {FROM_CONTACT} THEN 1 ELSE 0 END)
                    + CASE WHEN {own conversations.source_author_type} IN ('user', 'lead', 'contact', 'visitor') THEN 1
                        ELSE 0 END AS count_contact_messages,
                sum(CASE WHEN {ANSWER} THEN 1 ELSE 0 END) AS count_answers,
                sum(CASE WHEN {conversation_parts.part_type} LIKE 'note%' THEN 1 ELSE 0 END) AS count_notes,
                sum(CASE WHEN {ASSIGNMENT} THEN 1 ELSE 0 END) AS count_assignments,
                sum(CASE WHEN {REOPENING} THEN 1 ELSE 0 END) AS count_reopens,
                min(CASE WHEN {FROM_CONTACT} THEN {conversation_parts.created_at} END) AS first_contact_at,
                min(CASE WHEN {ASSIGNMENT} THEN {conversation_parts.created_at} END) AS first_assignment_at,
                max(CASE WHEN {ASSIGNMENT} THEN {conversation_parts.created_at} END) AS last_assignment_at,
                min(CASE WHEN {ANSWER} THEN {conversation_parts.created_at} END) AS first_answer_at,
                min(CASE WHEN {conversation_parts.part_type} = 'close' THEN {conversation_parts.created_at} END)
                    AS first_close_at,
                min(CASE WHEN {conversation_parts.part_type} = 'close' AND {conversation_parts.author_type} = 'admin'
                    THEN {conversation_parts.created_at} END) AS first_admin_close_at,
                max(CASE WHEN {conversation_parts.part_type} = 'close' THEN {conversation_parts.created_at} END)
                    AS last_close_at
            FROM conversations
            LEFT JOIN conversation_parts ON conversation_parts.conversation_id = conversations.id
                AND conversation_parts._deleted_at IS NULL
            WHERE conversations._deleted_at IS NULL
            GROUP BY conversations.id
        ) AS counted
    ) AS timed
) AS told
LEFT JOIN _trunkline_office_minutes AS office ON office.conversation_id = told.conversation_id
