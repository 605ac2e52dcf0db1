//! The catalog: every operation, stream and topic, parsed once from the embedded tables.

use std::{collections::HashMap, sync::LazyLock};

use crate::{
    Answer, CatalogError, Method, Operation, Stream, Topic, TopicAlias, Version,
    answer::Answers,
    load::{Loaded, Sources, answers, load},
    route::Routes,
};

/// Every operation, stream and topic that the embedded tables describe.
#[derive(Debug)]
pub struct Catalog {
    operations: Vec<Operation>,
    streams: Vec<Stream>,
    topics: Vec<Topic>,
    topic_aliases: Vec<TopicAlias>,
    by_id: HashMap<&'static str, usize>,
    routes: Routes,
}

/// An operation found by method and path, with the values that stood in the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMatch<'c, 'p> {
    /// The operation.
    pub operation: &'c Operation,
    /// `(parameter name, value as sent)`, in order of the path.
    pub parameters: Vec<(&'static str, &'p str)>,
}

static EMBEDDED: LazyLock<Catalog> = LazyLock::new(|| {
    Catalog::parse(&Sources::EMBEDDED).expect("a test reads the embedded tables and finds them whole")
});

/// Read when the first answer is asked for: most programs never do.
static ANSWERS: LazyLock<Answers> = LazyLock::new(|| {
    answers::load(&answers::Sources::EMBEDDED).expect("a test reads the embedded tables and finds them whole")
});

impl Catalog {
    /// The catalog that ships with the program.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    pub(crate) fn parse(sources: &Sources) -> Result<Self, CatalogError> {
        Ok(Self::new(load(sources)?))
    }

    fn new(loaded: Loaded) -> Self {
        let Loaded {
            operations,
            streams,
            topics,
            topic_aliases,
        } = loaded;
        let by_id = operations
            .iter()
            .enumerate()
            .map(|(index, operation)| (operation.id, index))
            .collect();
        Self {
            routes: Routes::new(&operations),
            operations,
            streams,
            topics,
            topic_aliases,
            by_id,
        }
    }

    /// Every operation, in order of id.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.by_id.get(id).map(|index| &self.operations[*index])
    }

    /// The operations that `version` has, in order of id.
    pub fn operations_in(&self, version: Version) -> impl Iterator<Item = &Operation> {
        self.operations
            .iter()
            .filter(move |operation| operation.exists_in(version))
    }

    /// The operation that a request line names, whatever the version; literal segments win over parameters.
    ///
    /// The path comes without its query; one slash at its end is ignored, and percent-encoding is left as it is.
    #[must_use]
    pub fn match_path<'c, 'p>(&'c self, method: Method, path: &'p str) -> Option<PathMatch<'c, 'p>> {
        let (index, parameters) = self.routes.find(method, path)?;
        Some(PathMatch {
            operation: &self.operations[index],
            parameters,
        })
    }

    /// What `operation` answers at `version` when it succeeds, one entry a status; nothing where the version lacks it.
    #[must_use]
    pub fn answers(&self, operation: &Operation, version: Version) -> Vec<Answer<'static>> {
        ANSWERS.of(operation, version)
    }

    /// Every stream, parents before what hangs on them.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The stream with this name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    /// Every topic, family by family.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// The names that stand for several topics.
    #[must_use]
    pub fn topic_aliases(&self) -> &[TopicAlias] {
        &self.topic_aliases
    }
}
