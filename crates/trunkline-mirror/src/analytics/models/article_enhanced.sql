-- An article with its author, and the collection and help center that it stands in. One in several stands in the first.
SELECT
    articles.id AS article_id,
    {articles.title} AS title,
    {articles.description} AS description,
    {articles.state} AS state,
    {articles.url} AS url,
    {articles.default_locale} AS default_locale,
    {articles.created_at} AS created_at,
    {articles.updated_at} AS updated_at,
    {articles.author_id} AS author_id,
    (SELECT {admins.name} FROM admins WHERE admins.id = {articles.author_id}) AS author_name,
    (SELECT {admins.email} FROM admins WHERE admins.id = {articles.author_id}) AS author_email,
    collections.id AS collection_id,
    {collections.name} AS collection_name,
    (SELECT {above.collections.name} FROM collections AS above WHERE above.id = {collections.parent_id})
        AS parent_collection_name,
    {collections.help_center_id} AS help_center_id,
    (SELECT {help_centers.display_name} FROM help_centers WHERE help_centers.id = {collections.help_center_id})
        AS help_center_name,
    length({articles.body_text}) AS characters
FROM articles
LEFT JOIN collections ON collections.id = COALESCE(NULLIF({articles.parent_id}, '0'), {first articles.parent_ids})
    AND collections._deleted_at IS NULL
WHERE articles._deleted_at IS NULL
